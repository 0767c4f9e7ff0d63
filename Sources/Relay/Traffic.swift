import Federation
import FoundationEssentials
import Synchronization

/// What is under way to one peer, and what wakes whoever claims more for it: a class, because its
/// deliveries, the heartbeat and the look at the outbox share it.
final class Traffic: Sendable {
    let line: PeerLine
    /// Each call is a reason to claim; those that come while one waits are one.
    let calls: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    private struct State {
        var holds: [ObjectIdentifier: Hold] = [:]
        var accepted: Date?
        var isClosed = false
    }

    init(_ line: PeerLine) {
        self.line = line
        (calls, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many of the peer's places one relay takes at most, whatever the peer allows to all: one
    /// that dies or stands still keeps no more from the others.
    private static let breadth = 32

    private var breadth: Int { min(line.peer.pace.concurrency, Self.breadth) }

    /// How many more may be claimed.
    var room: Int {
        state.withLock { state in
            state.isClosed ? 0 : max(0, breadth - state.holds.count)
        }
    }

    var holds: [Hold] { state.withLock { Array($0.holds.values) } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func wake() { bell.yield() }

    /// Claims nothing more; what is under way goes on.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.finish()
    }

    func begin(_ hold: Hold) {
        state.withLock { $0.holds[ObjectIdentifier(hold)] = hold }
    }

    /// Ends a delivery: there is room for another, and perhaps one of the same report.
    ///
    /// A claim costs almost as much for one as for many, so that a quarter of the places is worth one;
    /// of less the next look at the outbox makes use.
    func end(_ hold: Hold) {
        let isWorthAClaim = state.withLock { state in
            state.holds[ObjectIdentifier(hold)] = nil
            return (breadth - state.holds.count) * 4 >= breadth
        }
        if isWorthAClaim { wake() }
    }

    /// Notes that the peer has taken something.
    func noteAccepted(at time: Date) {
        state.withLock { $0.accepted = max($0.accepted ?? time, time) }
    }

    /// Whether the peer has taken something since, as far as we know.
    func hasAccepted(since time: Date) -> Bool {
        state.withLock { state in state.accepted.map { $0 >= time } ?? false }
    }
}
