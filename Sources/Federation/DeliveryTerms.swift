/// What decides about the tries of a delivery: of the peer's nature, and of its settings.
package struct DeliveryTerms: Sendable, Equatable {
    package var resend: AdapterTraits.Resend
    /// How long a message that ended without an answer may take to show at the peer.
    package var settling: Duration
    package var unanswered: Peer.Unanswered
    package var retry: Peer.Retry

    package init(
        resend: AdapterTraits.Resend, settling: Duration = .zero, unanswered: Peer.Unanswered,
        retry: Peer.Retry = Peer.Retry()
    ) {
        self.resend = resend
        self.settling = settling
        self.unanswered = unanswered
        self.retry = retry
    }
}
