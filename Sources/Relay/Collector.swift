import CaseStore
import Faults
import Federation
import FoundationEssentials
import Logging

/// Reads what the peers have to tell, each at its pace, and asks what has become of our tokens.
///
/// Any number of relays may do so at once: a peer is read by one at a time, whose lease is its turn.
/// What was read is kept before the cursor moves on, so whatever ends a reading, it is read again and
/// changes nothing the second time.
package struct Collector: Sendable {
    /// How many pages are read in one turn before the peer's other reading has its own.
    package static let most = 100
    /// After a failure a peer is read again soon, and at least every quarter of an hour.
    package static let standard = RetrySchedule(
        pauses: [5, 30, 60, 300, 900].map { .seconds($0) })

    let surroundings: Surroundings
    private let breadth: Int
    private let schedule: RetrySchedule
    let logger: Logger

    /// A collector that reads so many peers at a time: with all of them at once, one that is slow
    /// or hostile takes nobody's turn.
    package init(
        _ surroundings: Surroundings, breadth: Int, schedule: RetrySchedule = standard,
        logger: Logger
    ) {
        self.surroundings = surroundings
        self.breadth = max(breadth, 1)
        self.schedule = schedule
        self.logger = logger
    }

    /// Reads what is due until it is cancelled.
    package func run() async {
        let loop = WorkLoop(
            breadth: breadth, complaint: "peers are not read while the database is away",
            logger: logger,
            pause: surroundings.pause,
            claim: { limit async throws(CaseStoreError) in
                try await surroundings.due(limit, surroundings.now())
            },
            work: { await serve($0) })
        await loop.run()
    }

    /// Reads one peer, and keeps the turn meanwhile.
    private func serve(_ turn: Turn) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keep(turn) }
            await collect(turn)
            group.cancelAll()
        }
    }

    /// Keeps the turn until it is over or the reading is. Whoever has lost it learns so with the
    /// next page.
    private func keep(_ turn: Turn) async {
        while !Task.isCancelled {
            await surroundings.beat()
            guard !Task.isCancelled else { return }
            do throws(CaseStoreError) {
                guard try await turn.keep() else { return }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning(
                    "a peer's turn could not be kept",
                    metadata: ["peer": "\(turn.peer)", "reason": .string("\(error)")])
            }
        }
    }

    /// Reads one peer as far as it goes; what the database does not note is read again.
    private func collect(_ turn: Turn) async {
        do throws(CaseStoreError) {
            try await ask(turn)
            try await look(turn)
            switch await read(turn) {
            case .success: try await turn.release(surroundings.now())
            case .failure(.store(let error)):
                // We are stopping: whoever comes next reads on at once.
                guard Task.isCancelled else { throw error }
                try await turn.release(surroundings.now())
            case .failure(.peer(let error)): try await note(error, in: turn)
            }
        } catch {
            logger.warning(
                "a peer's reading broke off",
                metadata: ["peer": "\(turn.peer)", "reason": .string("\(error)")])
        }
    }

    private enum Failure: Error {
        case peer(PeerError)
        case store(CaseStoreError)
    }

    private func read(_ turn: Turn) async -> Result<Void, Failure> {
        var cursor = turn.cursor
        for _ in 0..<Self.most where turn.reads && !Task.isCancelled {
            let page: Page
            do throws(PeerError) {
                page = try await surroundings.collect(turn.peer, cursor)
                KillPoint.pageFetched.pass()
                guard page.isLast || page.next != cursor else {
                    throw PeerError(.later(nil), "its reading does not get on")
                }
            } catch {
                return .failure(.peer(error))
            }
            do throws(CaseStoreError) {
                guard let reception = try await turn.receive(page, surroundings.now()) else {
                    // Somebody else reads it now, and knows what we kept of it.
                    return .success(())
                }
                tell(of: reception, unreadable: page.unreadable, from: turn.peer)
            } catch {
                return .failure(.store(error))
            }
            if page.isLast { break }
            cursor = page.next
        }
        return .success(())
    }

    func tell(of reception: Reception, unreadable: [String], from peer: Peer.Name) {
        guard !unreadable.isEmpty || reception.quarantined > 0 else { return }
        logger.warning(
            "some of what a peer told could not be taken",
            metadata: [
                "peer": "\(peer)", "unreadable": "\(unreadable.count)",
                "reason": .string(unreadable.first ?? ""),
                "quarantined": "\(reception.quarantined)",
            ])
    }

    private func note(_ error: PeerError, in turn: Turn) async throws(CaseStoreError) {
        // We are stopping, and that is nobody's fault.
        guard !Task.isCancelled else { return try await turn.release(surroundings.now()) }
        logger.warning(
            "a peer could not be read",
            metadata: ["peer": "\(turn.peer)", "reason": .string(error.reason)])
        let now = surroundings.now()
        let pause = pause(after: error, failures: turn.failures + 1)
        try await turn.fail(error.reason, now.addingTimeInterval(pause / .seconds(1)))
    }

    private func pause(after error: PeerError, failures: Int) -> Duration {
        switch error.kind {
        case .later(let asked):
            schedule.endlessPause(
                afterAttempts: failures, chance: surroundings.chance(), asked: asked)
        case .ambiguous:
            schedule.endlessPause(afterAttempts: failures, chance: surroundings.chance())
        case .forbidden, .refused:
            // Until somebody mends it nothing changes; often it is a key that was forgotten.
            schedule.endlessPause(afterAttempts: .max, chance: surroundings.chance())
        }
    }
}
