import FoundationEssentials
import Synchronization

/// Whether a pool can answer.
package enum PoolState: Sendable, Equatable {
    /// At least one connection is open.
    case ready
    /// No connection is open; new ones are tried all the time.
    case unavailable(since: Date)
}

/// The pool's state as its reactor sets it and anyone reads it.
final class PoolStatus: Sendable {
    private struct Outage {
        var since: Nanoseconds
        var date: Date
    }

    private let outage = Mutex<Outage?>(Outage(since: monotonicNow(), date: Date()))

    private let lastTrouble = Mutex<String?>(nil)

    /// Why the last connection was not opened.
    var trouble: String? { lastTrouble.withLock(\.self) }

    func setTrouble(_ trouble: String?) {
        lastTrouble.withLock { $0 = trouble }
    }

    var state: PoolState {
        outage.withLock(\.self).map { .unavailable(since: $0.date) } ?? .ready
    }

    var unavailableSince: Nanoseconds? { outage.withLock { $0?.since } }

    func setReady() {
        outage.withLock { $0 = nil }
    }

    /// Notes the beginning of an outage; one that has begun already goes on.
    func setUnavailable() {
        outage.withLock { outage in
            if outage == nil { outage = Outage(since: monotonicNow(), date: Date()) }
        }
    }
}
