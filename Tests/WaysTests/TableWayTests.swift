import DatabaseKit
import Federation
import Foundation
import Postgres
import Testing
import Ways

@Suite struct TableWayTests {
    /// The two tables as `Adapters/SQLTable/tables.sql` makes them, and the way to them.
    private func withTables(_ work: (Pool, Wire) async throws -> Void) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Adapters/SQLTable/tables.sql")
        let text = try String(contentsOf: script, encoding: .utf8)
            // The role is the server's, and other tests have it by now.
            .replacing("CREATE ROLE viaduct_gateway LOGIN;", with: Self.role)
        try await TestDatabase.with { address in
            let pool = Pool(
                Pool.Settings(address: address, deadline: .seconds(60), lockTimeout: .seconds(60)))
            try await pool.run(script: text)
            let way = TableWay(address: address, schema: "viaduct")
            try await work(pool, way.wire())
        }
    }

    private static let role = """
        DO $$ BEGIN
            CREATE ROLE viaduct_gateway LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;
        """

    private func row(_ kind: String = "report", _ report: String = "ngo-1") -> [UInt8] {
        Array(
            """
            {"key":"k","kind":"\(kind)","report":"\(report)","description":"O'Hara; \\"DROP\\"",
             "latitude":42.5,"answers":{"SIZE":["1"]},"media":["https://ngo.example/a.jpg"],
             "told":"2026-11-24T08:15:00Z","parts":[]}
            """.utf8)
    }

    private func put(_ key: String, _ body: [UInt8], _ wire: Wire) async throws -> Int {
        try await wire.send(Wire.Call("PUT", "table:outbox/\(key)", body: body)).status
    }

    private func inbox(_ wire: Wire, after place: String = "0.0") async throws -> [[String: Any]] {
        let reply = try await wire.send(Wire.Call("GET", "table:inbox?after=\(place)"))
        #expect(reply.status == 200)
        let rows = try JSONSerialization.jsonObject(with: Data(reply.body))
        return try #require(rows as? [[String: Any]])
    }

    /// The same once it has so many rows: what other tests of this server have open comes first.
    private func inbox(_ wire: Wire, of count: Int) async throws -> [[String: Any]] {
        var rows = try await inbox(wire)
        while rows.count < count {
            try await Task.sleep(for: .milliseconds(50))
            rows = try await inbox(wire)
        }
        return rows
    }

    @Test func `a message is one row however often it is written`() async throws {
        try await withTables { pool, wire in
            #expect(try await put("ngo%3A1", row(), wire) == 201)
            #expect(try await put("ngo%3A1", row(), wire) == 200)
            #expect(try await put("ngo%3A1", row("update"), wire) == 409)
            let rows = try await pool.query(
                """
                SELECT count(*), min(key), min(description), min(media[1]), min(answers::text)
                FROM viaduct.outbox
                """)
            var cells = try #require(rows.first?.cells)
            #expect(try cells.next(Int64.self) == 1)
            #expect(try cells.next(String.self) == "ngo:1")
            #expect(try cells.next(String.self) == "O'Hara; \"DROP\"")
            #expect(try cells.next(String.self) == "https://ngo.example/a.jpg")
            #expect(try cells.next(String.self) == #"{"SIZE": ["1"]}"#)
        }
    }

    @Test func `a row is shown by its key`() async throws {
        try await withTables { pool, wire in
            let call = Wire.Call("GET", "table:outbox/ngo%3A1")
            #expect(try await wire.send(call).status == 404)
            _ = try await put("ngo%3A1", row(), wire)
            let reply = try await wire.send(call)
            let text = String(decoding: reply.body, as: UTF8.self)
            #expect(text == #"{"key":"ngo:1","kind":"report","report":"ngo-1"}"#)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a row that is committed late is read all the same`() async throws {
        try await withTables { pool, wire in
            // The first transaction writes first and commits last; the usual cursor would miss it.
            try await pool.transaction { late async throws(PostgresError) in
                _ = try await late.query("INSERT INTO viaduct.inbox (report) VALUES ('late')")
                _ = try await pool.query("INSERT INTO viaduct.inbox (report) VALUES ('early')")
                let shown = try? await inbox(wire)
                #expect(shown?.isEmpty == true)
            }
            _ = try await pool.query("INSERT INTO viaduct.inbox (report) VALUES ('next')")
            let rows = try await inbox(wire, of: 3)
            #expect(rows.map { $0["report"] as? String } == ["late", "early", "next"])
            let first = try #require(rows.first)
            let place = "\(first["written_by"] ?? "").\(first["number"] ?? "")"
            #expect(try await inbox(wire, after: place).count == 2)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a reading has so many rows at most, and the next one goes on`() async throws {
        try await withTables { pool, wire in
            _ = try await pool.query(
                "INSERT INTO viaduct.inbox (report) SELECT 'r' || n FROM generate_series(1, 501) AS n"
            )
            let rows = try await inbox(wire, of: 500)
            #expect(rows.count == 500)
            let last = try #require(rows.last)
            let place = "\(last["written_by"] ?? "").\(last["number"] ?? "")"
            #expect(try await inbox(wire, after: place).map { $0["report"] as? String } == ["r501"])
        }
    }

    @Test func `what is missing of tables and rights is told`() async throws {
        try await withTables { pool, wire in
            let check = Wire.Call("OPTIONS", "table:")
            #expect(try await wire.send(check).body == Array("[]".utf8))
            _ = try await pool.query("DROP TABLE viaduct.inbox")
            let text = String(decoding: try await wire.send(check).body, as: UTF8.self)
            #expect(text.contains("there is no table"))
            let error = await #expect(throws: PeerError.self) { try await inbox(wire) }
            #expect(error?.kind == .forbidden)
        }
    }

    @Test func `rights that tables.sql gives are enough, and no more`() async throws {
        try await withTables { pool, wire in
            let rows = try await pool.query(
                """
                SELECT has_table_privilege('viaduct_gateway', 'viaduct.outbox', 'INSERT')
                    AND has_table_privilege('viaduct_gateway', 'viaduct.outbox', 'SELECT')
                    AND has_table_privilege('viaduct_gateway', 'viaduct.inbox', 'SELECT')
                    AND NOT has_table_privilege('viaduct_gateway', 'viaduct.outbox', 'UPDATE')
                    AND NOT has_table_privilege('viaduct_gateway', 'viaduct.outbox', 'DELETE')
                    AND NOT has_table_privilege('viaduct_gateway', 'viaduct.inbox', 'INSERT')
                """)
            var cells = try #require(rows.first?.cells)
            #expect(try cells.next(Bool.self))
        }
    }

    @Test func `a database that is away is asked later`() async throws {
        let way = TableWay(address: "postgresql://127.0.0.1:1/works", schema: "viaduct")
        let error = await #expect(throws: PeerError.self) {
            try await way.wire().send(Wire.Call("GET", "table:inbox?after=0.0"))
        }
        #expect(error?.kind == .later(nil))
    }
}
