import Faults

/// Statements that take effect together or not at all.
package struct Transaction: Sendable {
    let session: Session

    /// Runs one statement on the transaction's connection.
    ///
    /// After a failed one PostgreSQL refuses the others, and the transaction cannot be committed.
    package func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        try await session.query(sql)
    }
}

extension Pool {
    /// Runs the body's statements as one transaction on a connection of its own.
    ///
    /// What the body returns is returned after COMMIT; what it throws is thrown after ROLLBACK. A
    /// serialization failure or deadlock runs the body again, up to five times (reliability B9), so
    /// it must do nothing but ask the database. A connection that dies during COMMIT throws
    /// `outcomeUnknown`, one that dies before it `unavailable`.
    package func transaction<R: Sendable>(
        _ body: sending (Transaction) async throws(PostgresError) -> R
    ) async throws(PostgresError) -> R {
        try await retrying { () async throws(PostgresError) -> R in
            let session = self.session()
            defer { session.end() }
            do throws(PostgresError) {
                let value = try await body(Transaction(session: session))
                KillPoint.beforeCommit.pass()
                try await session.commit()
                KillPoint.afterCommit.pass()
                return value
            } catch {
                // A server that does not answer is not asked again: the connection's end undoes all.
                if error == .unavailable || error == .outcomeUnknown {
                    session.end(.closed)
                } else {
                    await session.rollback()
                }
                throw error
            }
        }
    }

    /// Runs one statement as a transaction on a connection of its own, in which it may take so long,
    /// whatever `statement_timeout` is for the others.
    package func query(_ sql: SQL, within limit: Duration) async throws(PostgresError) -> Rows {
        try await retrying { () async throws(PostgresError) -> Rows in
            let session = self.session()
            defer { session.end() }
            do throws(PostgresError) {
                let milliseconds = "\(Int(limit / .milliseconds(1)))"
                _ = try await session.query(
                    "SELECT set_config('statement_timeout', \(milliseconds), true)")
                let rows = try await session.query(sql, patience: .endless)
                try await session.commit(patience: .endless)
                return rows
            } catch {
                await session.rollback()
                throw error
            }
        }
    }

    /// Runs the body again, at most five times, as long as it ends in a serialization failure or a
    /// deadlock.
    func retrying<R>(
        _ body: () async throws(PostgresError) -> R
    ) async throws(PostgresError) -> R {
        for attempt in 1...5 {
            do {
                return try await body()
            } catch .retry {
                // The others that took part wait as well; chance parts them.
                try? await Task.sleep(for: .milliseconds(Int.random(in: 1...10 << attempt)))
            }
        }
        return try await body()
    }
}
