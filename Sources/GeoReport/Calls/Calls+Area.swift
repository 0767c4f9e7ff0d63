import Reports

extension Calls {
    /// The circle of `lat`, `long` and `radius` in metres (GR-15.1).
    static func circle(
        _ parameters: Parameters, radius usual: Double = 1000, upTo most: Double = 50_000,
        _ problems: inout Problems
    ) -> Circle? {
        let center = point(parameters, &problems)
        let text = problems.collect { () throws(Fault) in try parameters.value("radius") }
        guard let text else { return center.map { Circle(center: $0, radius: usual) } }
        guard let radius = metres(text), radius > 0, radius <= most else {
            problems.add("radius is not a number of metres from 1 to \(Int(most))")
            return nil
        }
        if center == nil, parameters.values("lat", "long", "lon", "lng").isEmpty {
            problems.add("lat and long were not provided (required with radius)")
        }
        return center.map { Circle(center: $0, radius: radius) }
    }

    /// The box of `bbox`: west, south, east, north (GR-15.1).
    static func box(_ parameters: Parameters, _ problems: inout Problems) -> Box? {
        guard let text = problems.collect({ () throws(Fault) in try parameters.value("bbox") })
        else { return nil }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { part in DecimalDegrees.parse(String(part.filter { !$0.isWhitespace })) }
        guard numbers.count == 4, let west = numbers[0], let south = numbers[1],
            let east = numbers[2], let north = numbers[3],
            let southWest = Coordinate(latitude: south, longitude: west),
            let northEast = Coordinate(latitude: north, longitude: east),
            let box = Box(southWest: southWest, northEast: northEast)
        else {
            problems.add("bbox is not minLong,minLat,maxLong,maxLat")
            return nil
        }
        return box
    }

    private static func metres(_ text: String) -> Double? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ wholeNumber(String($0)) }) else { return nil }
        guard parts.count == 2 else { return Double(whole) }
        return wholeNumber(String(parts[1])) == nil ? nil : Double(text)
    }
}
