import CaseStore
import Federation
import FoundationEssentials

extension Collector {
    /// How many tokens are asked for in one turn.
    package static let mostTokens = 20

    /// How often a token is asked for: soon at first, then daily for ever.
    private static let tokenSchedule = RetrySchedule(
        pauses: [30, 60, 300, 900, 3600, 21_600, 86_400].map { .seconds($0) })

    /// Asks for the tickets that our tokens have become.
    func ask(_ turn: Turn) async throws(CaseStoreError) {
        for open in try await turn.tokens(Self.mostTokens, surroundings.now()) {
            guard !Task.isCancelled else { return }
            switch await ticket(of: open, in: turn) {
            case .success(let ticket?) where ticket.id != nil:
                try await turn.resolved(open, ticket, surroundings.now())
            case .success:
                try await turn.postpone(open, next(for: open))
            case .failure(let error):
                try await turn.postpone(open, next(for: open, after: error))
                // A peer that does not answer is not asked twenty times.
                return
            }
        }
    }

    private func ticket(
        of open: DueToken, in turn: Turn
    ) async -> Result<Ticket?, PeerError> {
        do throws(PeerError) {
            return .success(try await surroundings.resolve(turn.peer, open.token))
        } catch {
            return .failure(error)
        }
    }

    private func next(for open: DueToken, after error: PeerError? = nil) -> Date {
        var asked: Duration?
        if case .later(let pause) = error?.kind { asked = pause }
        let pause = Self.tokenSchedule.endlessPause(
            afterAttempts: open.attempts + 1, chance: surroundings.chance(), asked: asked)
        return surroundings.now().addingTimeInterval(pause / .seconds(1))
    }
}
