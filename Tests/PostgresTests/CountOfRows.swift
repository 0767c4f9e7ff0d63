import Postgres

extension Pool {
    /// How many rows a statement answers with.
    func count(_ sql: SQL) async throws -> Int {
        try await query(sql).count
    }
}
