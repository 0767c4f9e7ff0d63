import FoundationEssentials
import Postgres

extension CaseStore {
    /// Lets the order of changes go on where the numbers of transactions began anew, and answers
    /// whether they did: after a backup was restored, here or on another server.
    ///
    /// Otherwise the changes after it would stand before those that the backup held, or before those
    /// that were lost with the old server, and a cursor from before would pass them over. To be
    /// called before anything is written; where all is as it was it asks one cheap question.
    @discardableResult
    package func settleShift() async throws(CaseStoreError) -> Bool {
        try await CaseStoreError.told { () async throws(PostgresError) in try await moveShift() }
    }

    func moveShift() async throws(PostgresError) -> Bool {
        guard try Self.answer(await pool.query(Self.isElsewhere)) else { return false }
        for _ in 0..<30 {
            do {
                return try await moveShiftOnce()
            } catch .timeout, .locked {
                // Somebody writes for longer than we may wait for the table in one go.
                continue
            }
        }
        throw .timeout
    }

    /// Writers and readers are kept out: a place below the moved shift could still be written by one
    /// who knows only the old.
    private func moveShiftOnce() async throws(PostgresError) -> Bool {
        try await pool.transaction { transaction async throws(PostgresError) in
            _ = try await transaction.query("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            guard try Self.answer(await transaction.query(Self.isElsewhere)) else { return false }
            // So far that it lies behind all that may have been written and lost again.
            let rows = try await transaction.query(
                """
                UPDATE change_shift SET home = change_home(), shift = (1 + (greatest(shift, (
                    SELECT max(transaction) FROM event)) >> 40)) << 40
                RETURNING shift
                """)
            guard var cells = rows.first?.cells else { return false }
            let shift = try cells.next(Int.self)
            // A default takes no bound value; this one is a number.
            _ = try await transaction.query(
                SQL(
                    verbatim: """
                        ALTER TABLE event ALTER COLUMN transaction
                        SET DEFAULT \(shift) + pg_current_xact_id()::text::bigint
                        """))
            return true
        }
    }

    /// Whether another server counts the transactions, or this one counts anew.
    private static let isElsewhere: SQL = """
        SELECT home IS DISTINCT FROM change_home() OR (SELECT max(transaction) FROM event)
            >= shift + pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        FROM change_shift
        """

    private static func answer(_ rows: Rows) throws(PostgresError) -> Bool {
        guard var cells = rows.first?.cells else { return false }
        return try cells.next(Bool?.self) ?? false
    }
}
