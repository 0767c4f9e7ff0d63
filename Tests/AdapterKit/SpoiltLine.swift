import Federation
import Foundation
import Synchronization

/// A wire to a peer, on which answers are spoilt: a class, because it counts the calls.
final class SpoiltLine: Sendable {
    typealias Spoil = @Sendable (Wire.Call, Wire.Reply) -> Result<Wire.Reply, PeerError>

    private let calls = Mutex<[Wire.Call]>([])
    private let peer: @Sendable (Wire.Call) -> Wire.Reply
    private let changes: @Sendable (Wire.Call) -> Bool
    private let spoil: Spoil

    init(
        _ peer: @escaping @Sendable (Wire.Call) -> Wire.Reply,
        changes: @escaping @Sendable (Wire.Call) -> Bool, spoil: @escaping Spoil
    ) {
        self.peer = peer
        self.changes = changes
        self.spoil = spoil
    }

    var sent: [Wire.Call] { calls.withLock { $0 } }
    /// The calls that could have changed something.
    var changing: [Wire.Call] { sent.filter(changes) }

    func wire(at now: Date) -> Wire {
        Wire(now: { now }) { call async throws(PeerError) in
            self.calls.withLock { $0.append(call) }
            return try self.spoil(call, self.peer(call)).get()
        }
    }
}
