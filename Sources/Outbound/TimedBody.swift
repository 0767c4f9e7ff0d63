import NIOCore

/// The body of a request, which does not begin once the time for the request is over.
///
/// A request may wait for a connection, and we may be stopped while it does. By the time that we go
/// on, whoever was waiting may have given it up, and somebody else may have sent it instead. Its head
/// may be out by then; without its body nobody acts on it.
struct TimedBody: AsyncSequence, Sendable {
    let bytes: [UInt8]
    let deadline: ContinuousClock.Instant

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: self) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var rest: TimedBody?

        mutating func next() async throws(OutboundError) -> ByteBuffer? {
            guard let body = rest else { return nil }
            guard ContinuousClock.now < body.deadline else { throw .timedOut }
            rest = nil
            return ByteBuffer(bytes: body.bytes)
        }
    }
}
