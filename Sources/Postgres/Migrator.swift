import Faults

/// One step of the schema's history; forward only, and never edited once it is applied anywhere.
package struct Migration: Sendable {
    /// Such as `m0001-case-store`; steps are applied in the order they are given.
    package let name: String
    /// Statements without values, separated by semicolons, and without `BEGIN` or `COMMIT`.
    package let sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// Why the schema is not up to date.
package enum MigrationError: Error, Equatable, CustomStringConvertible {
    /// The database did not do its part; try again later, or look at it.
    case database(PostgresError)
    /// Somebody else has been migrating for minutes.
    case locked
    /// A step that was applied is not the one we have: the program and the database do not fit.
    case changed(name: String)
    /// A step failed, and was undone.
    case failed(name: String, PostgresError)

    package var description: String {
        switch self {
        case .database(let error):
            "The database could not be asked which migrations it has (\(error))."
        case .locked:
            "Another process has held the migration lock for two minutes; see pg_locks."
        case .changed(let name):
            """
            The migration \(name) was applied in another form than this program has; run the \
            program that applied it, or restore a backup from before.
            """
        case .failed(let name, let error):
            "The migration \(name) failed and was undone (\(error))."
        }
    }
}

/// Brings a database's schema up to date.
///
/// Many nodes may start at once: an advisory lock lets one work, and the others find it done. Each
/// step is one transaction together with its line in `schema_migration`, so a crash leaves either
/// both or neither (reliability B1).
package enum Migrator {
    /// The lock that a migrating session holds; the number is "viaduct" as bytes.
    private static let lock: Int64 = 0x76_69_61_64_75_63_74

    /// Applies what is not applied yet and returns the names of these steps.
    package static func migrate(
        _ migrations: [Migration], on pool: Pool
    ) async throws(MigrationError) -> [String] {
        // Whoever may only use the tables need not be able to make any.
        guard try await !pending(migrations, on: pool).isEmpty else { return [] }
        let session = pool.session()
        // Closing the connection lets go of the lock, however this ends.
        defer { session.end(.closed) }
        try await takeLock(in: session)
        let pending: [Migration]
        do {
            _ = try await session.perform(.script(table), patience: .endless)
            let rows = try await session.perform(.statement(applied(migrations)))
            pending = try unapplied(of: migrations, told: rows)
        } catch {
            throw MigrationError(error)
        }
        for migration in pending { try await applyPatiently(migration, in: session) }
        return pending.map(\.name)
    }

    /// The names of the steps that are not applied yet.
    package static func pending(
        _ migrations: [Migration], on pool: Pool
    ) async throws(MigrationError) -> [String] {
        do {
            let table = try await pool.query("SELECT to_regclass('schema_migration') IS NOT NULL")
            guard var cells = table.first?.cells, try cells.next(Bool.self) else {
                return migrations.map(\.name)
            }
            let rows = try await pool.query(applied(migrations))
            return try unapplied(of: migrations, told: rows.result).map(\.name)
        } catch {
            throw MigrationError(error)
        }
    }
}

extension MigrationError {
    fileprivate init(_ error: any Error) {
        switch error {
        case let error as MigrationError: self = error
        case let error as PostgresError: self = .database(error)
        default: self = .database(.unavailable)
        }
    }
}

extension Migrator {
    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migration (
            name text PRIMARY KEY,
            checksum text NOT NULL,
            applied timestamptz NOT NULL DEFAULT now()
        )
        """

    /// Waits for the lock in turns of `lock_timeout`, two minutes at most.
    private static func takeLock(in session: Session) async throws(MigrationError) {
        for _ in 1...60 {
            do {
                _ = try await session.perform(.statement("SELECT pg_advisory_lock(\(lock))"))
                return
            } catch .timeout, .locked {
                continue
            } catch {
                throw .database(error)
            }
        }
        throw .locked
    }

    /// Which of the steps are applied, and whether in the form we have.
    private static func applied(_ migrations: [Migration]) -> SQL {
        """
        SELECT name, checksum = \(checksum(of: "ours.sql"))
        FROM schema_migration
        JOIN unnest(\(migrations.map(\.name)), \(migrations.map(\.sql))) AS ours (name, sql)
            USING (name)
        """
    }

    private static func checksum(of expression: SQL) -> SQL {
        "encode(sha256(convert_to(\(expression), 'UTF8')), 'hex')"
    }

    /// Leaves out what is applied, and throws for what was applied in another form.
    private static func unapplied(
        of migrations: [Migration], told result: ServerResult?
    ) throws -> [Migration] {
        guard let result else { throw PostgresError.unavailable }
        var known: Set<String> = []
        for row in Rows(result: result) {
            var cells = row.cells
            let name = try cells.next(String.self)
            guard try cells.next(Bool.self) else { throw MigrationError.changed(name: name) }
            known.insert(name)
        }
        return migrations.filter { !known.contains($0.name) }
    }

    /// Five tries, as a busy table may refuse its lock within `lock_timeout`: waiting longer would
    /// make everybody else's statements queue up behind ours.
    private static func applyPatiently(
        _ migration: Migration, in session: Session
    ) async throws(MigrationError) {
        for attempt in 1...5 {
            do {
                return try await apply(migration, in: session)
            } catch {
                await session.rollback()
                guard [.timeout, .locked].contains(error), attempt < 5 else {
                    throw .failed(name: migration.name, error)
                }
                try? await Task.sleep(for: .milliseconds(Int.random(in: 200...1000)))
            }
        }
    }

    private static func apply(
        _ migration: Migration, in session: Session
    ) async throws(PostgresError) {
        _ = try await session.query(
            """
            SELECT set_config('lock_timeout', '2s', true),
                set_config('statement_timeout', '600s', true)
            """)
        _ = try await session.perform(.script(migration.sql), patience: .endless)
        _ = try await session.query(
            """
            INSERT INTO schema_migration (name, checksum)
            VALUES (\(migration.name), \(checksum(of: "\(migration.sql)")))
            """)
        KillPoint.migrating.pass()
        try await session.commit(patience: .endless)
    }
}
