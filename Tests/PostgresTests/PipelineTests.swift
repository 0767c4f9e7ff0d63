import DatabaseKit
import Postgres
import Synchronization
import Testing

@Suite struct PipelineTests {
    @Test func `64 tasks over three connections each get their own rows`() async throws {
        try await TestDatabase.withPool(connections: 3) { pool in
            try await withThrowingTaskGroup { group in
                for task in 0..<64 {
                    group.addTask {
                        for turn in 0..<100 {
                            let rows = try await pool.query(
                                """
                                SELECT \(task), n, \("\(task)/\(turn)")
                                FROM generate_series(1, \(turn % 7)) AS n
                                """)
                            #expect(rows.count == turn % 7)
                            for row in rows {
                                var cells = row.cells
                                #expect(try cells.next(Int.self) == task)
                                _ = try cells.next(Int.self)
                                #expect(try cells.next(String.self) == "\(task)/\(turn)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a failing statement spoils only itself`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            await withTaskGroup { group in
                for task in 0..<200 {
                    group.addTask {
                        if task.isMultiple(of: 3) {
                            await #expect(throws: PostgresError.refused(state: "22012")) {
                                try await pool.query("SELECT 1 / (\(task) % 3)")
                            }
                        } else if task.isMultiple(of: 7) {
                            await #expect(throws: PostgresError.refused(state: "42P01")) {
                                try await pool.query("SELECT a FROM nowhere WHERE b = \(task)")
                            }
                        } else {
                            let rows = try? await pool.query("SELECT \(task)")
                            var cells = rows?.first?.cells
                            #expect((try? cells?.next(Int.self)) == task)
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 3])
    func `a failing read spoils only itself, though others share its Sync`(
        connections: Int
    ) async throws {
        try await TestDatabase.withPool(connections: connections) { pool in
            await withTaskGroup { group in
                for task in 0..<240 {
                    group.addTask {
                        if task.isMultiple(of: 5) {
                            await #expect(throws: PostgresError.refused(state: "22012")) {
                                try await pool.read("SELECT 1 / (\(task) % 5)")
                            }
                        } else if task.isMultiple(of: 7) {
                            await #expect(throws: PostgresError.refused(state: "42P01")) {
                                try await pool.read("SELECT a FROM nowhere WHERE b = \(task)")
                            }
                        } else {
                            // Some are longer than what the server collects before it sends.
                            let text = String(repeating: "x", count: task % 40 == 2 ? 20_000 : 1)
                            let rows =
                                task.isMultiple(of: 4)
                                ? try? await pool.query("SELECT \(task), \(text)")
                                : try? await pool.read("SELECT \(task), \(text)")
                            var cells = rows?.first?.cells
                            #expect((try? cells?.next(Int.self)) == task)
                            #expect((try? cells?.next(String.self)) == text)
                        }
                    }
                }
            }
        }
    }

    @Test func `a conflict names its constraint`() async throws {
        try await TestDatabase.withPool { pool in
            try await pool.run(
                script: """
                    CREATE TABLE place (id bigint CONSTRAINT one_place PRIMARY KEY,
                        height bigint CONSTRAINT not_below_ground CHECK (height >= 0),
                        parent bigint CONSTRAINT known_parent REFERENCES place);
                    INSERT INTO place VALUES (1, 0, NULL);
                    """)
            let cases: [(SQL, String)] = [
                ("INSERT INTO place VALUES (\(1), 0, NULL)", "one_place"),
                ("INSERT INTO place VALUES (2, \(-1), NULL)", "not_below_ground"),
                ("INSERT INTO place VALUES (3, 0, \(99))", "known_parent"),
            ]
            for (sql, constraint) in cases {
                await #expect(throws: PostgresError.conflict(constraint: constraint)) {
                    try await pool.query(sql)
                }
            }
        }
    }

    @Test func `a constraint that is checked at the commit fails its own statement`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            try await pool.run(
                script: """
                    CREATE TABLE pair (id bigint PRIMARY KEY, other bigint
                        CONSTRAINT has_other REFERENCES pair DEFERRABLE INITIALLY DEFERRED)
                    """)
            let before = Task { try await pool.query("SELECT 1") }
            let failing = Task {
                try await pool.query("INSERT INTO pair VALUES (\(1), \(2)) RETURNING id")
            }
            let after = Task { try await pool.query("SELECT 2") }
            #expect(try await before.value.count == 1)
            await #expect(throws: PostgresError.conflict(constraint: "has_other")) {
                _ = try await failing.value
            }
            #expect(try await after.value.count == 1)
            #expect(try await pool.count("SELECT id FROM pair") == 0)
        }
    }

    @Test func `a cancelled task does not break the connection`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            for _ in 0..<20 {
                let task = Task { try await pool.query("SELECT pg_sleep(0.01)") }
                task.cancel()
                _ = try? await task.value
                var cells = try #require(try await pool.query("SELECT \(7)").first).cells
                #expect(try cells.next(Int.self) == 7)
            }
        }
    }

    @Test func `a table that changes under a prepared statement is no error`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            try await pool.run(script: "CREATE TABLE thing (a bigint)")
            let all: SQL = "SELECT * FROM thing"
            #expect(try await pool.count(all) == 0)
            try await pool.run(script: "ALTER TABLE thing ADD COLUMN b text")
            #expect(try await pool.count(all) == 0)
            try await pool.run(script: "ALTER TABLE thing ADD COLUMN c text")
            let count = try await pool.transaction { transaction throws(PostgresError) in
                try await transaction.query(all).count
            }
            #expect(count == 0)
        }
    }

    @Test func `statements beyond the cache still work`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            for number in 0..<1000 {
                let rows = try await pool.query(SQL(verbatim: "SELECT \(number) AS c\(number)"))
                var cells = try #require(rows.first).cells
                #expect(try cells.next(Int.self) == number)
            }
        }
    }

    @Test func `megabytes go both ways at once`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            let text = String(repeating: "ъ", count: 1_000_000)
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        var cells = try #require(try await pool.query("SELECT \(text)").first).cells
                        #expect(try cells.next(String.self).utf8.count == 2_000_000)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a slow statement holds up only those behind it`() async throws {
        try await TestDatabase.withPool(connections: 2) { pool in
            try await Self.awaitServers(2, of: pool)
            let isOver = Atomic(false)
            async let slow: Void = {
                _ = try await pool.query("SELECT pg_sleep(4)")
                isOver.store(true, ordering: .relaxed)
            }()
            try await Self.awaitSleeper(on: pool)
            for _ in 0..<50 { _ = try await pool.query("SELECT 1") }
            let heldUp = isOver.load(ordering: .relaxed)
            #expect(!heldUp)
            try await slow
        }
    }

    /// Until this many connections have answered.
    private static func awaitServers(_ count: Int, of pool: Pool) async throws {
        var seen: Set<Int32> = []
        while seen.count < count {
            async let one = pool.query("SELECT pg_backend_pid(), pg_sleep(0.01)")
            async let two = pool.query("SELECT pg_backend_pid(), pg_sleep(0.01)")
            for rows in [try await one, try await two] {
                var cells = try #require(rows.first).cells
                seen.insert(try cells.next(Int32.self))
            }
        }
    }

    private static func awaitSleeper(on pool: Pool) async throws {
        let sleepers: SQL = """
            SELECT pid FROM pg_stat_activity
            WHERE query LIKE '%pg_sleep(4)' AND state = 'active' AND pid <> pg_backend_pid()
            """
        while try await pool.count(sleepers) == 0 {}
    }

    @Test func `a statement ends at its time limit`() async throws {
        try await TestDatabase.with { address async throws in
            let pool = Pool(
                Pool.Settings(
                    address: address, connections: 1, statementTimeout: .milliseconds(100)))
            await #expect(throws: PostgresError.timeout) {
                try await pool.query("SELECT pg_sleep(10)")
            }
            #expect(try await pool.count("SELECT 1") == 1)
        }
    }
}
