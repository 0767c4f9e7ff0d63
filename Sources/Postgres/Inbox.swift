import CLibPQ
import Glibc
import Synchronization

/// Where tasks and the connector leave messages for the reactor's thread: one lock, and one write to
/// wake the thread only if it sleeps.
final class Inbox: Sendable {
    /// What the reactor may be told.
    enum Message: Sendable {
        /// A statement for whichever shared connection is free.
        case query(Command)
        /// A key to be looked up together with others.
        case find(String, LookUp, Duration?, Gathering.Waiter)
        /// The next command of a session, which gets a connection with its first.
        case session(Session, Command)
        /// A session has ended.
        case release(Session, Session.Ending)
        case connected(OpenedConnection)
        case listen(Listener)
        case unlisten(Listener.ID)
        /// Answer what waits, close everything, end.
        case stop
    }

    private struct State {
        var messages: [Message] = []
        var isAsleep = false
        var isClosed = false
    }

    /// The `eventfd` that becomes readable when a sleeping reactor has mail.
    let alarm: Int32
    private let state = Mutex(State())

    init() {
        alarm = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(alarm >= 0, "the system refused a file descriptor")
    }

    deinit {
        Glibc.close(alarm)
    }

    /// Leaves a message; after the reactor's end it is answered here, with `unavailable`.
    func post(_ message: Message) {
        let (isClosed, mustWake) = state.withLock { state in
            if state.isClosed { return (true, false) }
            state.messages.append(message)
            defer { state.isAsleep = false }
            return (false, state.isAsleep)
        }
        if mustWake { eventfd_write(alarm, 1) }
        if isClosed { Inbox.refuse(message) }
    }

    /// Takes no more messages and answers those that nobody has read.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.messages = [] }
            return state.messages
        }
        left.forEach(Inbox.refuse)
    }

    private static func refuse(_ message: Message) {
        switch message {
        case .query(let command), .session(_, let command): command.finish(.failure(.unavailable))
        case .find(_, _, _, let waiter): waiter(.failure(.unavailable))
        case .connected(let opened): PQfinish(opened.pointer)
        case .listen(let listener): listener.continuation.finish()
        case .release, .unlisten, .stop: break
        }
    }

    /// Swaps what has arrived for the emptied `messages`. With nothing there the reader counts as
    /// asleep: the next message will ring.
    func exchange(_ messages: inout [Message]) {
        messages.removeAll(keepingCapacity: true)
        state.withLock { state in
            swap(&state.messages, &messages)
            state.isAsleep = messages.isEmpty
        }
    }

    /// Takes note that the reader is awake, whatever woke it.
    func awake() {
        state.withLock { $0.isAsleep = false }
    }

    /// Empties the alarm after it has rung.
    func silence() {
        var count: eventfd_t = 0
        eventfd_read(alarm, &count)
    }
}
