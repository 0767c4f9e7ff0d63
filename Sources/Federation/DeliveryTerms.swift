/// What decides about the tries of a delivery: of the peer's nature, of its settings, and of ours.
package struct DeliveryTerms: Sendable, Equatable {
    package var resend: AdapterTraits.Resend
    package var unanswered: Peer.Unanswered
    package var schedule: RetrySchedule
    /// After so many tries it is for a person.
    package var mostAttempts: Int
    /// So long after the first try it is for a person.
    package var longest: Duration

    package init(
        resend: AdapterTraits.Resend, unanswered: Peer.Unanswered,
        schedule: RetrySchedule = .standard, mostAttempts: Int = 12,
        longest: Duration = .seconds(72 * 3600)
    ) {
        self.resend = resend
        self.unanswered = unanswered
        self.schedule = schedule
        self.mostAttempts = mostAttempts
        self.longest = longest
    }
}
