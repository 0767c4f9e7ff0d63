import FoundationEssentials

/// A peer's clock beside ours, as the `Date` of its answers shows it.
package struct PeerClock: Sendable, Equatable {
    /// What the peer's clock showed when it answered; ours, if it does not tell.
    package let now: Date
    /// How far the peer's clock is ahead of ours; negative if it is behind.
    package let lead: TimeInterval

    /// Within this much two clocks are the same: a `Date` has whole seconds and travels a while.
    private static let tolerance: TimeInterval = 120

    /// The clock of a peer whose answer reached us at this time of ours.
    package init(_ reply: Wire.Reply, received: Date) {
        now = reply.header("Date").flatMap(Self.date) ?? received
        let lead = now.timeIntervalSince(received)
        self.lead = abs(lead) < Self.tolerance ? 0 : lead
    }

    /// A time of the peer's by our clock: without it a peer whose clock is a day behind would lose
    /// every dispute about what came last.
    package func ours(_ time: Date) -> Date {
        time.addingTimeInterval(-lead)
    }

    /// The one form in which HTTP writes a date today: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Date? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: words[2])
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        let text = "\(words[3])-\(number)-\(words[1])T\(words[4])Z"
        // The parser makes the next day of an hour 25.
        let date = try? Date(text, strategy: .iso8601)
        return date?.formatted(.iso8601) == text ? date : nil
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
