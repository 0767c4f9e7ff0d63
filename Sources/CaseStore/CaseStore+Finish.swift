import Federation
import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Notes how a turn ended, and its try if there was one; `false` if the turn was over already:
    /// then nothing is noted and nothing has changed (D9).
    ///
    /// Whatever it throws, it may be called again: a turn ends once. A report that is refused goes
    /// on to who is next to handle it, or to triage; what waited behind it is dropped.
    package func finish(
        _ turn: DeliveryTurn, as step: DeliveryStep, attempt: Attempt?, now: Date
    ) async throws(CaseStoreError) -> Bool {
        // Without a key what the peer said is not kept; that it was tried is.
        let ending = Ending(
            turn: turn, step: step, attempt: attempt, keys: settings.sealer.held, now: now)
        switch step {
        case .refused(let reason) where turn.delivery.kind == .report,
            .dropped(let reason) where turn.delivery.kind == .report:
            return try await CaseStoreError.told { () async throws(PostgresError) in
                try await pool.transaction { transaction async throws(PostgresError) in
                    try await end(ending, reason, in: transaction)
                }
            }
        default:
            let echoes = echoes(of: turn)
            return try await !query(ending.statement(echoes: echoes)).isEmpty
        }
    }

    /// A report that the peer will not have: what comes behind it has no reason any more.
    private func end(
        _ ending: Ending, _ reason: String, in transaction: Transaction
    ) async throws(PostgresError) -> Bool {
        let delivery = ending.turn.delivery
        // Before the delivery: whoever publishes an update holds the report first as well.
        _ = try await transaction.query(HandOver.lock(delivery.report))
        let rows = try await transaction.query(ending.statement(echoes: []))
        guard !rows.isEmpty else { return false }
        if case .refused = ending.step {
            try await refuseHandling(
                delivery.report, by: delivery.peer, reason, in: transaction, now: ending.now)
        } else {
            _ = try await transaction.query(
                HandOver.dropping(delivery.report, at: delivery.peer, reason, now: ending.now))
        }
        return true
    }

    /// What the peer will show because of this delivery.
    private func echoes(of turn: DeliveryTurn) -> [Echo] {
        guard let peer = settings.peering[turn.delivery.peer] else { return [] }
        if let update = turn.update { return Echo.told(update, by: peer.mapping) }
        guard turn.delivery.kind == .report else { return [] }
        return Echo.told(turn.report, by: peer.mapping)
    }

    /// The number of a delivery's next try, as an expression.
    static func nextAttempt(of delivery: SQL) -> SQL {
        "(SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE attempt.delivery = \(delivery))"
    }
}

/// The end of a turn, as one statement that answers with a row if the turn still counted.
struct Ending: Sendable {
    let turn: DeliveryTurn
    let step: DeliveryStep
    let attempt: Attempt?
    let keys: DataKeys?
    let now: Date

    /// The lane first, whose row is read as it is once it is ours: whether something was added
    /// behind this delivery must not be judged by what was seen when the statement began.
    func statement(echoes: [Echo]) -> SQL {
        """
        WITH held AS MATERIALIZED (
            SELECT changes FROM lane WHERE peer = \(peer) AND report = \(report) FOR UPDATE
        ), \(taken)finished AS (
            UPDATE delivery SET \(change), attempts = attempts + \(attempt == nil ? 0 : 1),
                lease = lease + 1
            FROM held
            WHERE id = \(turn.delivery.id.number) AND lease = \(turn.lease) AND state = 'waiting'
            RETURNING id, peer, report, state
        )\(noted)\(lane)\(ticket)\(told(echoes))\(healed)
        SELECT FROM finished
        """
    }

    private var peer: String { turn.delivery.peer.rawValue }
    private var report: String { turn.delivery.report.rawValue }

    private var change: SQL {
        switch step {
        case .done:
            """
            state = CASE WHEN EXISTS (SELECT FROM taken) THEN 'parked' ELSE 'done' END,
                reason = (
                    SELECT \(DeliveryRow.taken) || report || ' already' FROM taken),
                sealed_reason = NULL,
                finished = CASE WHEN EXISTS (SELECT FROM taken) THEN NULL ELSE \(now) END,
                doubt = CASE doubt WHEN 'ambiguous' THEN 'none' ELSE doubt END
            """
        case .postponed(let due, let doubt):
            "due = \(due), doubt = \(doubt.rawValue), \(saying(attempt?.reason))"
        case .parked(let reason, let doubt):
            "state = 'parked', \(saying(reason)), doubt = \(doubt.rawValue)"
        case .refused(let reason):
            "state = 'refused', \(saying(reason)), doubt = 'none', finished = \(now)"
        case .dropped(let reason):
            """
            state = 'dropped', reason = \(reason), sealed_reason = NULL, finished = \(now)
            """
        }
    }

    /// Why the peer does not have it, which may be in its own words.
    private func saying(_ reason: String?) -> SQL {
        let delivery = turn.delivery
        let row = DeliveryRow.name(of: delivery.report, at: delivery.peer)
        let sealed = reason.flatMap { keys?.seal($0, .delivery, row) }
        return "reason = NULL, sealed_reason = \(sealed)"
    }

    private var noted: SQL {
        guard let attempt else { return "" }
        return """
            , noted AS (
                INSERT INTO attempt (
                    delivery, number, started, ended, outcome, status, sealed_reason)
                SELECT id, \(CaseStore.nextAttempt(of: "finished.id")), \(attempt.started),
                    \(attempt.ended), \(attempt.outcome.rawValue),
                    \(attempt.status.map(Int32.init(clamping:))),
                    \(sealedReason)
                FROM finished
            )
            """
    }

    /// What the peer said.
    private var sealedReason: [UInt8]? {
        guard let attempt, let reason = attempt.reason else { return nil }
        let row = AttemptRow.name(of: turn.delivery.id, started: attempt.started)
        return keys?.seal(reason.cut(toBytes: 2000), .attempt, row)
    }

    /// What is behind this delivery is next; without anything the lane goes away.
    private var lane: SQL {
        switch step {
        case .postponed(let due, _): leaving("\(due)")
        case .parked: leaving("'infinity'::timestamptz")
        case .done, .refused, .dropped:
            """
            , behind AS MATERIALIZED (
                SELECT held.changes <> \(turn.changes) OR EXISTS (
                    SELECT FROM delivery WHERE peer = \(peer) AND report = \(report)
                        AND state IN ('waiting', 'parked') AND id <> \(turn.delivery.id.number)
                ) OR finished.state = 'parked' AS is_some
                FROM held, finished
            ), cleared AS (
                DELETE FROM lane USING behind
                WHERE peer = \(peer) AND report = \(report) AND NOT behind.is_some
            ), turned AS (
                UPDATE lane SET \(Self.free("\(now)")) FROM behind
                WHERE peer = \(peer) AND report = \(report) AND behind.is_some
            )
            """
        }
    }

    /// What was added meanwhile may go before this one: an erasure waits for nothing.
    private func leaving(_ due: SQL) -> SQL {
        let next: SQL = "CASE WHEN held.changes = \(turn.changes) THEN \(due) ELSE \(now) END"
        return """
            , turned AS (
                UPDATE lane SET \(Self.free(next)) FROM finished, held
                WHERE lane.peer = finished.peer AND lane.report = finished.report
            )
            """
    }

    /// Has a lane looked at then, and leaves whoever sends just now alone.
    static func touch(_ due: SQL) -> SQL { "due = \(due), changes = lane.changes + 1" }

    /// Gives a lane back, to be looked at then.
    static func free(_ due: SQL) -> SQL {
        """
        due = \(due), changes = lane.changes + 1, delivery = NULL, lease = NULL,
            lease_until = NULL
        """
    }
}

extension Ending {
    /// Another report that the peer gave the same ticket to.
    private var taken: SQL {
        guard case .done(let ticket) = step else { return "" }
        return """
            taken AS MATERIALIZED (
                SELECT report FROM ticket
                WHERE peer = \(peer) AND remote_id = \(ticket.id) AND report <> \(report)
            ),
            """
    }

    /// A token becomes an id; another id than before is a new round, beside the old ones.
    private var ticket: SQL {
        guard case .done(let ticket) = step else { return "" }
        return """
            , named AS (
                UPDATE ticket SET remote_id = \(ticket.id), token_due = NULL FROM finished
                WHERE ticket.peer = finished.peer AND ticket.report = finished.report
                    AND ticket.remote_id IS NULL AND finished.state = 'done'
                    AND \(ticket.id)::text IS NOT NULL
                RETURNING ticket.round
            ), ticketed AS (
                INSERT INTO ticket (
                    peer, report, round, remote_id, token, direction, recorded, token_due)
                SELECT peer, report, 1 + (
                        SELECT coalesce(max(round), 0) FROM ticket AS earlier
                        WHERE earlier.peer = finished.peer AND earlier.report = finished.report),
                    \(ticket.id), \(ticket.token), 'out', \(now),
                    \(ticket.id == nil ? now : nil)
                FROM finished
                WHERE state = 'done' AND NOT EXISTS (SELECT FROM named) AND NOT EXISTS (
                    SELECT FROM ticket AS same
                    WHERE same.peer = finished.peer AND same.report = finished.report
                        AND (same.remote_id = \(ticket.id) OR same.token = \(ticket.token)))
            )
            """
    }

    private func told(_ echoes: [Echo]) -> SQL {
        guard case .done = step, !echoes.isEmpty else { return "" }
        return """
            , told AS (
                INSERT INTO echo (peer, report, content, told)
                SELECT peer, report, sha256(convert_to(given, 'UTF8')), \(now)
                FROM finished, unnest(\(Set(echoes.map(\.content)).sorted())) AS given
                WHERE state = 'done'
                ON CONFLICT (peer, report, content) DO UPDATE SET told = excluded.told
            )
            """
    }

    /// A peer that has answered works.
    private var healed: SQL {
        switch step {
        case .done, .refused:
            """
            , healed AS (
                \(CaseStore.healing) FROM finished
                WHERE peer.name = finished.peer AND peer.failures > 0
            )
            """
        case .postponed, .parked, .dropped: ""
        }
    }
}

/// A row of `attempt`.
enum AttemptRow {
    /// Our own word about a try that nobody ended; never sealed.
    static let lost = "the relay ended before there was an answer"

    /// What the row's sealed reason is bound to: its number is only known once it is there.
    static func name(of delivery: Delivery.ID, started: Date) -> String {
        "\(delivery.number)/\(started.postgresMicroseconds)"
    }
}

extension String {
    /// The text, or its beginning, of at most so many bytes.
    fileprivate func cut(toBytes most: Int) -> String {
        guard utf8.count > most else { return self }
        var text = self[...]
        while text.utf8.count > most { text = text.dropLast(max(1, (text.utf8.count - most) / 8)) }
        return String(text)
    }
}
