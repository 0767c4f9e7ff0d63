import DatabaseKit
import Postgres
import Testing

@Suite struct TransactionTests {
    @Test func `what a transaction did is there after it, and not before`() async throws {
        try await withTable { pool async throws in
            let id = try await pool.transaction { transaction throws(PostgresError) in
                _ = try await transaction.query("INSERT INTO thing VALUES (\(100))")
                let others = try await pool.query("SELECT id FROM thing WHERE id >= 100").count
                #expect(others == 0)
                return try await transaction.query("SELECT id FROM thing WHERE id >= 100").count
            }
            #expect(id == 1)
            #expect(try await pool.count("SELECT id FROM thing WHERE id >= 100") == 1)
        }
    }

    @Test func `a body that throws leaves nothing behind`() async throws {
        try await withTable { pool async throws in
            await #expect(throws: PostgresError.retry) {
                try await pool.transaction { transaction throws(PostgresError) in
                    _ = try await transaction.query("INSERT INTO thing VALUES (\(100))")
                    throw PostgresError.retry
                }
            }
            #expect(try await pool.count("SELECT id FROM thing WHERE id >= 100") == 0)
        }
    }

    @Test func `a statement may take longer than the others, and no longer than it asked for`()
        async throws
    {
        try await TestDatabase.with { address in
            let pool = Pool(
                Pool.Settings(
                    address: address, deadline: .seconds(60), statementTimeout: .milliseconds(300)))
            let running = Task { await pool.run() }
            defer { running.cancel() }
            // More than a second longer: then others count a server as gone.
            let slow = try await pool.query("SELECT pg_sleep(1.5)", within: .seconds(60))
            #expect(slow.count == 1)
            await #expect(throws: PostgresError.timeout) {
                try await pool.query("SELECT pg_sleep(60)", within: .milliseconds(400))
            }
        }
    }

    @Test func `a body that swallows a failure does not commit`() async throws {
        try await withTable { pool async throws in
            await #expect(throws: PostgresError.refused(state: "22012")) {
                try await pool.transaction { transaction throws(PostgresError) in
                    _ = try await transaction.query("INSERT INTO thing VALUES (\(100))")
                    _ = try? await transaction.query("SELECT 1 / \(0)")
                }
            }
            #expect(try await pool.count("SELECT id FROM thing WHERE id >= 100") == 0)
        }
    }

    @Test func `a transaction that was kept is of no use afterwards`() async throws {
        try await withTable { pool async throws in
            let kept = try await pool.transaction { transaction throws(PostgresError) in
                transaction
            }
            await #expect(throws: PostgresError.refused(state: "25P01")) {
                try await kept.query("INSERT INTO thing VALUES (\(100))")
            }
        }
    }

    @Test func `32 clients that change the same ten rows lose no change`() async throws {
        try await withTable { pool async throws in
            try await withThrowingTaskGroup { group in
                for _ in 0..<32 {
                    group.addTask {
                        try await pool.transaction { transaction throws(PostgresError) in
                            for id in 1...10 {
                                _ = try await transaction.query(
                                    "UPDATE thing SET n = n + 1 WHERE id = \(id)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.count("SELECT id FROM thing WHERE n = 32") == 10)
        }
    }

    @Test func `a deadlock is tried again`() async throws {
        try await withTable { pool async throws in
            try await withThrowingTaskGroup { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await pool.transaction { transaction throws(PostgresError) in
                            for id in order {
                                _ = try await transaction.query(
                                    "UPDATE thing SET n = n + 1 WHERE id = \(id)")
                                _ = try await transaction.query("SELECT pg_sleep(0.3)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.count("SELECT id FROM thing WHERE n = 2") == 2)
        }
    }

    @Test func `more transactions than connections take turns`() async throws {
        try await withTable { pool async throws in
            try await withThrowingTaskGroup { group in
                for id in 0..<16 {
                    group.addTask {
                        try await pool.transaction { transaction throws(PostgresError) in
                            _ = try await transaction.query("SELECT pg_sleep(0.02)")
                            _ = try await transaction.query(
                                "INSERT INTO thing VALUES (\(100 + id))")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.count("SELECT id FROM thing WHERE id >= 100") == 16)
        }
    }

    private func withTable(_ body: (Pool) async throws -> Void) async throws {
        try await TestDatabase.withPool(transactions: 3) { pool in
            try await pool.run(
                script: """
                    CREATE TABLE thing (id bigint PRIMARY KEY, n bigint);
                    INSERT INTO thing SELECT i, 0 FROM generate_series(1, 10) AS i
                    """)
            try await body(pool)
        }
    }
}
