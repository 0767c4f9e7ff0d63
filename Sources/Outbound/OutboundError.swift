/// Why an outgoing request has no answer, told as what to do next.
package enum OutboundError: Error, Equatable {
    /// Nobody is let go there; asking again changes nothing.
    case refused(Refusal)
    /// No byte of the request went out: try again later.
    case unreachable(Obstacle)
    /// The answer took longer than we wait: try again later. Only of a GET.
    case timedOut
    /// The answer is longer than we take; asking again changes nothing.
    case tooLarge
    /// The answer is compressed though we asked for none of that; it was not unpacked.
    case encoded
    /// Something of the request may have gone out, and what became of it is unknown.
    case ambiguous
    /// The server answered, and not with what was asked for.
    case status(Int, retryAfter: RetryAfter?)

    /// What stood in the way of a connection.
    package enum Obstacle: String, Sendable {
        /// The name means no machine, or whoever should know did not say in time.
        case name
        /// The machine takes no connection.
        case connection
        /// The machine does not prove to be the one that was asked for.
        case certificate
        /// We are stopping.
        case closed
    }
}

/// Why the guard lets nobody go to an address.
package enum Refusal: String, Error, Sendable, CaseIterable {
    /// The text is no address, or one that two programs could read in two ways.
    case malformed
    /// The text is longer than 2048 bytes.
    case tooLong
    /// Neither `http` nor `https`.
    case scheme
    /// A name and password are part of the address.
    case userinfo
    /// A name that only a private network knows, or no name at all.
    case host
    /// A port that is not among the allowed ones.
    case port
    /// Ourselves.
    case own
    /// A machine that the public does not reach.
    case network
    /// More redirects than we follow.
    case redirects
    /// A redirect to an address that redirected already.
    case loop
    /// A redirect from `https` to `http`.
    case downgrade
}

extension OutboundError: CustomStringConvertible {
    /// What happened, for an operator, to stand behind the address.
    package var description: String {
        switch self {
        case .refused(let refusal): "may not be called (\(refusal.rawValue))"
        case .unreachable(.name): "is a name that nobody knows"
        case .unreachable(.connection): "takes no connection"
        case .unreachable(.certificate): "does not prove to be what its name says"
        case .unreachable(.closed): "was not called, because we are stopping"
        case .timedOut: "does not answer in time"
        case .tooLarge: "answers with more than is allowed"
        case .encoded: "answers compressed, though we asked for no compression"
        case .ambiguous: "broke off"
        case .status(let status, _): "answers \(status)"
        }
    }
}
