import Postgres
import Reports

/// A report and those that it was merged into, one after the other (GR-13.2).
struct ReportChain {
    let report: Report.ID
    let jurisdiction: Jurisdiction.ID
    let stage: Stage

    /// The report itself and each parent, none twice, as the rows of `chain`: `id`, `parent`, and
    /// `depth` from 0. No parent ends it at the survivor, which has none.
    var table: SQL {
        """
        chain (id, parent, depth) AS (
            SELECT report.id, report.parent, 0 FROM report
            WHERE id = \(report.rawValue) AND jurisdiction = \(jurisdiction.rawValue)
                AND stage = \(stage.rawValue)
            UNION ALL
            SELECT report.id, report.parent, chain.depth + 1
            FROM chain JOIN report ON report.id = chain.parent
            WHERE chain.depth < 1000
        )
        """
    }

    /// The survivor's id, as an expression.
    var survivor: SQL {
        "(WITH RECURSIVE \(table) SELECT id FROM chain ORDER BY depth DESC LIMIT 1)"
    }

    /// Lets one transaction at a time merge reports of a jurisdiction and stage, or take them apart:
    /// two that do so at once could close a circle.
    func lockMerging(in transaction: Transaction) async throws(PostgresError) {
        let name = "viaduct merging \(jurisdiction.rawValue) \(stage.rawValue)"
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended(\(name), 0))")
    }

    /// Whether the report may be merged into this parent: one that the public sees, and neither
    /// itself nor one of those that were merged into it.
    func takes(
        _ parent: Report.ID, in transaction: Transaction
    ) async throws(PostgresError) -> Bool {
        let above = ReportChain(report: parent, jurisdiction: jurisdiction, stage: stage)
        let rows = try await transaction.query(
            """
            WITH RECURSIVE \(above.table)
            SELECT count(*) > 0 AND bool_and(chain.id <> \(report.rawValue))
                AND bool_and(depth > 0 OR visibility = 'public')
            FROM chain JOIN report USING (id)
            """)
        guard var cells = rows.first?.cells else { return false }
        return try cells.next(Bool?.self) ?? false
    }
}
