/// Somebody who waits for the notifications of a channel.
struct Listener: Sendable {
    typealias ID = UInt64

    let id: ID
    let channel: String
    let continuation: AsyncStream<String>.Continuation
}
