import Federation
import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// The tickets of a peer that it is time to look at, each for one relay: what changed lately is
    /// looked at often, an old one every few hours, a closed one daily, and at last no more.
    package func dueLooks(
        at peer: Peer, limit: Int, now: Date
    ) async throws(CaseStoreError) -> [String] {
        let rows = try await query(
            """
            WITH due AS MATERIALIZED (
                SELECT remote_id, report FROM ticket
                WHERE peer = \(peer.name.rawValue) AND remote_id IS NOT NULL
                    AND direction <> 'known'
                    AND coalesce(look_due, recorded) <= \(now)
                ORDER BY coalesce(look_due, recorded) LIMIT \(limit) FOR UPDATE SKIP LOCKED
            )
            UPDATE ticket SET look_due = CASE
                WHEN report.status = 'open' THEN \(now) + greatest(
                    \(peer.polling.interval / .seconds(1)) * interval '1 second',
                    least(interval '6 hours', (\(now) - report.updated) / 24))
                WHEN report.updated > \(now) - interval '90 days' THEN \(now) + interval '1 day'
                ELSE 'infinity' END
            FROM due JOIN report ON report.id = due.report
            WHERE ticket.peer = \(peer.name.rawValue) AND ticket.remote_id = due.remote_id
            RETURNING ticket.remote_id
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var tickets: [String] = []
            for row in rows {
                var cells = row.cells
                tickets.append(try cells.next())
            }
            return tickets
        }
    }
}
