import DatabaseKit
import FoundationEssentials
import Postgres
import Testing

@Suite struct BindingTests {
    @Test func `every type comes back as it was bound`() async throws {
        try await TestDatabase.withPool { pool in
            let id = UUID()
            let date = Date(postgresMicroseconds: 812_345_678_901_234)
            let rows = try await pool.query(
                """
                SELECT \(42), \(Int64.min), \(Int32.max), \(-0.1), \(true), \("Дупка на пътя"),
                    \(date), \(id), \([0, 255, 7] as [UInt8]), \(["a", "б", ""]), \([1, 2, 3])
                """)
            var cells = try #require(rows.first).cells
            #expect(try cells.next(Int.self) == 42)
            #expect(try cells.next(Int64.self) == .min)
            #expect(try cells.next(Int32.self) == .max)
            #expect(try cells.next(Double.self) == -0.1)
            #expect(try cells.next(Bool.self))
            #expect(try cells.next(String.self) == "Дупка на пътя")
            #expect(try cells.next(Date.self).postgresMicroseconds == 812_345_678_901_234)
            #expect(try cells.next(UUID.self) == id)
            #expect(try cells.next([UInt8].self) == [0, 255, 7])
            #expect(try cells.next([String].self) == ["a", "б", ""])
            #expect(try cells.next([Int].self) == [1, 2, 3])
        }
    }

    @Test func `NULL of every type comes back as nil`() async throws {
        try await TestDatabase.withPool { pool in
            let rows = try await pool.query(
                """
                SELECT \(Int?.none), \(String?.none), \(Date?.none), \(UUID?.none),
                    \([String]?.none), \(Double?.none), \(Bool?.none), \([UInt8]?.none)
                """)
            var cells = try #require(rows.first).cells
            #expect(try cells.next(Int?.self) == nil)
            #expect(try cells.next(String?.self) == nil)
            #expect(try cells.next(Date?.self) == nil)
            #expect(try cells.next(UUID?.self) == nil)
            #expect(try cells.next([String]?.self) == nil)
            #expect(try cells.next(Double?.self) == nil)
            #expect(try cells.next(Bool?.self) == nil)
            #expect(try cells.next([UInt8]?.self) == nil)
        }
    }

    @Test func `empty texts, bytes and arrays are not NULL`() async throws {
        try await TestDatabase.withPool { pool in
            let rows = try await pool.query(
                """
                SELECT \(""), \([] as [UInt8]), \([] as [String]), \([] as [Int]),
                    \(["x", nil] as [String?]) = ARRAY['x', NULL]
                """)
            var cells = try #require(rows.first).cells
            #expect(try cells.next(String.self) == "")
            #expect(try cells.next([UInt8].self) == [])
            #expect(try cells.next([String].self) == [])
            #expect(try cells.next([Int].self) == [])
            #expect(try cells.next(Bool.self))
        }
    }

    @Test(arguments: [0, 1, -1, 999_999, 1_776_148_658_123_457, -62_135_596_800_000_000])
    func `a date keeps its microseconds`(microseconds: Int64) async throws {
        try await TestDatabase.withPool { pool in
            let date = Date(postgresMicroseconds: microseconds)
            let rows = try await pool.query(
                "SELECT \(date), (extract(epoch FROM \(date)) * 1000000)::bigint")
            var cells = try #require(rows.first).cells
            // A Date is a Double: it tells microseconds apart for some 280 years around 2001.
            let back = try cells.next(Date.self).postgresMicroseconds
            #expect(abs(back - microseconds) <= (abs(microseconds) > 1 << 53 ? 8 : 0))
            #expect(try cells.next(Int64.self) == back + 946_684_800_000_000)
        }
    }

    @Test func `a spliced part brings its values with it, renumbered`() async throws {
        let conditions: [SQL] = (1...12).map { "x <> \($0)" }
        let limit: SQL = " LIMIT \(2)"
        let sql: SQL =
            """
            SELECT x, \("t") FROM generate_series(1, \(100)) AS x
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY x\(limit)
            """
        try await TestDatabase.withPool { pool in
            let found = try await pool.query(sql).map { row throws(PostgresError) in
                var cells = row.cells
                return try cells.next(Int.self)
            }
            #expect(found == [13, 14])
        }
    }

    @Test func `a value is never part of the text`() {
        let sql: SQL = "SELECT * FROM report WHERE id = \("'; DROP TABLE report; --")"
        #expect(sql.text == "SELECT * FROM report WHERE id = $1")
    }

    @Test func `a cell of another type is undecodable`() async throws {
        try await TestDatabase.withPool { pool in
            let rows = try await pool.query("SELECT 1, 'x', NULL::text")
            #expect(throws: PostgresError.undecodable(column: 0)) {
                var cells = try #require(rows.first).cells
                _ = try cells.next(String.self)
            }
            #expect(throws: PostgresError.undecodable(column: 2)) {
                var cells = try #require(rows.first).cells
                _ = try cells.next(Int.self)
                _ = try cells.next(String.self)
                _ = try cells.next(String.self)
            }
            #expect(throws: PostgresError.undecodable(column: 3)) {
                var cells = try #require(rows.first).cells
                for _ in 0..<4 { cells.nextBytes { _ in } }
                _ = try cells.next(Int?.self)
            }
        }
    }

    @Test func `one text may be bound with different types`() async throws {
        try await TestDatabase.withPool(connections: 1) { pool in
            for _ in 0..<3 {
                let (number, text) = (
                    try await pool.query("SELECT \(1)"), try await pool.query("SELECT \("one")")
                )
                #expect(number.count == 1 && text.count == 1)
            }
        }
    }

    @Test func `sessions speak UTC and UTF-8 and have their time limits`() async throws {
        try await TestDatabase.with { address async throws in
            let pool = Pool(Pool.Settings(address: address))
            let rows = try await pool.query(
                """
                SELECT current_setting('TimeZone'), current_setting('client_encoding'),
                    current_setting('statement_timeout'), current_setting('lock_timeout'),
                    current_setting('idle_in_transaction_session_timeout')
                """)
            var cells = try #require(rows.first).cells
            #expect(try cells.next(String.self) == "UTC")
            #expect(try cells.next(String.self) == "UTF8")
            #expect(try cells.next(String.self) == "5s")
            #expect(try cells.next(String.self) == "2s")
            #expect(try cells.next(String.self) == "10s")
        }
    }
}
