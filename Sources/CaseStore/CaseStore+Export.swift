import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// All published reports that the filter asks for, whatever its page, in pieces of `batch`.
    ///
    /// One statement read through a cursor: it sees the reports of one moment, and holds no more
    /// than one piece in memory. What `each` throws ends it and comes out of it.
    package func export(
        _ filter: ReportFilter, now: Date, batch: Int = 500,
        _ each: (FoundReports) async throws -> Void
    ) async throws {
        let statement =
            switch filter.scope {
            case .ids(let ids): Search.named(ids, filter, now: now)
            case .matching(let conditions): Search(filter, conditions, now: now).everything
            }
        do {
            try await pool.stream(statement, batch: batch) { rows in
                try await each(
                    FoundReports(
                        rows, in: rows.indices, of: filter.jurisdiction, stage: filter.stage))
            }
        } catch let error as PostgresError {
            throw CaseStoreError(error)
        }
    }
}
