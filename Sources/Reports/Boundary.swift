/// The area of a jurisdiction: polygons with holes, in the order and meaning of GeoJSON (RFC 7946).
package struct Boundary: Sendable, Equatable {
    /// A closed line of at least four points, the last equal to the first.
    package typealias Ring = [Coordinate]

    /// Each polygon is its outer ring, then its holes.
    package let polygons: [[Ring]]

    /// A boundary, or `nil` if a polygon has no ring or a ring is not closed.
    package init?(polygons: [[Ring]]) {
        guard !polygons.isEmpty,
            polygons.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isClosed) })
        else { return nil }
        self.polygons = polygons
    }

    /// Whether the point lies inside a polygon and in none of its holes.
    package func contains(_ point: Coordinate) -> Bool {
        polygons.contains { rings in
            Self.encloses(rings[0], point)
                && !rings.dropFirst().contains { Self.encloses($0, point) }
        }
    }

    private static func isClosed(_ ring: Ring) -> Bool {
        ring.count >= 4 && ring.first == ring.last
    }

    /// Even-odd rule: a ray to the east crosses the ring an odd number of times.
    private static func encloses(_ ring: Ring, _ point: Coordinate) -> Bool {
        var isInside = false
        for (a, b) in zip(ring, ring.dropFirst())
        where (a.latitude > point.latitude) != (b.latitude > point.latitude) {
            let share = (point.latitude - a.latitude) / (b.latitude - a.latitude)
            let crossing = a.longitude + share * (b.longitude - a.longitude)
            if point.longitude < crossing { isInside.toggle() }
        }
        return isInside
    }
}
