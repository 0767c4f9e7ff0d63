import FoundationEssentials
import Postgres
import Reports

/// Gives the updates of one jurisdiction and stage their times of publication (GR-18.4).
///
/// Whoever publishes holds its lock until the commit, so that times rise in the order in which
/// updates become visible. Whoever has read up to a time has moved the clock on to it, so that nothing
/// appears behind: windows that follow each other, both ends inclusive, hold every update (D13),
/// whatever the clocks of the nodes say.
struct PublicationClock {
    let jurisdiction: Jurisdiction.ID
    let stage: Stage

    /// Starts a publication that ends with the transaction, and gives its time.
    ///
    /// Other publications wait from here on, so it belongs at the end of the transaction.
    func stamp(_ now: Date, in transaction: Transaction) async throws(PostgresError) -> Date {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(lock))")
        guard var cells = try await transaction.query(move(to: now)).first?.cells else {
            throw .conflict(constraint: "report_jurisdiction_fkey")
        }
        return try cells.next()
    }

    /// Waits for the publications under way; from then on none has a time before this one.
    func pass(_ time: Date, on pool: Pool) async throws(PostgresError) {
        try await pool.transaction { transaction async throws(PostgresError) in
            _ = try await transaction.query("SELECT pg_advisory_xact_lock_shared(\(lock))")
            let reached = try await transaction.query(
                """
                SELECT 1 FROM publication_clock
                WHERE jurisdiction = \(jurisdiction.rawValue) AND stage = \(stage.rawValue)
                    AND last >= \(time.wholeSeconds)
                """)
            if reached.isEmpty { _ = try await transaction.query(move(to: time)) }
        }
    }

    /// An advisory lock and not the row's: it costs those who only read no write.
    private var lock: SQL {
        "hashtextextended(\("viaduct publication \(jurisdiction.rawValue) \(stage.rawValue)"), 0)"
    }

    private func move(to time: Date) -> SQL {
        """
        INSERT INTO publication_clock AS held (jurisdiction, stage, last)
        SELECT id, \(stage.rawValue), \(time.wholeSeconds) FROM jurisdiction
        WHERE id = \(jurisdiction.rawValue)
        ON CONFLICT (jurisdiction, stage) DO UPDATE SET last = greatest(held.last, excluded.last)
        RETURNING last
        """
    }
}
