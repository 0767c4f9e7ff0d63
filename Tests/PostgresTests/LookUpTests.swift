import DatabaseKit
import Postgres
import Synchronization
import Testing

@Suite struct LookUpTests {
    @Test func `each of many callers finds its own row, though they share statements`()
        async throws
    {
        try await TestDatabase.withPool { pool in
            try await pool.run(
                script: """
                    CREATE TABLE thing (id text PRIMARY KEY, n bigint);
                    INSERT INTO thing SELECT 'é' || n, n FROM generate_series(0, 999) AS n;
                    """)
            let sizes = Mutex<[Int]>([])
            let lookUp = LookUp(named: "thing") { keys in
                sizes.withLock { $0.append(keys.count) }
                return "SELECT id, n FROM thing WHERE id = ANY (\(keys))"
            }
            await withTaskGroup { group in
                for task in 0..<64 {
                    group.addTask {
                        for turn in 0..<50 {
                            // Some ask for the same key, some for none that there is.
                            let n = (task / 2 * 50 + turn) % 1100
                            let found = try? await Self.number(of: "é\(n)", by: lookUp, in: pool)
                            #expect(found == .some(n < 1000 ? n : nil))
                        }
                    }
                }
            }
            let asked = sizes.withLock(\.self)
            #expect(asked.reduce(0, +) == 64 * 50)
            #expect(asked.allSatisfy { (1...32).contains($0) })
            #expect(asked.count < 64 * 50)
        }
    }

    @Test func `what was committed before a look-up is found by it`() async throws {
        try await TestDatabase.withPool { pool in
            try await pool.run(script: "CREATE TABLE thing (id text PRIMARY KEY, n bigint)")
            let lookUp = LookUp(named: "thing") { keys in
                "SELECT id, n FROM thing WHERE id = ANY (\(keys))"
            }
            try await withThrowingTaskGroup { group in
                for task in 0..<32 {
                    group.addTask {
                        for turn in 0..<40 {
                            let key = "\(task)/\(turn)"
                            _ = try await pool.query(
                                "INSERT INTO thing VALUES (\(key), \(turn))")
                            #expect(try await Self.number(of: key, by: lookUp, in: pool) == turn)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a failing look-up fails those alone whose keys stand in its statement`()
        async throws
    {
        try await TestDatabase.withPool(connections: 1) { pool in
            let sound = LookUp(named: "sound") { keys in
                "SELECT key, 1::bigint FROM unnest(\(keys)) AS key"
            }
            let failing = LookUp(named: "failing") { keys in
                "SELECT key, 1 / length(key) FROM unnest(\(keys)) AS key"
            }
            await withTaskGroup { group in
                for task in 0..<64 {
                    group.addTask {
                        for _ in 0..<20 {
                            if task.isMultiple(of: 4) {
                                await #expect(throws: PostgresError.refused(state: "22012")) {
                                    try await pool.find("", by: failing) { $0.count }
                                }
                            } else {
                                let found = try? await Self.number(
                                    of: "\(task)", by: sound, in: pool)
                                #expect(found == 1)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `a look-up that takes long does not hold back those behind it`() async throws {
        try await TestDatabase.withPool(connections: 2) { pool in
            let lookUp = LookUp(named: "waiting") { keys in
                """
                SELECT key, CASE WHEN key = 'slow' THEN length(pg_advisory_xact_lock(1)::text)
                    ELSE 1 END::bigint
                FROM unnest(\(keys)) AS key
                """
            }
            try await pool.transaction { transaction async throws(PostgresError) in
                _ = try await transaction.query("SELECT pg_advisory_xact_lock(1)")
                let slow = Task { _ = try? await pool.find("slow", by: lookUp) { $0.count } }
                defer { slow.cancel() }
                var held = 0
                while held == 0 {
                    let rows = try await transaction.query(
                        """
                        SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
                        WHERE locktype = 'advisory' AND NOT granted
                            AND datname = current_database()
                        """)
                    held = rows.count
                }
                let found = try? await Self.number(of: "quick", by: lookUp, in: pool)
                #expect(found == 1)
            }
        }
    }

    @Test func `a cancelled caller is answered, and so are those who share with it`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            let lookUp = LookUp(named: "all") { keys in
                "SELECT key, length(key)::bigint FROM unnest(\(keys)) AS key"
            }
            for _ in 0..<20 {
                let tasks = (1...40).map { length in
                    Task {
                        try await Self.number(
                            of: String(repeating: "x", count: length), by: lookUp, in: pool)
                    }
                }
                for task in tasks where Bool.random() { task.cancel() }
                for (index, task) in tasks.enumerated() {
                    let length = try await task.value
                    #expect(length == index + 1)
                }
            }
        }
    }

    @Test func `without a server a look-up fails within the deadline of the pool`() async throws {
        let pool = Pool(
            Pool.Settings(address: "host=/nowhere/at/all", deadline: .milliseconds(300)))
        let lookUp = LookUp(named: "any") { keys in "SELECT unnest(\(keys))" }
        await withTaskGroup { group in
            for task in 0..<100 {
                group.addTask {
                    await #expect(throws: PostgresError.unavailable) {
                        _ = try await pool.find("\(task)", by: lookUp) { $0.count }
                    }
                }
            }
        }
    }

    private static func number(
        of key: String, by lookUp: LookUp, in pool: Pool
    ) async throws -> Int? {
        let rows = try await pool.find(key, by: lookUp) { $0 }
        guard let place = rows.firstIndex(ofKey: key) else { return nil }
        var cells = rows[place].cells
        _ = try cells.next(String.self)
        return try cells.next(Int.self)
    }
}
