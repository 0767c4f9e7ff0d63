import CaseStore
import Synchronization

/// A delivery that is in our hands, and until when: a class, because the heartbeat prolongs what a
/// try looks at.
final class Hold: Sendable {
    let turn: DeliveryTurn
    private let until: Mutex<ContinuousClock.Instant?>

    init(_ turn: DeliveryTurn, until: ContinuousClock.Instant) {
        self.turn = turn
        self.until = Mutex(until)
    }

    /// Whether nobody else can have it at an instant.
    func isOurs(at instant: ContinuousClock.Instant) -> Bool {
        until.withLock { $0.map { instant < $0 } ?? false }
    }

    func prolong(until later: ContinuousClock.Instant) {
        until.withLock { if $0 != nil { $0 = later } }
    }

    /// Somebody else has it: nothing more is sent.
    func lose() { until.withLock { $0 = nil } }
}
