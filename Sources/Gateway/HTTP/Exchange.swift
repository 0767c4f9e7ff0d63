import GeoReport
import NIOCore

/// One turn of a connection: what is to be answered, in the order in which it came.
struct Exchange: Sendable {
    let content: Content
    /// Whether the connection closes behind the answer.
    let end: End
    /// HTTP/1.0 must be told that the connection stays.
    let isOldVersion: Bool

    enum Content: Sendable {
        case request(EdgeRequest)
        case refusal(Refusal)
    }

    /// Bytes of the request's body.
    var bodyLength: Int {
        if case .request(let request) = content { request.body.count } else { 0 }
    }

    enum End: Sendable {
        case none
        /// After a whole message: nothing unread can spoil the answer.
        case close
        /// In the middle of a message: what still comes is read and thrown away for a moment,
        /// because a reset would take the answer from the client.
        case linger
    }
}

extension EdgeResponse {
    /// The exchange as this answer ends it: without chunks, only the connection's end tells the
    /// body's.
    func ending(_ exchange: Exchange) -> Exchange {
        guard case .pieces = body, exchange.isOldVersion, exchange.end == .none else {
            return exchange
        }
        return Exchange(content: exchange.content, end: .close, isOldVersion: true)
    }
}

/// A request that the edge does not let in.
package struct Refusal: Sendable {
    package let fault: Fault
    package let format: Format

    /// Errors of an address that ends in `.json` are JSON, all others XML (GR-A47).
    init(_ fault: Fault, target: String? = nil) {
        self.fault = fault
        let path = target?.prefix { $0 != "?" } ?? ""
        format = path.hasSuffix(".json") ? .json : .xml
    }
}

/// What stands behind a listener.
package struct Site: Sendable {
    package let limits: Edge.Limits
    package let proxies: TrustedProxies
    package let caps: Caps
    package let respond: @Sendable (EdgeRequest) async -> EdgeResponse
    package let refuse: @Sendable (Refusal) -> EdgeResponse
    /// Told of each connection that is closed at once.
    package let turnedAway: @Sendable () -> Void

    package init(
        limits: Edge.Limits = Edge.Limits(), proxies: TrustedProxies = TrustedProxies(),
        caps: Caps = Caps(),
        respond: @escaping @Sendable (EdgeRequest) async -> EdgeResponse,
        refuse: @escaping @Sendable (Refusal) -> EdgeResponse,
        turnedAway: @escaping @Sendable () -> Void = {}
    ) {
        self.limits = limits
        self.proxies = proxies
        self.caps = caps
        self.respond = respond
        self.refuse = refuse
        self.turnedAway = turnedAway
    }
}

/// How long a connection may take (reliability 2.2).
package struct Patience: Sendable {
    /// From the first byte of a head to its last.
    package var head: Duration = .seconds(10)
    /// Before the first request of a connection.
    package var first: Duration = .seconds(10)
    /// Between two requests.
    package var idle: Duration = .seconds(30)
    /// For a reader that does not read.
    package var stall: Duration = .seconds(30)
    /// For all of a file to be read.
    package var file: Duration = .seconds(180)
    /// From the wish to stop to the end of all that is still going on.
    package var drain: Duration = .seconds(10)
    package var linger: Duration = .seconds(2)
    /// For a body, however long it may be by its length.
    package var bodyAtMost: Duration = .seconds(180)

    package init() {}
}
