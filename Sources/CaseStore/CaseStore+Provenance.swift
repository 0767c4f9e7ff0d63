import Federation
import FoundationEssentials
import Postgres
import Reports

/// What an update told, and where it began, as peers are told it.
package struct UpdateWord: Sendable, Equatable {
    package let provenance: Provenance
    /// When it counts between changes of a status.
    package let told: Date
    /// The status that it told; `nil` if it left it.
    package let detail: Detail?
}

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

    /// The same of updates, with what each told.
    package func words(
        of updates: [Update]
    ) async throws(CaseStoreError) -> [Update.ID: UpdateWord] {
        guard !updates.isEmpty else { return [:] }
        let (ids, reports) = (updates.map(\.id.rawValue), updates.map(\.report.rawValue))
        let rows = try await query(
            """
            SELECT DISTINCT ON (event."update") event."update", event.path, origin.authority,
                origin.origin_id, "update".told,
                CASE WHEN \(UpdateRow.tellsStatus) THEN "update".detail END
            FROM event JOIN "update" ON "update".id = event."update"
                JOIN report ON report.id = event.report
                LEFT JOIN origin ON origin.report = event.report
                    AND origin.kind = 'update' AND origin."update" = event."update"
            WHERE event.report = ANY (\(reports)) AND event."update" = ANY (\(ids))
            ORDER BY event."update", event.id, origin.authority, origin.origin_id
            """)
        let node = settings.peering.node
        return try await CaseStoreError.told { () throws(PostgresError) in
            var words: [Update.ID: UpdateWord] = [:]
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(Update.ID.self, try cells.next(), column: 0)
                let way = try Way(path: cells.next(), origin: cells.next(), id: cells.next())
                words[id] = try UpdateWord(
                    provenance: way.provenance(of: id.rawValue, at: node), told: cells.next(),
                    detail: cells.next(String?.self).flatMap(Detail.init(rawValue:)))
            }
            return words
        }
    }

    private func provenances(
        _ statement: SQL
    ) async throws(CaseStoreError) -> [Report.ID: Provenance] {
        let node = settings.peering.node
        let rows = try await query(statement)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var provenances: [Report.ID: Provenance] = [:]
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
                let way = try Way(
                    path: cells.next(), origin: cells.next(), id: cells.next())
                provenances[id] = way.provenance(of: id.rawValue, at: node)
            }
            return provenances
        }
    }
}
