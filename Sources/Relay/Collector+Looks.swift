import CaseStore
import Federation
import FoundationEssentials

extension Collector {
    /// How often a peer is asked in one turn how tickets stand.
    package static let mostLooks = 10

    /// Looks how tickets stand at a peer that does not tell by itself.
    func look(_ turn: Turn) async throws(CaseStoreError) {
        guard turn.looks > 0 else { return }
        for _ in 0..<Self.mostLooks where !Task.isCancelled {
            let tickets = try await turn.tickets(turn.looks, surroundings.now())
            guard !tickets.isEmpty, let items = await items(of: tickets, in: turn) else { return }
            let reception = try await turn.seen(items, surroundings.now())
            tell(of: reception, unreadable: [], from: turn.peer)
        }
    }

    /// `nil` if the peer does not answer: the tickets are looked at again when their time comes.
    private func items(of tickets: [String], in turn: Turn) async -> [Incoming]? {
        do throws(PeerError) {
            return try await surroundings.look(turn.peer, tickets)
        } catch {
            logger.warning(
                "a peer's tickets could not be looked at",
                metadata: ["peer": "\(turn.peer)", "reason": .string(error.reason)])
            return nil
        }
    }
}
