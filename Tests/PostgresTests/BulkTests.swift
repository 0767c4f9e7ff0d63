import DatabaseKit
import FoundationEssentials
import Postgres
import Testing

@Suite struct BulkTests {
    @Test func `a stream of 200,000 rows needs the memory of two batches`() async {
        // In a process of its own: others would use memory at the same time.
        await #expect(processExitsWith: .success) {
            try await TestDatabase.withPool { pool in
                var (count, sum, most) = (0, 0, 0)
                _ = try await pool.query("SELECT 1")
                let before = residentKilobytes()
                try await pool.stream(
                    "SELECT i, repeat('x', 500) FROM generate_series(1, \(200_000)) AS i",
                    batch: 1000
                ) { rows in
                    for row in rows {
                        var cells = row.cells
                        sum += try cells.next(Int.self)
                    }
                    count += rows.count
                    most = max(most, residentKilobytes())
                }
                #expect(count == 200_000)
                #expect(sum == 200_000 * 200_001 / 2)
                // The rows are 100 MB.
                #expect(most - before < 20_000)
            }
        }
    }

    @Test func `a stream that is left early gives its connection back`() async throws {
        struct Enough: Error {}
        try await TestDatabase.withPool(transactions: 1) { pool in
            for _ in 0..<3 {
                await #expect(throws: Enough.self) {
                    try await pool.stream("SELECT generate_series(1, 100000)", batch: 10) { _ in
                        throw Enough()
                    }
                }
            }
            try await pool.transaction { transaction throws(PostgresError) in
                _ = try await transaction.query("SELECT 1")
            }
        }
    }

    @Test func `COPY takes every type, NULL and every letter`() async throws {
        try await TestDatabase.withPool { pool in
            try await pool.run(
                script: """
                    CREATE TABLE thing (id integer, name text, at timestamptz, ratio float8,
                        bytes bytea, tags text[], key uuid, flag boolean, extra jsonb)
                    """)
            let date = Date(postgresMicroseconds: -3_155_673_600_000_001)
            let (key, odd) = (UUID(), "tab\tline\nback\\slash\r\"quote\" Ђ")
            let written = try await pool.copy(into: "thing") { writer in
                try await writer.row(
                    1, odd, date, 1e300, [0, 92, 10] as [UInt8], [odd, "", "NULL"], key, true,
                    #"{"a": "\n"}"#)
                try await writer.row(2, nil, nil, nil, nil, nil, nil, nil, nil)
            }
            #expect(written == 2)
            let rows = try await pool.query("SELECT * FROM thing ORDER BY id")
            var cells = try #require(rows.first).cells
            #expect(try cells.next(Int.self) == 1)
            #expect(try cells.next(String.self) == odd)
            #expect(try cells.next(Date.self) == date)
            #expect(try cells.next(Double.self) == 1e300)
            #expect(try cells.next([UInt8].self) == [0, 92, 10])
            #expect(try cells.next([String].self) == [odd, "", "NULL"])
            #expect(try cells.next(UUID.self) == key)
            #expect(try cells.next(Bool.self))
            #expect(try cells.next(String.self) == #"{"a": "\n"}"#)
            var empty = try #require(rows.last).cells
            #expect(try empty.next(Int.self) == 2)
            for _ in 0..<8 { #expect(empty.nextBytes { $0 == nil }) }
        }
    }

    @Test func `COPY of many rows is all or nothing`() async throws {
        struct Stopped: Error {}
        try await TestDatabase.withPool(transactions: 1) { pool in
            try await pool.run(script: "CREATE TABLE thing (id bigint PRIMARY KEY, text text)")
            await #expect(throws: Stopped.self) {
                _ = try await pool.copy(into: "thing") { writer in
                    for id in 0..<50_000 { try await writer.row(id, "x") }
                    throw Stopped()
                }
            }
            await #expect(throws: PostgresError.conflict(constraint: "thing_pkey")) {
                _ = try await pool.copy(into: "thing") { writer in
                    for id in 0..<1000 { try await writer.row(id % 999, "x") }
                }
            }
            await #expect(throws: PostgresError.refused(state: "42P01")) {
                _ = try await pool.copy(into: "nothing") { _ in }
            }
            #expect(try await pool.count("SELECT id FROM thing") == 0)
            let written = try await pool.copy(into: "thing (id, text)") { writer in
                for id in 0..<100_000 {
                    writer.column(id)
                    writer.column("text \(id)")
                    try await writer.endRow()
                }
            }
            #expect(written == 100_000)
        }
    }

    @Test func `a row refused before the end of a COPY ends it`() async throws {
        try await TestDatabase.withPool(transactions: 1) { pool in
            try await pool.run(script: "CREATE TABLE thing (id bigint PRIMARY KEY)")
            await #expect(throws: PostgresError.refused(state: "22P02")) {
                _ = try await pool.copy(into: "thing") { writer in
                    // More than is gathered before some of it is sent.
                    for _ in 0..<20_000 { try await writer.row("no number") }
                    // The server's answer is here before the writer says that it has finished.
                    while try await pool.count(
                        """
                        SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                            AND state = 'idle in transaction (aborted)'
                        """
                    ) == 0 {}
                }
            }
        }
    }

    @Test func `a notification reaches everyone who listens`() async throws {
        try await TestDatabase.withPool { pool in
            let (first, second) = (pool.listen("news"), pool.listen("Other \"news\""))
            var (one, two) = (first.makeAsyncIterator(), second.makeAsyncIterator())
            // The empty message says that the server listens from now on.
            #expect(await one.next() == "")
            #expect(await two.next() == "")
            _ = try await pool.query("SELECT pg_notify('news', \("дупка"))")
            _ = try await pool.query("SELECT pg_notify('Other \"news\"', \("2"))")
            #expect(await one.next() == "дупка")
            #expect(await two.next() == "2")
        }
    }
}

private func residentKilobytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
}
