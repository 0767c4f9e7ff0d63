import FoundationEssentials
import Reports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The smallest range of latitudes and longitudes that holds a circle on the sphere.
struct CircleBounds {
    /// Metres; the mean radius of the Earth (IUGG).
    static let earthRadius = 6_371_008.8

    let south: Double
    let north: Double
    let west: Double
    let east: Double

    /// Where the circle holds a pole or crosses the antimeridian, all longitudes are in range.
    init(_ circle: Circle) {
        let angle = max(0, circle.radius) / Self.earthRadius
        let center = circle.center
        let latitude = center.latitude * .pi / 180
        south = center.latitude - angle * 180 / .pi
        north = center.latitude + angle * 180 / .pi
        let ratio = sin(min(angle, .pi / 2)) / cos(latitude)
        guard south > -90, north < 90, ratio < 1 else {
            (west, east) = (-180, 180)
            return
        }
        let reach = asin(ratio) * 180 / .pi
        guard center.longitude - reach >= -180, center.longitude + reach <= 180 else {
            (west, east) = (-180, 180)
            return
        }
        (west, east) = (center.longitude - reach, center.longitude + reach)
    }
}
