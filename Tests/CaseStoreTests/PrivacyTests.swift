import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Privacy {
        static let reporter = Reporter(
            email: "canary1@example.org", firstName: "canary2", lastName: "canary3",
            phone: "canary4", deviceID: "canary5", accountID: "canary6")

        static func addCanaries(to store: CaseStore) async throws {
            _ = try await store.add(
                Sample.draft(
                    reporter: reporter,
                    unknown: [Report.Draft.Unknown(name: "passport", value: "canary7 \"\u{1}")]),
                by: Sample.client, idempotency: Sample.key("k"), now: Sample.now)
        }

        @Test func `personal data is in its own schema and in no other table`() async throws {
            try await withStore { store, pool in
                try await Self.addCanaries(to: store)
                for text in 1...7 {
                    #expect(
                        try await store.tables(with: "canary\(text)")
                            == ["sealed contact.contact"])
                }
                let tables = try await pool.query(
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                #expect(tables.count >= 8)
                for row in tables {
                    var cells = row.cells
                    let table = try cells.next(String.self)
                    let found = try await pool.number(
                        SQL(
                            verbatim:
                                "SELECT count(*) FROM \"\(table)\" AS r WHERE r::text LIKE '%canary%'"
                        ))
                    #expect(found == 0, "\(table)")
                }
            }
        }

        @Test func `an anonymous report leaves no row of personal data`() async throws {
            try await withStore { store, pool in
                _ = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM contact.contact") == 0)
            }
        }

        @Test func `who may only read what is public may read no personal data and no keys`()
            async throws
        {
            try await withStore { _, pool in
                let roles = try await pool.number(
                    """
                    SELECT count(*) FROM pg_roles
                    WHERE rolname IN ('viaduct_reader', 'viaduct_contact')
                    """)
                // Where the user may make no roles there are none to divide the rights.
                guard roles == 2 else { return }
                let rights = try await pool.query(
                    """
                    SELECT role, place, has_table_privilege(role, place, 'SELECT')
                    FROM unnest(ARRAY['viaduct_reader', 'viaduct_contact']) AS role,
                        unnest(ARRAY[
                            'report', 'service', 'event', 'token', 'contact.contact', 'client_key',
                            'idempotency', '"update"', 'internal_note', 'contact.author',
                            'contact.supporter', 'contact.original', 'webhook', 'peer_call', 'inbox',
                            'attempt']) AS place
                    """)
                var readable: [String: [String]] = [:]
                for row in rights {
                    var cells = row.cells
                    let (role, place) = try (cells.next(String.self), cells.next(String.self))
                    if try cells.next(Bool.self) { readable[role, default: []].append(place) }
                }
                #expect(
                    readable["viaduct_reader"] == [
                        "report", "service", "event", "token", "\"update\"",
                    ])
                #expect(
                    readable["viaduct_contact"] == [
                        "contact.contact", "contact.author", "contact.supporter",
                        "contact.original",
                    ])
                let enters = try await pool.number(
                    "SELECT has_schema_privilege('viaduct_reader', 'contact', 'USAGE')::integer")
                #expect(enters == 0)
            }
        }
    }

    /// P2: as a user of its own that may do anything but enter the schema of personal data.
    @Suite struct PublicReads {
        @Test func `what is public is read without any right on personal data`() async throws {
            try await TestDatabase.with { address in
                let role = "reader_\(UInt64.random(in: 0...UInt64.max))"
                try await Self.withPool(address) { pool in
                    let mayMakeRoles = try await pool.number(
                        """
                        SELECT (rolcreaterole OR rolsuper)::integer FROM pg_roles
                        WHERE rolname = current_user
                        """)
                    guard mayMakeRoles == 1 else { return }
                    let store = CaseStore(sealing: pool)
                    try await store.migrate()
                    _ = try await store.publish(Sample.catalogue(), now: Sample.now)
                    let id = try await Self.fill(store)
                    for statement in [
                        "CREATE ROLE \(role) NOLOGIN", "GRANT \(role) TO CURRENT_USER",
                        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO \(role)",
                    ] { _ = try await pool.query(SQL(verbatim: statement)) }
                    let limited = try #require(Self.address(address, as: role))
                    try await Self.withPool(limited) { pool in
                        await #expect(throws: PostgresError.refused(state: "42501")) {
                            try await pool.query("SELECT FROM contact.contact")
                        }
                        try await Self.read(id, from: CaseStore(pool: pool))
                    }
                    _ = try await pool.query(SQL(verbatim: "DROP OWNED BY \(role)"))
                    _ = try await pool.query(SQL(verbatim: "DROP ROLE \(role)"))
                }
            }
        }

        private static func fill(_ store: CaseStore) async throws -> Report.ID {
            let id = try await store.add(
                Sample.draft(description: "Call 0888 123 456", reporter: Privacy.reporter),
                by: Sample.client, idempotency: Sample.key("k"), now: Sample.now
            ).receipt.id
            _ = try await store.told(
                Sample.update("1", of: id, told: 10, text: "or 0887 654 321"), at: 10)
            return id
        }

        private static func read(_ id: Report.ID, from store: CaseStore) async throws {
            let now = Sample.now.addingTimeInterval(100)
            let report = try await store.report(
                id, in: Sample.sofia.id, stage: .production, now: now)
            #expect(report?.description == "Call •••")
            #expect(try await store.reports(Sample.filter(), now: now).reports.count == 1)
            let filter = UpdateFilter(jurisdiction: Sample.sofia.id, from: Sample.now, to: now)
            #expect(try await store.updates(filter, now: now).map(\.description) == ["or •••"])
            #expect(try await store.notes(of: [id])[id]?.count == 2)
            let near = try await store.candidates(
                near: Sample.coordinate(42.7, 23.3), radius: 100, in: Sample.sofia.id,
                stage: .production, limit: 5, now: now)
            #expect(near.count == 1)
            var exported = 0
            try await store.export(Sample.filter(), now: now) { exported += $0.count }
            #expect(exported == 1)
            await #expect(throws: CaseStoreError.self) { try await store.originals(of: [id]) }
        }

        /// The address with a role that every connection takes on.
        private static func address(_ address: String, as role: String) -> String? {
            if address.hasPrefix("postgres") {
                return address + (address.contains("?") ? "&" : "?") + "options=-c%20role%3D\(role)"
            }
            return address + " options='-c role=\(role)'"
        }

        private static func withPool(
            _ address: String, _ body: (Pool) async throws -> Void
        ) async throws {
            let pool = Pool(
                Pool.Settings(
                    address: address, connections: 2, transactions: 2, deadline: .seconds(60)))
            let running = Task { await pool.run() }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(pool))
            } catch {
                result = .failure(error)
            }
            running.cancel()
            await running.value
            try result.get()
        }
    }

    @Suite struct Schema {
        static let nonsense = [
            "latitude = 'NaN', longitude = 1", "latitude = 91, longitude = 1",
            "latitude = 1, longitude = 'Infinity'", "latitude = 1, longitude = NULL",
            "status = 'CLOSED'", "detail = 'fixed'", "stage = 'staging'", "visibility = 'secret'",
            "id = '1abc'", "id = 'a/b'", "media = '{}'", "requested = '2026-01-01T00:00:00.5Z'",
            "source_id = 'x'", "answers = '{}'", "supports = -1", "parent = id", "parent = 'a'",
            "standing_epoch = 0", "standing_time = now()",
        ]

        @Test func `the schema itself refuses what must not be`() async throws {
            try await withStore { store, pool in
                _ = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                for change in Self.nonsense {
                    let error = await #expect(throws: PostgresError.self, "\(change)") {
                        try await pool.query(SQL(verbatim: "UPDATE report SET \(change)"))
                    }
                    guard case .conflict = error else {
                        Issue.record("\(change): \(String(describing: error))")
                        continue
                    }
                }
            }
        }

        @Test func `events can neither be changed nor taken away`() async throws {
            try await withStore { store, pool in
                _ = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                for statement: SQL in [
                    "UPDATE event SET actor = 'system'", "DELETE FROM event", "TRUNCATE event",
                ] {
                    await #expect(throws: PostgresError.refused(state: "P0001")) {
                        try await pool.query(statement)
                    }
                }
            }
        }

        @Test func `nodes that start together migrate once, and then nothing is pending`()
            async throws
        {
            try await TestDatabase.withPool(connections: 2, transactions: 4) { pool in
                let store = CaseStore(pool: pool)
                let all = CaseStore.migrations.map(\.name)
                #expect(try await store.check().pendingMigrations == all)
                let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<4 { group.addTask { try await store.migrate() } }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(applied == all)
                let health = try await store.check()
                #expect(health.pendingMigrations.isEmpty)
                #expect(health.refusals.isEmpty)
            }
        }
    }
}
