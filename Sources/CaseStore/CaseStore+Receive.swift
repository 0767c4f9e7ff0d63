import Federation
import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Takes in what stands on a page, then moves the turn's cursor behind it; `nil` if the turn is
    /// over, because somebody else has it: what was taken stays, and nobody misses anything.
    ///
    /// Each thing is a transaction of its own, so that a bad one harms no other, and is taken in
    /// once however often it comes; the cursor never stands behind what is not yet kept.
    /// `catalogue` is what we publish.
    package func receive(
        _ page: Page, from peer: Peer, by turn: ReadingTurn, in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> Reception? {
        let reception = try await receive(page.items, from: peer, in: catalogue, now: now)
        let isOurs =
            page.isLast
            ? try await finishReading(turn, at: page.next, of: peer, now: now)
            : try await moveOn(turn, to: page.next)
        return isOurs ? reception : nil
    }

    /// Takes in what a peer told when it was asked for something else than what is new.
    package func receive(
        _ told: [Incoming], from peer: Peer, in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> Reception {
        var reception = Reception()
        let items = told.map(InboxItem.init)
        let seen = try await seen(of: items, from: peer)
        for (index, item) in items.enumerated() {
            // Whoever is stopped leaves the rest of a long page to the next reading.
            guard !Task.isCancelled else { throw .unavailable }
            if seen[index] {
                reception.passed += 1
                continue
            }
            let arrival = try await receive(item, from: peer, in: catalogue, now: now)
            reception.count(arrival)
        }
        return reception
    }

    /// Takes one thing in; a failure that is its own fault is noted and is no failure.
    func receive(
        _ item: InboxItem, from peer: Peer, in catalogue: Catalogue,
        as occasion: Receiving.Occasion = .told, now: Date
    ) async throws(CaseStoreError) -> Arrival {
        guard let client = peer.name.reader else { return .ignored("the peer's name is too long") }
        let receiving = Receiving(
            item: item, peer: peer, client: client, catalogue: catalogue, settings: settings,
            keys: try settings.sealer.keys(), now: now, occasion: occasion)
        var failure = PostgresError.unavailable
        for _ in 0..<4 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    try await receiving.take(in: transaction)
                }
            } catch {
                failure = error
                switch error {
                case .conflict, .outcomeUnknown, .retry:
                    // A name that is in use, or somebody who was quicker: the next try sees it. If
                    // it was ours, it finds what it did.
                    continue
                case .refused, .undecodable: return try await bury(receiving, error)
                case .unavailable, .timeout, .locked: throw CaseStoreError(error)
                }
            }
        }
        guard case .conflict = failure else { throw CaseStoreError(failure) }
        return try await bury(receiving, failure)
    }

    /// Keeps what no rule of ours foresaw, for people, so that the reading goes on.
    private func bury(
        _ receiving: Receiving, _ error: PostgresError
    ) async throws(CaseStoreError) -> Arrival {
        let arrival = Arrival.quarantined("it could not be stored: \(error)")
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                try await receiving.note(arrival, held: nil, in: transaction)
            }
        }
        return arrival
    }

    /// Which of the items came before, word for word: most of what a reading with overlap shows.
    private func seen(
        of items: [InboxItem], from peer: Peer
    ) async throws(CaseStoreError) -> [Bool] {
        guard !items.isEmpty else { return [] }
        let rows = try await query(
            """
            SELECT coalesce(encode(coalesce(
                CASE WHEN given.kind = 'report' THEN (
                    SELECT seen_content FROM ticket
                    WHERE peer = \(peer.name.rawValue) AND remote_id = given.ticket
                ) END,
                (SELECT content FROM inbox WHERE peer = \(peer.name.rawValue)
                    AND inbox.kind = given.kind AND inbox.remote_id = given.id
                    AND (given.kind = 'update' OR NOT EXISTS (
                        SELECT FROM ticket
                        WHERE peer = \(peer.name.rawValue) AND remote_id = given.ticket)))
                ), 'hex') = given.content, false)
            FROM unnest(
                \(items.map(\.kind.rawValue)), \(items.map(\.remoteID)),
                \(items.map { $0.ticket.utf8.contains(0) ? "" : $0.ticket }),
                \(items.map(\.content.hexadecimal))
            ) WITH ORDINALITY AS given (kind, id, ticket, content, place)
            ORDER BY given.place
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var seen: [Bool] = []
            for row in rows {
                var cells = row.cells
                seen.append(try cells.next())
            }
            return seen
        }
    }
}

extension Reception {
    mutating func count(_ arrival: Arrival) {
        switch arrival {
        case .taken: taken += 1
        case .applied, .handedBack: applied += 1
        case .proposed: proposed += 1
        case .echo: echoes += 1
        case .known: known += 1
        case .contradicted: contradicted += 1
        case .quarantined: quarantined += 1
        case .ignored: ignored += 1
        case .passed: passed += 1
        }
    }
}
