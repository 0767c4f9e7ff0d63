import Federation
import FoundationEssentials
import Postgres
import Reports

/// Which deliveries somebody asks for; what is not said asks for all.
package struct DeliveryFilter: Sendable, Equatable {
    package var id: Delivery.ID?
    package var report: Report.ID?
    package var peer: Peer.Name?
    /// None asks for all.
    package var states: Set<Delivery.State>
    package var limit: Int

    package init(
        id: Delivery.ID? = nil, report: Report.ID? = nil, peer: Peer.Name? = nil,
        states: Set<Delivery.State> = [], limit: Int = 100
    ) {
        self.id = id
        self.report = report
        self.peer = peer
        self.states = states
        self.limit = limit
    }
}

/// A delivery as people look at it: what it is, and what it waits for.
package struct DeliveryEntry: Sendable, Equatable {
    package let delivery: Delivery
    /// The report as the peer knows it, the newest round.
    package let ticket: Ticket?
    /// The earlier delivery that must be finished before.
    package let behind: Delivery.ID?
    /// Until when a relay that is trying it now may do so.
    package let heldUntil: Date?
}

extension CaseStore {
    /// The deliveries that the filter asks for: of one report the oldest first, else the newest.
    package func deliveries(
        _ filter: DeliveryFilter
    ) async throws(CaseStoreError) -> [DeliveryEntry] {
        let order: SQL = filter.report == nil ? "delivery.id DESC" : "delivery.id"
        let rows = try await query(
            """
            SELECT \(DeliveryRow.columns), known.remote_id, known.token, earlier.id,
                CASE WHEN lane.delivery = delivery.id THEN lane.lease_until END
            FROM delivery
                LEFT JOIN lane ON lane.peer = delivery.peer AND lane.report = delivery.report
                LEFT JOIN LATERAL (
                    SELECT remote_id, token FROM ticket
                    WHERE ticket.peer = delivery.peer AND ticket.report = delivery.report
                    ORDER BY remote_id IS NULL, round DESC LIMIT 1
                ) AS known ON true
                LEFT JOIN LATERAL (
                    SELECT id FROM delivery AS earlier
                    WHERE earlier.peer = delivery.peer AND earlier.report = delivery.report
                        AND earlier.state IN ('waiting', 'parked') AND earlier.id < delivery.id
                        AND delivery.state IN ('waiting', 'parked')
                    ORDER BY id LIMIT 1
                ) AS earlier ON true
            WHERE \(filter.conditions) ORDER BY \(order) LIMIT \(filter.limit)
            """)
        let keys = settings.sealer.held
        return try await CaseStoreError.told { () throws(PostgresError) in
            var entries: [DeliveryEntry] = []
            for row in rows { entries.append(try Self.entry(in: row, keys)) }
            return entries
        }
    }

    /// Every try of a delivery, the first one first.
    package func attempts(of delivery: Delivery.ID) async throws(CaseStoreError) -> [Attempt] {
        let rows = try await query(
            """
            SELECT started, ended, outcome, status, reason, sealed_reason FROM attempt
            WHERE delivery = \(delivery.number) ORDER BY number
            """)
        let keys = settings.sealer.held
        return try await CaseStoreError.told { () throws(PostgresError) in
            var attempts: [Attempt] = []
            for row in rows {
                var cells = row.cells
                let (started, ended) = try (cells.next(Date.self), cells.next(Date.self))
                guard let outcome = Attempt.Outcome(rawValue: try cells.next()) else {
                    throw .undecodable(column: 2)
                }
                let status = try cells.next(Int?.self)
                var reason = try cells.next(String?.self)
                if let sealed = try cells.next([UInt8]?.self) {
                    let row = AttemptRow.name(of: delivery, started: started)
                    reason = keys?.text(sealed, .attempt, row)
                }
                attempts.append(
                    Attempt(
                        started: started, ended: ended, outcome: outcome, status: status,
                        reason: reason))
            }
            return attempts
        }
    }

    /// Sends what was parked once more, at once and as if for the first time, and answers how many
    /// they are; what was refused or dropped only if the filter names these states.
    ///
    /// What ended without an answer is marked as what the peer may have twice; whoever can look
    /// there looks before. Repeating it changes nothing.
    package func resend(_ filter: DeliveryFilter, now: Date) async throws(CaseStoreError) -> Int {
        let asked = filter.among([.parked], of: [.parked, .refused, .dropped])
        return try await change(
            asked, and: .nothing,
            """
            state = 'waiting', reason = NULL, sealed_reason = NULL, attempts = 0, due = \(now),
                finished = NULL,
                first_tried = CASE WHEN doubt <> 'none' THEN first_tried END,
                doubt = CASE WHEN doubt <> 'none' THEN 'flagged' ELSE doubt END
            """, now: now)
    }

    /// Gives up what waits or is parked, or was refused if the filter names that state, and answers
    /// how many they are. What waits behind a report that is given up is given up as well.
    package func drop(
        _ filter: DeliveryFilter, reason: String, now: Date
    ) async throws(CaseStoreError) -> Int {
        let asked = filter.among([.waiting, .parked], of: [.waiting, .parked, .refused])
        return try await change(
            asked, and: .whatIsBehindReports,
            """
            state = 'dropped', reason = \(reason), sealed_reason = NULL,
                finished = coalesce(finished, \(now))
            """,
            now: now)
    }

    private enum Others { case nothing, whatIsBehindReports }

    /// Changes deliveries, and has their lanes looked at; whoever is just sending one is too late.
    private func change(
        _ filter: DeliveryFilter, and others: Others, _ change: SQL, now: Date
    ) async throws(CaseStoreError) -> Int {
        let behind: SQL =
            switch others {
            case .nothing: ""
            case .whatIsBehindReports:
                """
                UNION SELECT later.id FROM asked JOIN delivery AS later
                    ON later.peer = asked.peer AND later.report = asked.report
                        AND later.state IN ('waiting', 'parked')
                WHERE asked.kind = 'report'
                """
            }
        // Once more, because somebody may have changed them since they were looked for.
        let states = filter.states.union(others == .nothing ? [] : [.waiting, .parked])
        let rows = try await query(
            """
            WITH asked AS MATERIALIZED (
                SELECT id, peer, report, kind FROM delivery WHERE \(filter.conditions)
                ORDER BY id LIMIT \(filter.limit)
            ), changed AS (
                UPDATE delivery SET \(change), lease = lease + 1
                WHERE id IN (SELECT id FROM asked \(behind))
                    AND state = ANY (\(states.map(\.rawValue).sorted()))
                RETURNING peer, report
            ), queued AS (
                INSERT INTO lane (peer, report, due)
                SELECT DISTINCT peer, report, \(now) FROM changed ORDER BY peer, report
                ON CONFLICT (peer, report) DO UPDATE SET \(Ending.touch("excluded.due"))
            )
            SELECT count(*) FROM changed
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return 0 }
            return try cells.next(Int.self)
        }
    }

    private static func entry(
        in row: Row, _ keys: DataKeys?
    ) throws(PostgresError) -> DeliveryEntry {
        var cells = row.cells
        let delivery = try DeliveryRow.delivery(from: &cells, keys)
        let (id, token) = try (cells.next(String?.self), cells.next(String?.self))
        return DeliveryEntry(
            delivery: delivery,
            ticket: id.map(Ticket.init(id:)) ?? token.map(Ticket.init(token:)),
            behind: try cells.next(Int?.self).map(Delivery.ID.init(number:)),
            heldUntil: try cells.next())
    }
}

extension DeliveryFilter {
    var conditions: SQL {
        var parts: [SQL] = []
        if let id { parts.append("delivery.id = \(id.number)") }
        if let report { parts.append("delivery.report = \(report.rawValue)") }
        if let peer { parts.append("delivery.peer = \(peer.rawValue)") }
        if !states.isEmpty {
            parts.append("delivery.state = ANY (\(states.map(\.rawValue).sorted()))")
        }
        return parts.isEmpty ? "true" : parts.joined(separator: " AND ")
    }

    /// The same, but only of states that something can be done about.
    fileprivate func among(
        _ usual: Set<Delivery.State>, of possible: Set<Delivery.State>
    ) -> DeliveryFilter {
        var filter = self
        filter.states = states.isEmpty ? usual : states.intersection(possible)
        if filter.states.isEmpty { filter.limit = 0 }
        return filter
    }
}
