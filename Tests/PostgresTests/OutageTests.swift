import DatabaseKit
import FoundationEssentials
import Glibc
import Postgres
import Testing

/// A server that dies, stands still or becomes a standby, and comes back.
///
/// The bounds tell an answer from a wait for a time limit; the two seconds that clients are
/// promised are measured on the built program, with nothing beside it (Tests/Harness).
@Suite(.serialized) struct OutageTests {
    @Test func `a killed server is told at once and back within 5 s`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster) { pool async throws in
                let watching = Task { await cluster.watch() }
                defer { watching.cancel() }
                for _ in 0..<3 {
                    let statements = (0..<8).map { _ in
                        Task { try await pool.query("SELECT pg_sleep(30)") }
                    }
                    try await waitForSleeper(in: cluster)
                    let process = try #require(cluster.process)
                    let killed = ContinuousClock.now
                    kill(process, SIGQUIT)
                    for statement in statements {
                        await #expect(throws: PostgresError.self) { try await statement.value }
                        switch await statement.result {
                        case .failure(let error as PostgresError):
                            #expect([.outcomeUnknown, .unavailable].contains(error))
                        default: Issue.record("a statement that was killed succeeded")
                        }
                    }
                    #expect(ContinuousClock.now - killed < .seconds(15))
                    // How long the server needs for its recovery is not what is measured.
                    let fresh = Pool(Pool.Settings(address: cluster.address, connections: 1))
                    try await waitForAnswer(of: fresh, within: .seconds(60))
                    try await waitForAnswer(of: pool, within: .seconds(5))
                }
            }
        }
    }

    @Test func `while the server is gone each statement fails within 2 s`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster) { pool async throws in
                await cluster.stop()
                let gone = ContinuousClock.now
                while pool.state == .ready { try await Task.sleep(for: .milliseconds(10)) }
                #expect(ContinuousClock.now - gone < .seconds(8))
                for _ in 0..<3 {
                    let start = ContinuousClock.now
                    await #expect(throws: PostgresError.unavailable) {
                        try await pool.query("SELECT 1")
                    }
                    await #expect(throws: PostgresError.unavailable) {
                        try await pool.transaction { transaction throws(PostgresError) in
                            try await transaction.query("SELECT 1")
                        }
                    }
                    #expect(ContinuousClock.now - start < .seconds(12))
                }
            }
        }
    }

    @Test func `an orderly restart loses no statement that had not begun`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster, connections: 1, deadline: .seconds(60)) {
                pool async throws in
                let watching = Task { await cluster.watch() }
                defer { watching.cancel() }
                let first = Task { try await pool.query("SELECT pg_sleep(30)") }
                try await waitForSleeper(in: cluster)
                let others = (0..<10).map { number in
                    Task { try await pool.query("SELECT \(number)") }
                }
                kill(try #require(cluster.process), SIGINT)
                await #expect(throws: PostgresError.unavailable) { try await first.value }
                for other in others { _ = try await other.value }
            }
        }
    }

    @Test func `a transaction whose connection dies before its commit did nothing`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster) { pool async throws in
                try await pool.run(script: "CREATE TABLE thing (id bigint)")
                await #expect(throws: PostgresError.unavailable) {
                    try await pool.transaction { transaction throws(PostgresError) in
                        _ = try await transaction.query("INSERT INTO thing VALUES (\(1))")
                        _ = try await transaction.query(
                            "SELECT pg_terminate_backend(pg_backend_pid())")
                    }
                }
                #expect(try await pool.count("SELECT id FROM thing") == 0)
            }
        }
    }

    @Test func `a server that stands still is given up and found again`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster, statementTimeout: .milliseconds(200)) {
                pool async throws in
                _ = try await pool.query("SELECT 1")
                let backends = try await processes(of: pool)
                for process in backends { kill(process, SIGSTOP) }
                defer { for process in backends { kill(process, SIGCONT) } }
                let start = ContinuousClock.now
                await #expect(throws: PostgresError.outcomeUnknown) {
                    try await pool.query("SELECT 1")
                }
                #expect(ContinuousClock.now - start < .seconds(15))
                try await waitForAnswer(of: pool, within: .seconds(10))
            }
        }
    }

    @Test func `whoever has waited long enough is told so`() async throws {
        try await TestDatabase.with { address async throws in
            let pool = Pool(Pool.Settings(address: address, connections: 1))
            let start = ContinuousClock.now
            let behind = Task { try await pool.query("SELECT 1") }
            await WaitingTime.$current.withValue(WaitingTime(.milliseconds(300))) {
                await #expect(throws: PostgresError.outcomeUnknown) {
                    try await pool.query("SELECT pg_sleep(1)")
                }
            }
            await WaitingTime.$current.withValue(WaitingTime(.milliseconds(300))) {
                _ = try? await pool.query("SELECT pg_sleep(0.2)")
                await #expect(throws: PostgresError.unavailable) {
                    try await pool.transaction { transaction throws(PostgresError) in
                        try await transaction.query("SELECT pg_sleep(10)")
                    }
                }
            }
            #expect(ContinuousClock.now - start < .seconds(12))
            // Whoever has not said how long he waits, waits.
            _ = try await pool.query("SELECT pg_sleep(0.6)")
            _ = await behind.result
            try await waitForAnswer(of: pool, within: .seconds(3))
        }
    }

    @Test func `a connection that can only read is not used again`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster, connections: 1) { pool async throws in
                try await pool.run(script: "CREATE TABLE thing (id bigint)")
                _ = try await pool.query("SET default_transaction_read_only = on")
                await #expect(throws: PostgresError.unavailable) {
                    try await pool.query("INSERT INTO thing VALUES (\(1))")
                }
                _ = try await pool.query("INSERT INTO thing VALUES (\(2))")
            }
        }
    }

    @Test func `those who listen are told that they may have missed something`() async throws {
        try await TestCluster.with { cluster async throws in
            try await withPool(on: cluster) { pool async throws in
                let watching = Task { await cluster.watch() }
                defer { watching.cancel() }
                var messages = pool.listen("news").makeAsyncIterator()
                #expect(await messages.next() == "")
                kill(try #require(cluster.process), SIGQUIT)
                #expect(await messages.next() == "")
                _ = try await pool.query("NOTIFY news, 'again'")
                #expect(await messages.next() == "again")
            }
        }
    }

    @Test func `a pool that ends finishes what is in flight and refuses the rest`() async throws {
        try await TestDatabase.with { address in
            let pool = Pool(Pool.Settings(address: address))
            let running = Task { await pool.run() }
            _ = try await pool.query("SELECT 1")
            let last = Task { try await pool.query("SELECT pg_sleep(0.3)") }
            try await Task.sleep(for: .milliseconds(100))
            running.cancel()
            _ = try await last.value
            await running.value
            await #expect(throws: PostgresError.unavailable) { try await pool.query("SELECT 1") }
        }
    }

    @Test func `nobody at the address is unavailable`() async throws {
        for address in ["host=/nowhere", "postgres://127.0.0.1:1/x", "not an address"] {
            let pool = Pool(Pool.Settings(address: address, deadline: .milliseconds(300)))
            await #expect(throws: PostgresError.unavailable) { try await pool.query("SELECT 1") }
            #expect(pool.state != .ready)
            #expect(pool.trouble != nil)
        }
    }
}

extension OutageTests {
    private func withPool(
        on cluster: EmbeddedCluster, connections: Int = 4,
        deadline: Duration = .milliseconds(1800), statementTimeout: Duration = .seconds(60),
        _ body: (Pool) async throws -> Void
    ) async throws {
        let pool = Pool(
            Pool.Settings(
                address: cluster.address, connections: connections, deadline: deadline,
                statementTimeout: statementTimeout))
        let running = Task { await pool.run() }
        defer { running.cancel() }
        _ = try await pool.query("SELECT 1")
        try await body(pool)
    }

    /// Waits until a statement sleeps; asks over a connection that is not behind it.
    private func waitForSleeper(in cluster: EmbeddedCluster) async throws {
        let pool = Pool(Pool.Settings(address: cluster.address, connections: 1))
        let sleepers: SQL =
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = 'viaduct'"
        let start = ContinuousClock.now
        while try await pool.count(sleepers) == 0 {
            try #require(ContinuousClock.now - start < .seconds(40))
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func processes(of pool: Pool) async throws -> [pid_t] {
        try await pool.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'viaduct'"
        ).map { row in
            var cells = row.cells
            return try cells.next(Int32.self)
        }
    }

    private func waitForAnswer(of pool: Pool, within limit: Duration) async throws {
        let start = ContinuousClock.now
        while (try? await pool.query("SELECT 1")) == nil {
            try #require(ContinuousClock.now - start < limit)
        }
        #expect(ContinuousClock.now - start < limit)
    }
}
