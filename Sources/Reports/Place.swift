/// A point on Earth, in WGS 84 degrees.
package struct Coordinate: Sendable, Equatable, Hashable {
    package let latitude: Double
    package let longitude: Double

    /// A point, or `nil` if the numbers name none (not finite, or out of range).
    package init?(latitude: Double, longitude: Double) {
        guard abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
        self.latitude = latitude
        self.longitude = longitude
    }
}

/// Where a report is: at least one of a coordinate, an address or an address id (GR-6.1).
///
/// If there are several, the coordinate is authoritative.
package struct Place: Sendable, Equatable {
    package let coordinate: Coordinate?
    package let address: String?
    package let addressID: String?

    /// A place, or `nil` if nothing says where it is.
    package init?(coordinate: Coordinate?, address: String?, addressID: String?) {
        guard coordinate != nil || address != nil || addressID != nil else { return nil }
        self.coordinate = coordinate
        self.address = address
        self.addressID = addressID
    }
}

/// All points within a distance of a point.
package struct Circle: Sendable, Equatable {
    package let center: Coordinate
    /// Metres.
    package let radius: Double

    package init(center: Coordinate, radius: Double) {
        self.center = center
        self.radius = radius
    }
}

/// All points between two meridians and two parallels; it does not cross the antimeridian.
package struct Box: Sendable, Equatable {
    package let southWest: Coordinate
    package let northEast: Coordinate

    /// A box, or `nil` if the corners are swapped.
    package init?(southWest: Coordinate, northEast: Coordinate) {
        guard southWest.latitude <= northEast.latitude,
            southWest.longitude <= northEast.longitude
        else { return nil }
        self.southWest = southWest
        self.northEast = northEast
    }
}
