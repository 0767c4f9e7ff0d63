import CLibPQ
import Dispatch
import Synchronization

/// Opens connections on a thread of its own, one after the other.
///
/// libpq may wait for a name server while it connects; the thread that serves the open connections
/// must not. One at a time also spares a server that has just come back from a storm (reliability B8).
final class Connector: Sendable {
    private let conninfo: Conninfo?
    private let inbox: Inbox
    private let status: PoolStatus
    private let wanted = DispatchSemaphore(value: 0)
    private let stopping = DispatchSemaphore(value: 0)
    private let isStopped = Mutex(false)

    init(_ conninfo: Conninfo?, inbox: Inbox, status: PoolStatus) {
        self.conninfo = conninfo
        self.inbox = inbox
        self.status = status
    }

    /// Asks for one more connection; it arrives in the inbox, however long that takes.
    func connect() {
        wanted.signal()
    }

    /// Opens nothing more; a connection that is being opened is closed again.
    func stop() {
        isStopped.withLock { $0 = true }
        stopping.signal()
        wanted.signal()
    }

    /// The thread's work, until it is stopped.
    func run() {
        while true {
            wanted.wait()
            var pause = Pause()
            tries: while !isStopped.withLock(\.self) {
                switch conninfo?.connect() {
                case .success(let opened)?:
                    status.setTrouble(nil)
                    inbox.post(.connected(opened))
                    break tries
                case .failure(let trouble)?:
                    status.setTrouble(trouble.description)
                case nil:
                    status.setTrouble("the address is neither a URL nor a list of key=value")
                }
                guard stopping.wait(timeout: .now() + pause.next()) == .timedOut else { return }
            }
            if isStopped.withLock(\.self) { return }
        }
    }
}

/// A connection on its way from the connector's thread to the reactor's, owned by its holder.
///
/// `@unchecked Sendable` is true because the connector forgets it when it posts it.
struct OpenedConnection: @unchecked Sendable {
    let pointer: OpaquePointer
}

/// How long to wait before the next try: from 50 ms doubling to one second, less up to a quarter by
/// chance, so that many programs do not knock together.
private struct Pause {
    private var milliseconds = 50

    mutating func next() -> DispatchTimeInterval {
        defer { milliseconds = min(2 * milliseconds, 1000) }
        return .milliseconds(Int.random(in: milliseconds * 3 / 4...milliseconds))
    }
}
