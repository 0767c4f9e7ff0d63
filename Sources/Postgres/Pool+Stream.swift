extension Pool {
    /// Hands a statement's rows out in batches, through a cursor in a transaction of its own.
    ///
    /// All rows are of one moment. Memory is bounded by two batches, as the next one is fetched
    /// while `each` works on one; a slow `each` slows the server down. The statement may take as long
    /// as it likes, but a pause of more than a minute ends the stream (`unavailable`). Cancelling
    /// the task ends it between two batches.
    package func stream(
        _ sql: SQL, batch: Int = 1000, isolation: isolated (any Actor)? = #isolation,
        _ each: (Rows) async throws -> Void
    ) async throws {
        let session = session()
        defer { session.end() }
        do {
            try await Pool.open(sql, in: session)
            let fetch = SQL(verbatim: "FETCH FORWARD \(max(batch, 1)) FROM stream")
            var rows = try await session.query(fetch, patience: .endless)
            while !rows.isEmpty {
                try Task.checkCancellation()
                async let next = session.query(fetch, patience: .endless)
                try await each(rows)
                rows = try await next
            }
            try await session.commit()
        } catch {
            await session.rollback()
            throw error
        }
    }

    private static func open(_ sql: SQL, in session: Session) async throws(PostgresError) {
        // All rows will be read, so the plan that is fastest for the first ones is not wanted.
        _ = try await session.query(
            """
            SELECT set_config('statement_timeout', '0', true),
                set_config('idle_in_transaction_session_timeout', '60s', true),
                set_config('cursor_tuple_fraction', '1', true)
            """, beginning: "BEGIN READ ONLY")
        _ = try await session.query(
            "DECLARE stream NO SCROLL CURSOR FOR \(sql)", patience: .endless)
    }
}
