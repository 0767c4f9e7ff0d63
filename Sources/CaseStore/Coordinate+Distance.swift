import Reports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Coordinate {
    /// Metres along the great circle, on a sphere of the Earth's mean radius.
    func distance(to other: Coordinate) -> Double {
        func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
        let north = sin(radians(other.latitude - latitude) / 2)
        let east = sin(radians(other.longitude - longitude) / 2)
        let chord =
            north * north + cos(radians(latitude)) * cos(radians(other.latitude)) * east * east
        return 2 * CircleBounds.earthRadius * asin(min(1, chord.squareRoot()))
    }
}
