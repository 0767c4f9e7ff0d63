import Federation
import Foundation
import Synchronization

/// A wire to a peer, on which answers are spoilt: a class, because it counts the calls.
final class SpoiltLine: Sendable {
    typealias Spoil = @Sendable (Wire.Call, Wire.Reply) -> Result<Wire.Reply, PeerError>

    private let calls = Mutex<[Wire.Call]>([])
    private let peer: @Sendable (Wire.Call) -> Wire.Reply
    private let spoil: Spoil

    init(
        _ peer: @escaping @Sendable (Wire.Call) -> Wire.Reply,
        spoil: @escaping Spoil = { _, reply in .success(reply) }
    ) {
        self.peer = peer
        self.spoil = spoil
    }

    var sent: [Wire.Call] { calls.withLock { $0 } }
    /// The calls that could have changed something.
    var changing: [Wire.Call] { sent.filter(AdapterConformance.changes) }

    func wire(at now: Date) -> Wire {
        Wire(now: { now }) { call async throws(PeerError) in
            self.calls.withLock { $0.append(call) }
            return try self.spoil(call, self.peer(call)).get()
        }
    }
}
