import FoundationEssentials

/// What a server means by a time that it writes, or wants to read, without a zone (GR-2.6).
package struct ServerZone: Sendable, Equatable {
    private let zone: TimeZone

    /// Times without a zone are those of this one.
    package init(zone: TimeZone) {
        self.zone = zone
    }

    /// Our own rule: a time without a zone is in UTC.
    package static let utc = ServerZone(zone: .gmt)

    /// The time of a text in any form that a W3C date has, or `nil`.
    ///
    /// Of an hour that the zone has twice, in autumn, the first one is meant.
    package func time(_ text: String) -> Date? {
        if zone == .gmt { return DateTime.parse(text) }
        if let zoned = DateTime.parse(text, naive: .refused), text.utf8.count > 10 { return zoned }
        guard let wall = DateTime.parse(text) else { return nil }
        // The offset of a day before holds until the clock is changed: the first of two hours.
        for guess in [wall - 86_400, wall] {
            let time = wall - Double(zone.secondsFromGMT(for: guess))
            if time + Double(zone.secondsFromGMT(for: time)) == wall { return time }
        }
        return wall - Double(zone.secondsFromGMT(for: wall))
    }

    /// The time as the zone's own clocks show it, without a zone and in whole seconds.
    package func naiveText(_ time: Date) -> String {
        let wall = time + Double(zone.secondsFromGMT(for: time))
        return String(DateTime.text(wall).dropLast())
    }
}
