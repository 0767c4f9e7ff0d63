/// Why a call gets no answer: what its client reads in the errors body (GR-10).
package struct Fault: Error, Sendable, Equatable {
    package let kind: Kind
    /// For the end user, one sentence a problem, each beginning with the parameter's name.
    package let problems: [String]

    package init(_ kind: Kind, _ problems: [String]) {
        self.kind = kind
        self.problems = problems
    }

    package init(_ kind: Kind, _ problem: String) {
        self.init(kind, [problem])
    }

    /// What the client can do about it.
    package enum Kind: Sendable, Equatable {
        case malformed
        /// A peer's signature is missing or wrong.
        case unsigned
        case forbidden
        case notFound
        /// The methods that the resource does have.
        case methodNotAllowed([String])
        case notAcceptable
        /// The first POST of this key is still being taken.
        case inFlight
        /// A peer's message id was used for another message.
        case messageReused
        case tooLarge
        case unsupportedMediaType
        /// The key was used for other content.
        case keyReused
        case tooMany(retryAfter: Duration)
        case failed
        case unavailable(retryAfter: Duration)
        /// HTTP itself was misused; its own status says how (408, 414, 417, 431, 501).
        case transport(status: Int)
    }

    /// The HTTP status; GeoReport's own are 400, 403 and 404 (GR-10).
    package var status: Int {
        switch kind {
        case .malformed: 400
        case .unsigned: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .inFlight, .messageReused: 409
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .keyReused: 422
        case .tooMany: 429
        case .failed: 500
        case .unavailable: 503
        case .transport(let status): status
        }
    }
}
