import CaseStore
import DatabaseKit
import FoundationEssentials
import Logging
import Postgres
import Reports
import Testing

@testable import Gateway

/// A11: no personal data is shown to staff without a line in the audit log; the public pays nothing.
@Suite struct GatewayAuditTests {
    /// A gateway with a report whose text has a mask, one without, an update with a mask, and the key of
    /// somebody at a desk.
    struct Office {
        let fixture: Fixture
        let pool: Pool
        let staff: (client: Client, key: String)
        let masked: String
        let plain: String

        static func with(_ body: (Office) async throws -> Void) async throws {
            try await TestDatabase.withPool { pool in
                let store = CaseStore(sealing: pool)
                try await store.migrate()
                let changesets = try await store.publish(try Fixture.catalogue(), now: Date())
                let (_, key) = try await Fixture.client(in: store, scopes: [.report, .update])
                let (client, desk) = try await Fixture.client(
                    in: store, scopes: [.staff, .update, .supervisor])
                let fixture = Fixture(
                    gateway: try Fixture.gateway(store, changesets) { _ in }, store: store,
                    key: key.secret)
                let masked = try await report(fixture, "Call+0888+123+456")
                let plain = try await report(fixture, "A+hole")
                try await body(
                    Office(
                        fixture: fixture, pool: pool, staff: (client, desk.secret),
                        masked: masked, plain: plain))
            }
        }

        private static func report(_ fixture: Fixture, _ text: String) async throws -> String {
            let answer = await fixture.post(
                "\(Fixture.sofia)/requests.json",
                "api_key=\(fixture.key)&service_code=POTHOLE&lat=42.7&long=23.3&description=\(text)"
            )
            return try #require(answer.member("service_request_id"), "\(answer.text)")
        }

        func get(_ path: String, as key: String? = nil) async -> EdgeResponse {
            await fixture.gateway.respond(
                method: "GET", target: Fixture.sofia + path,
                headers: [("Host", "gateway.example")] + (key.map { [("X-API-Key", $0)] } ?? []),
                address: "203.0.113.77")
        }

        func tell(_ report: String, as key: String, _ text: String, _ more: String = "") async
            -> EdgeResponse
        {
            await fixture.post(
                "\(Fixture.sofia)/servicerequestupdates.json",
                "api_key=\(key)&service_request_id=\(report)&update_id=\(UInt32.random(in: 0 ... .max))"
                    + "&updated_datetime=2026-01-01T00:00:00Z&description=\(text)" + more)
        }

        /// How many sessions wait for others.
        func waiting() async throws -> Int {
            let rows = try await pool.query(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)
            guard var cells = rows.first?.cells else { return 0 }
            return try cells.next()
        }

        /// The entries since the last call of it, the oldest first, but for those of keys.
        func entries() async throws -> [AuditEntry] {
            var filter = AuditFilter()
            filter.actions = Set(AuditEntry.Action.allCases).subtracting([.keyCreated])
            return try await fixture.store.entries(filter).map(\.entry).reversed()
        }
    }

    @Test func `the public leaves nothing in the log`() async throws {
        try await Office.with { office in
            _ = await office.tell(
                office.plain, as: office.fixture.key, "or+0888+123+456", "&status=OPEN")
            for path in [
                "/requests.json", "/requests.json?extensions=true",
                "/requests/\(office.masked).json",
                "/requests/\(office.masked).json?extensions=true", "/servicerequestupdates.json",
            ] {
                for key in [nil, office.fixture.key] {
                    let answer = await office.get(path, as: key)
                    #expect(answer.status == 200 && !answer.text.contains("0888"), "\(path)")
                }
            }
            let entries = try await office.entries()
            #expect(entries.isEmpty)
        }
    }

    @Test func `each answer that shows staff an original is one entry`() async throws {
        try await Office.with { office in
            let told = await office.tell(
                office.plain, as: office.fixture.key, "or+0888+123+456", "&status=OPEN")
            #expect(told.status == 200, "\(told.text)")
            let (masked, plain) = (
                Report.ID(rawValue: office.masked), Report.ID(rawValue: office.plain)
            )
            let both = [masked, plain].compactMap(\.self).sorted { $0.rawValue < $1.rawValue }
            let cases: [(String, [Report.ID])] = [
                ("/requests.json", [masked].compactMap(\.self)),
                ("/requests.json?extensions=true", both),
                ("/requests/\(office.masked).json", [masked].compactMap(\.self)),
                ("/requests/\(office.plain).json", []),
                ("/requests/\(office.plain).json?extensions=true", [plain].compactMap(\.self)),
                ("/servicerequestupdates.json", [plain].compactMap(\.self)),
            ]
            for (path, reports) in cases {
                let before = try await office.entries().count
                let answer = await office.get(path, as: office.staff.key)
                #expect(
                    answer.status == 200 && answer.text.contains("0888") == !reports.isEmpty,
                    "\(path)")
                let new = try await office.entries().dropFirst(before)
                #expect(new.map(\.reports) == (reports.isEmpty ? [] : [reports]), "\(path)")
                for entry in new {
                    #expect(
                        entry.action == .read && entry.jurisdiction?.rawValue == "sofia.example")
                    #expect(
                        entry.party
                            == AuditEntry.Party(
                                .client, office.staff.client.id.rawValue, from: "203.0.113.0/24"))
                }
            }
        }
    }

    @Test func `notes, updates and erasures of staff are entries`() async throws {
        try await Office.with { office in
            let key = office.staff.key
            #expect(
                await office.tell(
                    office.plain, as: key, "secret", "&status=UNCHANGED&internal=true"
                ).status == 200)
            #expect(await office.tell(office.plain, as: key, "done", "&status=FIXED").status == 200)
            #expect(await office.get("/requests/\(office.plain)/notes", as: key).status == 200)
            #expect(await office.get("/requests/\(office.masked)/notes", as: key).text == "[]")
            let erased = await office.fixture.post(
                "\(Fixture.sofia)/requests/\(office.masked)/erasure.json", "api_key=\(key)")
            #expect(erased.status == 200, "\(erased.text)")
            let entries = try await office.entries()
            #expect(entries.map(\.action) == [.noted, .updated, .notesRead, .erased])
            #expect(entries.allSatisfy { $0.party.name == office.staff.client.id.rawValue })
            #expect(!"\(entries)".contains("secret"))
        }
    }

    @Test func `a slow auditor holds up nobody whose doings are not audited`() async throws {
        try await Office.with { office in
            let key = office.fixture.key
            let (held, holds) = AsyncStream<Void>.makeStream()
            let (answered, release) = AsyncStream<Void>.makeStream()
            async let auditor: Void = office.pool.transaction {
                transaction throws(PostgresError) in
                _ = try await transaction.query("SELECT FROM audit_head FOR UPDATE")
                holds.finish()
                for await _ in answered {}
            }
            for await _ in held {}
            async let audited = office.tell(
                office.plain, as: office.staff.key, "done", "&status=FIXED")
            for _ in 0..<100 where try await office.waiting() == 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            async let list = office.get("/requests.json")
            async let updates = office.get("/servicerequestupdates.json")
            async let told = office.tell(office.masked, as: key, "Thanks", "&status=OPEN")
            async let report = office.fixture.post(
                "\(Fixture.sofia)/requests.json",
                "api_key=\(key)&service_code=POTHOLE&lat=42.7&long=23.3&description=Another")
            #expect(await [list, updates, told, report].map(\.status) == [200, 200, 200, 200])
            // Whoever waited for the log does so still: none of them waited for him.
            #expect(try await office.waiting() == 1)
            release.finish()
            try await auditor
            #expect(await audited.status == 200)
        }
    }

    @Test func `what cannot be written down is not shown`() async throws {
        try await Office.with { office in
            _ = await office.tell(
                office.plain, as: office.staff.key, "x", "&status=UNCHANGED&internal=true")
            try await office.pool.run(script: "ALTER TABLE audit_head RENAME TO away")
            for path in [
                "/requests.json", "/requests/\(office.masked).json",
                "/requests/\(office.plain)/notes",
            ] {
                let answer = await office.get(path, as: office.staff.key)
                #expect(
                    answer.status == 503 && !answer.text.contains("0888"), "\(path): \(answer.text)"
                )
                #expect(answer.headers.contains { $0.name == "Retry-After" })
            }
            #expect(
                await office.get("/requests/\(office.plain).json", as: office.staff.key).status
                    == 200)
            #expect(await office.get("/requests.json").status == 200)
        }
    }
}
