/// What an outgoing request may take (M2).
package struct FetchLimits: Sendable, Equatable {
    /// Until a name is known, and until a connection stands.
    package var connect: Duration
    /// From there until the head of the answer.
    package var firstByte: Duration
    /// For everything, redirects too.
    package var whole: Duration
    /// The bytes of the answer's body.
    package var bytes: Int
    package var redirects: Int

    package init(
        connect: Duration = .seconds(5), firstByte: Duration = .seconds(10),
        whole: Duration = .seconds(20), bytes: Int = 10 << 20, redirects: Int = 3
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.whole = whole
        self.bytes = bytes
        self.redirects = redirects
    }

    /// What a citizen's or a peer's picture may take.
    package static let picture = FetchLimits()
    /// What telling somebody of a change may take; the answer is of no interest.
    package static let notification = FetchLimits(
        firstByte: .seconds(10), whole: .seconds(15), bytes: 65_536, redirects: 0)
}
