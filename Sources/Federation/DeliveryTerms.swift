/// What decides about the tries of a delivery: of the peer's nature, and of its settings.
package struct DeliveryTerms: Sendable, Equatable {
    package var resend: AdapterTraits.Resend
    package var unanswered: Peer.Unanswered
    package var retry: Peer.Retry

    package init(
        resend: AdapterTraits.Resend, unanswered: Peer.Unanswered, retry: Peer.Retry = Peer.Retry()
    ) {
        self.resend = resend
        self.unanswered = unanswered
        self.retry = retry
    }
}
