import CaseStore
import Logging

/// Works through what is due, so many pieces at a time, until it is cancelled.
///
/// A piece that takes long holds up no other: whenever one is done, the next is claimed.
struct WorkLoop<Piece: Sendable>: Sendable {
    /// How many pieces are in work at a time.
    let breadth: Int
    /// What is logged when nothing can be claimed.
    let complaint: Logger.Message
    let logger: Logger
    /// Waits until it is worth to look again, or until it is cancelled.
    let pause: @Sendable () async -> Void
    /// Claims at most so many pieces.
    let claim: @Sendable (Int) async throws(CaseStoreError) -> [Piece]
    let work: @Sendable (Piece) async -> Void

    private enum End {
        case piece, pause
    }

    func run() async {
        await withTaskGroup(of: End.self) { group in
            var running = 0
            group.addTask { await self.paused() }
            while !Task.isCancelled {
                for piece in await claimed(breadth - running) {
                    running += 1
                    group.addTask {
                        await work(piece)
                        return .piece
                    }
                }
                repeat {
                    switch await group.next() {
                    case .piece: running -= 1
                    case .pause, nil: group.addTask { await self.paused() }
                    }
                } while running >= breadth
            }
            group.cancelAll()
        }
    }

    private func claimed(_ limit: Int) async -> [Piece] {
        do {
            return try await claim(limit)
        } catch {
            logger.warning(complaint, metadata: ["reason": .string("\(error)")])
            return []
        }
    }

    private func paused() async -> End {
        await pause()
        return .pause
    }
}
