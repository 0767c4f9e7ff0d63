/// Why a peer did not take something, told as what to do next.
package struct PeerError: Error, Sendable, Equatable {
    package let kind: Kind
    /// For people: what the peer said or did, without personal data or secrets.
    package let reason: String
    /// The peer's HTTP status, or what is like it.
    package let status: Int?

    package enum Kind: Sendable, Equatable {
        /// This message will never be taken; others may.
        case refused
        /// Nothing will be taken until an operator looks: our key is not accepted.
        case forbidden
        /// Try again, not before this has passed if the peer said so. The peer has taken nothing.
        case later(Duration?)
        /// The request may have arrived, and no answer came.
        case ambiguous
    }

    package init(_ kind: Kind, _ reason: String, status: Int? = nil) {
        self.kind = kind
        self.reason = reason
        self.status = status
    }
}
