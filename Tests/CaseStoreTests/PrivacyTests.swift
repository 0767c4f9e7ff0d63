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
                let kept = try await pool.number(
                    """
                    SELECT count(*) FROM contact.contact
                    WHERE email = 'canary1@example.org' AND first_name = 'canary2'
                        AND last_name = 'canary3' AND phone = 'canary4'
                        AND device_id = 'canary5' AND account_id = 'canary6'
                        AND unknown -> 0 ->> 'value' LIKE 'canary7%'
                    """)
                #expect(kept == 1)
                let tables = try await pool.query(
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                #expect(tables.count >= 8)
                for row in tables {
                    var cells = row.cells
                    let table = try cells.next(String.self)
                    let found = try await pool.number(
                        SQL(
                            verbatim:
                                "SELECT count(*) FROM \(table) AS r WHERE r::text LIKE '%canary%'"))
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
                            'idempotency']) AS place
                    """)
                var readable: [String: [String]] = [:]
                for row in rights {
                    var cells = row.cells
                    let (role, place) = try (cells.next(String.self), cells.next(String.self))
                    if try cells.next(Bool.self) { readable[role, default: []].append(place) }
                }
                #expect(readable["viaduct_reader"] == ["report", "service", "event", "token"])
                #expect(readable["viaduct_contact"] == ["contact.contact"])
                let enters = try await pool.number(
                    "SELECT has_schema_privilege('viaduct_reader', 'contact', 'USAGE')::integer")
                #expect(enters == 0)
            }
        }
    }

    @Suite struct Schema {
        static let nonsense = [
            "latitude = 'NaN', longitude = 1", "latitude = 91, longitude = 1",
            "latitude = 1, longitude = 'Infinity'", "latitude = 1, longitude = NULL",
            "status = 'CLOSED'", "detail = 'fixed'", "stage = 'staging'", "visibility = 'secret'",
            "id = '1abc'", "id = 'a/b'", "media = '{}'", "requested = '2026-01-01T00:00:00.5Z'",
            "source_id = 'x'", "answers = '{}'",
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
                #expect(
                    try await store.check().pendingMigrations == CaseStore.migrations.map(\.name))
                let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<4 { group.addTask { try await store.migrate() } }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(applied == CaseStore.migrations.map(\.name))
                let health = try await store.check()
                #expect(health.pendingMigrations.isEmpty)
                #expect(health.refusals.isEmpty)
            }
        }
    }
}
