import Federation
import Synchronization

/// What the last exchange of a try was, for operators: a class, because the wire writes what the try
/// reads afterwards.
final class ExchangeNotes: Sendable {
    private struct Exchange {
        let call: String
        var reply: Wire.Reply?
    }

    private let last = Mutex<Exchange?>(nil)

    /// How the peer answered last; `nil` if it did not.
    var status: Int? { last.withLock { $0?.reply?.status } }

    /// The last exchange in one text; nothing is redacted yet.
    var text: String? {
        guard let exchange = last.withLock({ $0 }) else { return nil }
        guard let reply = exchange.reply else { return "\(exchange.call): no answer" }
        let type = reply.header("Content-Type").map { " \($0)" } ?? ""
        let body = String(decoding: reply.body.prefix(16_384), as: UTF8.self)
        return "\(exchange.call): \(reply.status)\(type), \(reply.body.count) bytes: \(body)"
    }

    /// The same wire, on which each exchange is noted, and on which nothing goes once a check fails.
    func noting(
        _ wire: Wire, unless objection: @escaping @Sendable () -> PeerError?
    ) -> Wire {
        wire.exchanging { call, wire async throws(PeerError) in
            if let objection = objection() { throw objection }
            self.last.withLock { $0 = Exchange(call: call.shown) }
            let reply = try await wire.send(call)
            self.last.withLock { $0?.reply = reply }
            return reply
        }
    }
}

extension Wire.Call {
    /// The call as people may see it: what stands behind a `?` may be a key.
    fileprivate var shown: String { "\(method) \(address.prefix { $0 != "?" })" }
}
