import NIOCore

/// The exchanges of one connection that wait to be answered, in the order in which they came.
///
/// As a stream between its handler and its task, but without locks: only the connection's event loop
/// touches it. A class, because both of them hold it.
final class Turns {
    private var waiting = CircularBuffer<Exchange>()
    private var taker: UnsafeContinuation<Exchange?, Never>?
    private var isFinished = false

    func append(_ exchange: Exchange) {
        guard let taker = taker.take() else { return waiting.append(exchange) }
        taker.resume(returning: exchange)
    }

    /// Nothing comes behind those that wait.
    func finish() {
        isFinished = true
        taker.take()?.resume(returning: nil)
    }

    /// The next exchange, when it comes; `nil` when there will be no more. One task asks for them.
    func next() async -> Exchange? {
        if let exchange = waiting.popFirst() { return exchange }
        guard !isFinished else { return nil }
        return await withUnsafeContinuation { taker = $0 }
    }
}
