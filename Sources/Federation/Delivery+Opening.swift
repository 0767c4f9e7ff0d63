/// How a try begins.
package enum Opening: Sendable, Equatable {
    case send
    /// An earlier try may have arrived: look before sending.
    case look
    /// Nothing is sent; this becomes of the delivery.
    case stop(DeliveryStep)
}

extension Delivery {
    /// How the next try begins: never with a second sending that nobody has agreed to (D6).
    ///
    /// A try may have ended without an answer because the peer gave none, or because a relay died
    /// with the delivery in its hands.
    package func opening(_ terms: DeliveryTerms) -> Opening {
        switch (doubt, terms.resend, terms.unanswered) {
        case (.none, _, _), (_, .idempotent, _), (.flagged, .none, _): .send
        case (_, .lookup, _): .look
        case (.ambiguous, .none, .park):
            .stop(.parked("an earlier try ended without an answer", .ambiguous))
        // First it is noted that the peer may have it twice, then it is sent.
        case (.ambiguous, .none, .resend): .stop(.postponed(due, .flagged))
        }
    }
}
