import Federation
import Postgres
import Reports

extension CaseStore {
    /// The ids at a peer of reports that are open with us, in their order and behind one of them:
    /// what a peer that tells of no change is asked for (GR-18.3).
    package func openTickets(
        of peer: Peer.Name, behind id: String, limit: Int
    ) async throws(CaseStoreError) -> [String] {
        let rows = try await query(
            """
            SELECT ticket.remote_id FROM ticket JOIN report ON report.id = ticket.report
            WHERE ticket.peer = \(peer.rawValue) AND ticket.remote_id > \(id)
                AND ticket.direction <> 'known' AND report.status = 'open'
            ORDER BY ticket.remote_id LIMIT \(limit)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var ids: [String] = []
            for row in rows {
                var cells = row.cells
                ids.append(try cells.next())
            }
            return ids
        }
    }
}
