import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// The public history of reports, the oldest entry first; a report that the public may not see
    /// has none (GR-15.4).
    package func notes(
        of reports: [Report.ID], for audience: ChangeFilter.Audience = .public
    ) async throws(CaseStoreError) -> [Report.ID: [Note]] {
        guard !reports.isEmpty else { return [:] }
        let rows = try await query(Self.history(of: reports, for: audience))
        if audience == .staff { _ = try settings.sealer.keys() }
        return try await CaseStoreError.told { () throws(PostgresError) in
            var notes: [Report.ID: [Note]] = [:]
            for row in rows {
                var cells = row.cells
                let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
                let (time, kind) = try (cells.next(Date.self), cells.next(String.self))
                let detail = try cells.next(String?.self).flatMap(Detail.init(rawValue:))
                var note = Note(
                    time: time, kind: Note.Kind(rawValue: kind) ?? .comment, detail: detail,
                    description: try cells.next())
                if audience == .staff, let update = try cells.next(String?.self),
                    let told = try UpdateRow.told(of: update, from: &cells, settings.sealer)
                {
                    note.description = told
                    note.isOriginal = true
                }
                notes[report, default: []].append(note)
            }
            return notes
        }
    }

    /// The telling of the report, then its updates. History that came closed was closed when its
    /// source last changed it, and we know why as long as nothing was told to us since.
    private static func history(
        of reports: [Report.ID], for audience: ChangeFilter.Audience
    ) -> SQL {
        // Staff read what was said, and not what of it the public is shown.
        let (columns, originals): (SQL, SQL) =
            audience == .public
            ? ("", "")
            : (
                ", history.\"update\", \(OriginalRow.columns(sealedIn: "original"))",
                "LEFT JOIN contact.original ON original.\"update\" = history.\"update\""
            )
        return """
            WITH asked AS (
                SELECT id, requested, status, detail,
                    coalesce(standing_time, updated) AS closed,
                    CASE WHEN standing_time IS NULL THEN status_notes END AS reason
                FROM report WHERE id = ANY (\(reports.map(\.rawValue))) AND visibility = 'public'
            )
            SELECT history.report, time, kind, detail, history.description\(columns) FROM (
                SELECT id AS report, NULL AS "update", requested AS time, 'opened' AS kind, 'OPEN' AS detail,
                    NULL AS description, 0 AS part, 0::bigint AS place
                FROM asked
                UNION ALL
                SELECT id, NULL, closed, 'closed', coalesce(detail, 'CLOSED'), reason, 1, 0
                FROM asked WHERE status = 'closed' AND NOT EXISTS (
                    SELECT FROM "update" AS told
                    WHERE told.report = asked.id AND told.kind IN ('closed', 'duplicate'))
                UNION ALL
                SELECT told.report, told.id, told.published, told.kind, told.detail,
                    told.description, 2, told.place
                FROM "update" AS told JOIN asked ON asked.id = told.report
            ) AS history \(originals)
            ORDER BY history.report, part, time, place
            """
    }

    /// What staff wrote for each other about one report, the oldest first; `nil` if there is no such
    /// report here.
    package func internalNotes(
        of report: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage
    ) async throws(CaseStoreError) -> [InternalNote]? {
        let rows = try await query(
            """
            SELECT note.id, note.recorded, note.description
            FROM report LEFT JOIN internal_note AS note ON note.report = report.id
            WHERE report.id = \(report.rawValue) AND jurisdiction = \(jurisdiction.rawValue)
                AND stage = \(stage.rawValue)
            ORDER BY note.recorded, note.id
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard !rows.isEmpty else { return nil }
            var notes: [InternalNote] = []
            for row in rows {
                var cells = row.cells
                guard let name = try cells.next(String?.self) else { continue }
                let id = try ReportRow.named(Update.ID.self, name, column: 0)
                notes.append(
                    try InternalNote(id: id, time: cells.next(), description: cells.next()))
            }
            return notes
        }
    }
}
