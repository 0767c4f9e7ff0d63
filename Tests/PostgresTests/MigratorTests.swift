import DatabaseKit
import Postgres
import Testing

@Suite struct MigratorTests {
    private let migrations = [
        Migration(name: "m0001-thing", sql: "CREATE TABLE thing (id bigint); SELECT pg_sleep(0.2)"),
        Migration(name: "m0002-name", sql: "ALTER TABLE thing ADD COLUMN name text;"),
    ]

    @Test func `ten nodes that start together apply each migration once`() async throws {
        try await TestDatabase.with { address in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        let pool = Pool(
                            Pool.Settings(
                                address: address, connections: 1, transactions: 1,
                                deadline: .seconds(60)))
                        return try await Migrator.migrate(migrations, on: pool)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied == ["m0001-thing", "m0002-name"])
        }
    }

    @Test func `what is pending is told, and nothing is after a migration`() async throws {
        try await TestDatabase.withPool { pool in
            let before = try await Migrator.pending(migrations, on: pool)
            #expect(before == ["m0001-thing", "m0002-name"])
            let first = try await Migrator.migrate([migrations[0]], on: pool)
            #expect(first == ["m0001-thing"])
            let second = try await Migrator.migrate(migrations, on: pool)
            #expect(second == ["m0002-name"])
            let after = try await Migrator.pending(migrations, on: pool)
            #expect(after.isEmpty)
        }
    }

    @Test func `a migration that was edited after it was applied is refused`() async throws {
        try await TestDatabase.withPool { pool in
            _ = try await Migrator.migrate(migrations, on: pool)
            let edited = [Migration(name: "m0001-thing", sql: "CREATE TABLE thing (id integer)")]
            await #expect(throws: MigrationError.changed(name: "m0001-thing")) {
                try await Migrator.migrate(edited, on: pool)
            }
            await #expect(throws: MigrationError.changed(name: "m0001-thing")) {
                try await Migrator.pending(edited, on: pool)
            }
        }
    }

    @Test func `a migration that fails leaves nothing of itself`() async throws {
        try await TestDatabase.withPool { pool in
            let broken = Migration(
                name: "m0003-broken", sql: "CREATE TABLE half (id bigint); SELECT 1 / 0")
            await #expect(
                throws: MigrationError.failed(name: "m0003-broken", .refused(state: "22012"))
            ) {
                try await Migrator.migrate(migrations + [broken], on: pool)
            }
            #expect(try await Migrator.pending(migrations + [broken], on: pool) == ["m0003-broken"])
            let rows = try await pool.query("SELECT 1 WHERE to_regclass('half') IS NULL")
            #expect(rows.count == 1)
        }
    }
}
