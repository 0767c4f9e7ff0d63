import Federation
import Postgres
import Reports

extension CaseStore {
    /// Where reports began and whom they have passed, ourselves the last, as peers are told it; what
    /// was imported has no entry, and began with us.
    package func provenances(
        of reports: [Report.ID]
    ) async throws(CaseStoreError) -> [Report.ID: Provenance] {
        guard !reports.isEmpty else { return [:] }
        return try await provenances(
            """
            SELECT DISTINCT ON (event.report) event.report, event.path, origin.authority,
                origin.origin_id
            FROM event LEFT JOIN origin ON origin.report = event.report AND origin.kind = 'report'
            WHERE event.report = ANY (\(reports.map(\.rawValue)))
                AND event.kind = 'created'
            ORDER BY event.report, event.id, origin.authority, origin.origin_id
            """)
    }

    /// The same of updates.
    package func provenances(
        of updates: [Update]
    ) async throws(CaseStoreError) -> [Update.ID: Provenance] {
        guard !updates.isEmpty else { return [:] }
        let (ids, reports) = (updates.map(\.id.rawValue), updates.map(\.report.rawValue))
        return try await provenances(
            """
            SELECT DISTINCT ON (event."update") event."update", event.path, origin.authority,
                origin.origin_id
            FROM event LEFT JOIN origin ON origin.report = event.report
                AND origin.kind = 'update' AND origin."update" = event."update"
            WHERE event.report = ANY (\(reports)) AND event."update" = ANY (\(ids))
            ORDER BY event."update", event.id, origin.authority, origin.origin_id
            """)
    }

    private func provenances<ID: Identifier>(
        _ statement: SQL
    ) async throws(CaseStoreError) -> [ID: Provenance] {
        let node = settings.peering.node
        let rows = try await query(statement)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var provenances: [ID: Provenance] = [:]
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(ID.self, try cells.next(), column: 0)
                let way = try Way(
                    path: cells.next(), origin: cells.next(), id: cells.next())
                provenances[id] = way.provenance(of: id.rawValue, at: node)
            }
            return provenances
        }
    }
}
