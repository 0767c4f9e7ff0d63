import Federation
import FoundationEssentials
import Postgres
import Reports

/// How far a peer was read.
package struct ReadingState: Sendable, Equatable {
    package let peer: Peer.Name
    /// When it was last read with success.
    package let read: Date?
    package let due: Date
    package let sweepDue: Date?
    /// Failures in a row, and what the last one was.
    package let failures: Int
    package let reason: String?
}

/// A report that a peer knows under an id, as both of us have it.
package struct HeldTicket: Sendable, Equatable {
    package let report: Report.ID
    /// The newest ticket's id.
    package let id: String
    package let detail: Detail
    package let handler: Peer.Name?
    /// When we learnt of the ticket.
    package let recorded: Date

    package init(
        report: Report.ID, id: String, detail: Detail, handler: Peer.Name?, recorded: Date
    ) {
        self.report = report
        self.id = id
        self.detail = detail
        self.handler = handler
        self.recorded = recorded
    }
}

extension CaseStore {
    /// How far each peer was read that is read at all, by name.
    package func readings() async throws(CaseStoreError) -> [ReadingState] {
        let rows = try await query(
            "SELECT peer, read, due, sweep_due, failures, reason FROM cursor ORDER BY peer")
        return try await CaseStoreError.told { () throws(PostgresError) in
            var states: [ReadingState] = []
            for row in rows {
                var cells = row.cells
                let peer = try ReportRow.named(Peer.Name.self, try cells.next(), column: 0)
                states.append(
                    try ReadingState(
                        peer: peer, read: cells.next(), due: cells.next(),
                        sweepDue: cells.next(), failures: Int(cells.next(Int32.self)),
                        reason: cells.next()))
            }
            return states
        }
    }

    /// The reports that the peer knows under an id and that we learnt of since, the oldest first.
    package func heldTickets(
        of peer: Peer.Name, since: Date
    ) async throws(CaseStoreError) -> [HeldTicket] {
        let rows = try await query(
            """
            SELECT DISTINCT ON (ticket.report) report.id, ticket.remote_id,
                coalesce(report.detail, upper(report.status)), report.handler, ticket.recorded
            FROM ticket JOIN report ON report.id = ticket.report
            WHERE ticket.peer = \(peer.rawValue) AND ticket.remote_id IS NOT NULL
                AND ticket.recorded >= \(since)
            ORDER BY ticket.report, ticket.round DESC
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var tickets: [HeldTicket] = []
            for row in rows { tickets.append(try Self.held(in: row)) }
            return tickets.sorted { ($0.recorded, $0.id) < ($1.recorded, $1.id) }
        }
    }

    private static func held(in row: Row) throws(PostgresError) -> HeldTicket {
        var cells = row.cells
        let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
        let id = try cells.next(String.self)
        guard let detail = Detail(rawValue: try cells.next(String.self)) else {
            throw .undecodable(column: 2)
        }
        return try HeldTicket(
            report: report, id: id, detail: detail,
            handler: cells.next(String?.self).flatMap(Peer.Name.init), recorded: cells.next())
    }

    /// Has the peer read all over again, as in the night, as soon as a relay has time; `false` if
    /// there is nothing that reads it.
    package func orderSweep(of peer: Peer.Name, now: Date) async throws(CaseStoreError) -> Bool {
        try await query(
            """
            UPDATE cursor SET sweep_due = \(now), sweep_value = NULL
            WHERE peer = \(peer.rawValue)
            """
        ).affected > 0
    }
}
