/// A request to somebody else's server.
package struct OutboundRequest: Sendable {
    package let method: String
    package let address: String
    package let headers: [Header]
    package let body: [UInt8]

    package init(_ method: String, _ address: String, headers: [Header] = [], body: [UInt8] = []) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }

    /// One line of a head.
    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}

/// What a server answered, whatever its status.
package struct OutboundAnswer: Sendable {
    package let status: Int
    package let headers: [OutboundRequest.Header]
    /// The body, as far as it was taken.
    package let body: [UInt8]
    package let rest: Rest

    /// What is known of the body beyond what was taken.
    package enum Rest: Sendable, Equatable {
        /// There is nothing more.
        case none
        /// It is longer than the limit.
        case left
        /// The connection ended before the body did, or took too long.
        case lost
    }

    package init(
        status: Int, headers: [OutboundRequest.Header], body: [UInt8] = [], rest: Rest = .none
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.rest = rest
    }

    /// The first value of a header; names are alike whatever their case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// When the server asks to be called again.
    package var retryAfter: RetryAfter? {
        header("Retry-After").flatMap { RetryAfter($0) }
    }
}

/// A document that was fetched whole.
package struct Fetched: Sendable {
    /// Where it was found at last.
    package let address: String
    /// What its server says it is; nothing to rely on.
    package let contentType: String?
    package let body: [UInt8]

    package init(address: String, contentType: String?, body: [UInt8]) {
        self.address = address
        self.contentType = contentType
        self.body = body
    }
}
