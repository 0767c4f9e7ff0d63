import FoundationEssentials
import Postgres

extension CaseStore {
    /// Adds what was taken of buckets here to what other nodes took, in seconds of each bucket's
    /// filling; answers with the seconds until each of them is full.
    ///
    /// By the database's clock, which all nodes share. Buckets are held in one order, so that no two
    /// nodes wait for each other.
    package func share(
        _ taken: [String: Double]
    ) async throws(CaseStoreError) -> [String: Double] {
        let taken = taken.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let rows = try await query(
            """
            INSERT INTO ration AS known (bucket, full_at)
            SELECT bucket, now() + make_interval(secs => seconds)
            FROM unnest(\(taken.map(\.key)), \(taken.map(\.value))) AS taken (bucket, seconds)
            ORDER BY bucket COLLATE "C"
            ON CONFLICT (bucket) DO UPDATE
            SET full_at = greatest(known.full_at, now()) + (excluded.full_at - now())
            RETURNING bucket, extract(epoch FROM full_at - now())::float8
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var known: [String: Double] = [:]
            for row in rows {
                var cells = row.cells
                known[try cells.next(String.self)] = try cells.next(Double.self)
            }
            return known
        }
    }
}
