import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    /// A11, P11: who saw what is written down, and nobody can change it unseen.
    @Suite struct Audit {
        static let desk = AuditEntry.Party(.client, "o311_4kTz9Q", from: "192.0.2.0/24")

        static func entry(
            _ action: AuditEntry.Action = .read, _ reports: [String] = ["sofia-1"],
            in place: Jurisdiction.ID? = Sample.sofia.id
        ) -> AuditEntry {
            AuditEntry(
                action, by: desk, in: place, reports: reports.map { Sample.name($0) },
                subject: "it's \"this\"",
                changes: [
                    "detail": AuditEntry.Change("OPEN", "FIXED"),
                    "agency": AuditEntry.Change(nil, "Пътища\n\\"),
                ])
        }

        /// Writes so many entries, one after the other.
        static func fill(_ store: CaseStore, _ count: Int, from first: Int = 1) async throws {
            for number in first..<first + count {
                try await store.audit(
                    [entry(.read, ["sofia-\(number)"])],
                    now: Sample.now.addingTimeInterval(Double(number)))
            }
        }

        /// Does what only the owner of the tables can do, and he only on purpose.
        static func tamper(_ pool: Pool, _ statements: String...) async throws {
            try await pool.run(
                script: (["ALTER TABLE audit_entry DISABLE TRIGGER USER"] + statements + [
                    "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_append_only",
                    "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_kept",
                    "ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_chained",
                ]).joined(separator: ";"))
        }

        @Test func `an entry is kept as it was written, and found by its report`() async throws {
            try await withStore { store, _ in
                try await store.audit(
                    [Self.entry(), Self.entry(.notesRead, ["sofia-2", "sofia-1"])], now: Sample.now)
                try await store.audit(
                    [AuditEntry(.peerPaused, by: .viaduct, subject: "roads")], now: Sample.now)
                let all = try await store.entries(AuditFilter())
                #expect(all.map(\.number) == [3, 2, 1])
                #expect(all.last?.entry == Self.entry())
                #expect(all.last?.time == Sample.now)
                #expect(Set(all.map(\.hash)).count == 3)
                var filter = AuditFilter()
                filter.report = Sample.name("sofia-2")
                #expect(try await store.entries(filter).map(\.number) == [2])
                filter.actions = [.read]
                #expect(try await store.entries(filter).isEmpty)
            }
        }

        @Test func `entries are found by place, time and page`() async throws {
            try await withStore { store, _ in
                try await store.audit(
                    [
                        Self.entry(), Self.entry(in: Sample.mitrovica.id), Self.entry(in: nil),
                        Self.entry(.exported, in: nil),
                    ], now: Sample.now)
                func numbers(_ change: (inout AuditFilter) -> Void) async throws -> [Int] {
                    var filter = AuditFilter()
                    change(&filter)
                    return try await store.entries(filter).map(\.number)
                }
                let here = try await numbers { $0.place = .jurisdiction(Sample.sofia.id) }
                #expect(here == [1])
                let nowhere = try await numbers {
                    $0.place = .jurisdictionAndNowhere(Sample.mitrovica.id)
                }
                #expect(nowhere == [4, 3, 2])
                let page = try await numbers { ($0.before, $0.limit) = (4, 2) }
                #expect(page == [3, 2])
                let taken = try await numbers { $0.actions = AuditEntry.Action.taking }
                #expect(taken == [4])
                let later = try await numbers { $0.since = Sample.now.addingTimeInterval(1) }
                #expect(later.isEmpty)
            }
        }

        @Test func `entries that are written at once are one chain`() async throws {
            try await withStore { store, _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<40 {
                        group.addTask {
                            try await store.audit(
                                [Self.entry(.read, ["sofia-\(number)"])], now: Sample.now)
                        }
                    }
                    try await group.waitForAll()
                }
                let verdict = try await store.verifyAudit(.whole)
                #expect(verdict.flaw == nil)
                #expect(verdict.checked == 40 && verdict.end.number == 40)
            }
        }

        @Test func `an empty log is whole`() async throws {
            try await withStore { store, _ in
                let verdict = try await store.checkpointAudit(now: Sample.now)
                #expect(verdict.flaw == nil && verdict.checked == 0)
                #expect(try await store.verifyAudit(.whole) == verdict)
            }
        }

        @Test func `nobody changes, removes or empties what is written`() async throws {
            try await withStore { store, pool in
                try await Self.fill(store, 3)
                _ = try await store.checkpointAudit(now: Sample.now)
                for statement: SQL in [
                    "UPDATE audit_entry SET name = 'nobody'", "DELETE FROM audit_entry",
                    "TRUNCATE audit_entry", "DELETE FROM audit_head", "TRUNCATE audit_head",
                    "UPDATE audit_checkpoint SET number = 1", "DELETE FROM audit_checkpoint",
                    "TRUNCATE audit_checkpoint", "DELETE FROM audit_cut", "TRUNCATE audit_cut",
                    "SELECT audit_cut_off(now())",
                ] {
                    await #expect(throws: PostgresError.refused(state: "P0001"), "\(statement)") {
                        try await pool.query(statement)
                    }
                }
                await #expect(throws: PostgresError.self) {
                    try await pool.run(
                        script: """
                            SET session_replication_role = 'replica';
                            DELETE FROM audit_entry
                            """)
                }
                #expect(try await store.verifyAudit(.whole).checked == 3)
            }
        }

        @Test(arguments: [
            (
                "UPDATE audit_entry SET name = 'nobody' WHERE number = 3",
                AuditVerdict.Flaw.altered(number: 3)
            ),
            ("UPDATE audit_entry SET reports = '{}' WHERE number = 5", .altered(number: 5)),
            (
                "UPDATE audit_entry SET recorded = recorded + interval '1 us' WHERE number = 1",
                .altered(number: 1)
            ),
            ("UPDATE audit_entry SET source = NULL WHERE number = 2", .altered(number: 2)),
            ("UPDATE audit_entry SET changes = NULL WHERE number = 2", .altered(number: 2)),
            ("DELETE FROM audit_entry WHERE number = 3", .missing(number: 3)),
            ("DELETE FROM audit_entry WHERE number = 1", .missing(number: 1)),
            ("DELETE FROM audit_entry WHERE number > 4", .cutShort(from: 5)),
            ("DELETE FROM audit_entry", .cutShort(from: 1)),
            (
                """
                DELETE FROM audit_entry WHERE number > 4;
                UPDATE audit_head SET (number, hash) = (
                    SELECT number, hash FROM audit_entry WHERE number = 4)
                """, .cutShort(from: 5)
            ),
        ])
        func `the first entry that was changed or taken away is named`(
            statement: String, flaw: AuditVerdict.Flaw
        ) async throws {
            try await withStore { store, pool in
                try await Self.fill(store, 6)
                _ = try await store.checkpointAudit(now: Sample.now)
                #expect(try await store.verifyAudit(.whole).flaw == nil)
                try await Self.tamper(pool, statement)
                #expect(try await store.verifyAudit(.whole).flaw == flaw)
            }
        }

        @Test func `who writes the rest of the chain anew is told by what was noted before`()
            async throws
        {
            try await withStore { store, pool in
                try await Self.fill(store, 4)
                let mark = try await store.verifyAudit(.whole).end
                try await Self.fill(store, 2, from: 5)
                try await Self.tamper(
                    pool, "UPDATE audit_entry SET name = 'nobody' WHERE number = 2",
                    """
                    DO $$
                    DECLARE
                        former bytea := decode(repeat('00', 32), 'hex');
                        e audit_entry;
                    BEGIN
                        FOR e IN SELECT * FROM audit_entry ORDER BY number LOOP
                            former := audit_hash(
                                former, e.number, e.recorded, e.actor, e.name, e.source, e.action,
                                e.jurisdiction, e.reports, e.subject, e.changes);
                            UPDATE audit_entry SET hash = former WHERE number = e.number;
                        END LOOP;
                        UPDATE audit_head SET hash = former;
                    END
                    $$
                    """)
                #expect(try await store.verifyAudit(.whole).flaw == nil)
                let text = try #require(AuditMark(parsing: "\(mark)"))
                #expect(
                    try await store.verifyAudit(.whole, marks: [text]).flaw == .rewritten(number: 4)
                )
            }
        }

        @Test func `a checkpoint lets what came before it be, and is looked at itself`()
            async throws
        {
            try await withStore { store, pool in
                try await Self.fill(store, 3)
                #expect(try await store.checkpointAudit(now: Sample.now).checked == 3)
                try await Self.fill(store, 2, from: 4)
                #expect(try await store.verifyAudit(.recent).checked == 2)
                #expect(try await store.checkpointAudit(now: Sample.now).checked == 2)
                #expect(try await store.checkpointAudit(now: Sample.now).checked == 0)
                try await Self.tamper(
                    pool, "UPDATE audit_entry SET name = 'nobody' WHERE number = 2",
                    "UPDATE audit_entry SET hash = sha256('') WHERE number = 3")
                #expect(try await store.verifyAudit(.recent).flaw == nil)
                #expect(try await store.verifyAudit(.whole).flaw == .altered(number: 2))
            }
        }

        @Test func `what was kept for long enough goes, and the rest is whole`() async throws {
            try await withStore { store, pool in
                let (old, new) = (Date(timeIntervalSinceNow: -800 * 86_400), Date())
                for _ in 0..<5 { try await store.audit([Self.entry()], now: old) }
                try await store.audit([Self.entry()], now: new)
                try await store.audit([Self.entry()], now: old)
                _ = try await store.checkpointAudit(now: new)
                let early = Date(timeIntervalSinceNow: -730 * 86_400)
                #expect(try await store.cutAudit(before: early) == 5)
                #expect(try await store.cutAudit(before: early) == 0)
                // What came behind a younger one waits for it; that it was cut stands there as well.
                let left = try await store.entries(AuditFilter())
                #expect(left.map(\.number) == [8, 7, 6])
                #expect(left.first?.entry.action == .cut)
                let verdict = try await store.verifyAudit(.whole)
                #expect(verdict.flaw == nil && verdict.checked == 3)
                try await Self.tamper(pool, "DELETE FROM audit_entry WHERE number = 6")
                #expect(try await store.verifyAudit(.whole).flaw == .missing(number: 6))
            }
        }

        @Test func `all of it may go, and the chain goes on`() async throws {
            try await withStore { store, _ in
                let old = Date(timeIntervalSinceNow: -800 * 86_400)
                for _ in 0..<3 { try await store.audit([Self.entry()], now: old) }
                let early = Date(timeIntervalSinceNow: -100 * 86_400)
                #expect(try await store.cutAudit(before: early) == 3)
                let verdict = try await store.verifyAudit(.whole)
                #expect(verdict.flaw == nil && verdict.end.number == 4)
            }
        }

        @Test func `a role for the application may add entries and do nothing else with them`()
            async throws
        {
            try await withStore { store, pool in
                try await Self.fill(store, 1)
                // Where the user may make no roles there is none.
                let roles = try await pool.number(
                    "SELECT count(*) FROM pg_roles WHERE rolname = 'viaduct_application'")
                guard roles == 1 else { return }
                let rows = try await pool.query(
                    """
                    SELECT place || ' ' || string_agg(right_, ',' ORDER BY right_) FROM unnest(ARRAY[
                        'audit_entry', 'audit_head', 'audit_checkpoint', 'audit_cut', 'audit_clock', 'event',
                        'schema_migration', 'report', 'contact.contact', 'issued_key'
                    ]) AS place, unnest(ARRAY[
                        'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS right_
                    WHERE has_table_privilege('viaduct_application', place, right_)
                    GROUP BY place ORDER BY place
                    """)
                var rights: [String] = []
                for row in rows {
                    var cells = row.cells
                    rights.append(try cells.next())
                }
                #expect(
                    rights == [
                        "audit_checkpoint INSERT,SELECT", "audit_clock SELECT",
                        "audit_cut SELECT", "audit_entry INSERT,SELECT", "audit_head SELECT",
                        "contact.contact DELETE,INSERT,SELECT,UPDATE", "event INSERT,SELECT",
                        "issued_key DELETE,INSERT,SELECT,UPDATE",
                        "report DELETE,INSERT,SELECT,UPDATE", "schema_migration SELECT",
                    ])
                try await Self.asMember(pool) { try await Self.actAsApplication(pool) }
                #expect(try await store.verifyAudit(.whole).checked == 2)
            }
        }

        /// Does the work while the user is a member of the role, which all databases of the server know.
        static func asMember(_ pool: Pool, _ work: () async throws -> Void) async throws {
            try await pool.run(script: "GRANT viaduct_application TO CURRENT_USER")
            let result: Result<Void, any Error>
            do {
                result = .success(try await work())
            } catch {
                result = .failure(error)
            }
            try await pool.run(script: "REVOKE viaduct_application FROM CURRENT_USER")
            try result.get()
        }

        private static func actAsApplication(_ pool: Pool) async throws {
            let adding = """
                INSERT INTO audit_entry (recorded, actor, name, action, reports)
                VALUES (now(), 'system', 'viaduct', 'report.read', '{}')
                """
            try await pool.run(script: "SET LOCAL ROLE viaduct_application; \(adding)")
            for statement in [
                "UPDATE audit_entry SET name = ''", "DELETE FROM audit_entry",
                "TRUNCATE audit_entry", "UPDATE audit_head SET number = 0",
                "INSERT INTO audit_cut VALUES (1, sha256(''), now())",
                "UPDATE audit_clock SET shown = now()",
                "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            ] {
                await #expect(throws: PostgresError.refused(state: "42501"), "\(statement)") {
                    try await pool.run(script: "SET LOCAL ROLE viaduct_application; \(statement)")
                }
            }
        }
    }

    /// What the case store itself writes down.
    @Suite struct Audited {
        static func last(_ store: CaseStore) async throws -> AuditEntry? {
            try await store.entries(AuditFilter()).first?.entry
        }

        @Test func `an erasure is written down once, and what finds nothing is not`() async throws {
            try await withStore { store, pool in
                let id = try await store.add(
                    Sample.draft(reporter: Privacy.reporter), by: Sample.client,
                    idempotency: Sample.key("k"), now: Sample.now
                ).receipt.id
                var order = ErasureOrder(id, .contact)
                order.party = Audit.desk
                for _ in 0..<2 {
                    _ = try await store.erase(order, in: Sample.catalogue(), now: Sample.now)
                }
                #expect(
                    try await Self.last(store)
                        == AuditEntry(
                            .erased, by: Audit.desk, in: Sample.sofia.id, reports: [id],
                            subject: "contact"))
                #expect(try await pool.number("SELECT count(*) FROM audit_entry") == 1)
            }
        }

        @Test func `who was looked for is found by whoever has the keys, and guessed by nobody`()
            async throws
        {
            try await withStore { store, pool in
                let ann = try #require(Sought(email: "Ann@Example.org", phone: "00359 888 1"))
                let old = Fingerprint.plain("ann@example.org").hexadecimal
                for subject in [old, try store.subject(of: ann), "up to 7"] {
                    try await store.audit(
                        [AuditEntry(.exported, by: Audit.desk, subject: subject)], now: Sample.now)
                }
                for guess in ["ann@example.org", "Ann@Example.org", "3598881"] {
                    let digest = Fingerprint.plain(guess).hexadecimal
                    let found = try await pool.number(
                        "SELECT count(*) FROM audit_entry WHERE number > 1 AND subject LIKE \("%\(digest)%")"
                    )
                    #expect(found == 0)
                }
                // Also with another key, as long as the old one is kept; and in older entries.
                let keys = try store.settings.sealer.keys()
                let node = Self.node(
                    store, DataKeys(.made(), former: [keys.current]))
                for (sought, numbers) in [
                    (ann, [2, 1]), (Sought(email: "ann@example.org", phone: nil), [2, 1]),
                    (Sought(email: nil, phone: "+359 8881"), [2]),
                    (Sought(email: "bob@example.org", phone: nil), []),
                ] {
                    var filter = AuditFilter()
                    filter.sought = try #require(sought)
                    for store in [store, node] {
                        #expect(try await store.entries(filter).map(\.number) == numbers)
                        #expect(try await store.unjudged(filter).isEmpty)
                    }
                }
            }
        }

        private static func node(_ store: CaseStore, _ keys: DataKeys) -> CaseStore {
            var settings = store.settings
            settings.sealer = Sealer(keys)
            return CaseStore(pool: store.pool, settings: settings)
        }

        @Test func `exports of which a missing key would tell are counted`() async throws {
            try await withStore { store, pool in
                let ann = try #require(Sought(email: "ann@example.org", phone: "00359 888 1"))
                let bob = try #require(Sought(email: "bob@example.org", phone: nil))
                let later = Sample.now.addingTimeInterval(100)
                let entries = [
                    (AuditEntry.Action.exported, try store.subject(of: ann), Sample.now),
                    (.exported, try store.subject(of: bob), later),
                    (.exported, Fingerprint.plain("ann@example.org").hexadecimal, later),
                    (.keyCreated, "peer:1", later), (.backedUp, "deadbeef:1", later),
                ]
                for (action, subject, time) in entries {
                    try await store.audit(
                        [AuditEntry(action, by: Audit.desk, subject: subject)], now: time)
                }
                let (old, new) = (try store.settings.sealer.keys(), DataKeys.made())
                var filter = AuditFilter()
                filter.sought = ann
                filter.actions = AuditEntry.Action.taking
                let node = Self.node(store, new)
                #expect(try await node.entries(filter).map(\.number) == [3])
                #expect(try await node.unjudged(filter) == ["\(old.current.id)": 2])
                filter.since = later
                #expect(try await node.unjudged(filter) == ["\(old.current.id)": 1])
                let whole = Self.node(store, DataKeys(new.current, former: [old.current]))
                #expect(try await whole.unjudged(filter).isEmpty)
            }
        }

        @Test func `older entries are found as their names were written then`() async throws {
            try await withStore { store, pool in
                for name in ["003598881", "3598881", " ann@ example.org", "ann@example.org"] {
                    let subject = Fingerprint.plain(name).hexadecimal
                    try await store.audit(
                        [AuditEntry(.exported, by: Audit.desk, subject: subject)], now: Sample.now)
                }
                for (sought, numbers) in [
                    (Sought(email: nil, phone: "00359 888-1"), [2, 1]),
                    (Sought(email: nil, phone: "+359 888 1"), [2, 1]),
                    (Sought(email: " Ann@ Example.org", phone: nil), [4, 3]),
                    (Sought(email: "ann@example.org", phone: nil), [4]),
                ] {
                    var filter = AuditFilter()
                    filter.sought = try #require(sought)
                    #expect(try await store.entries(filter).map(\.number) == numbers)
                }
            }
        }

        @Test(arguments: [
            (nil, nil), ("", nil), (" ", nil), (nil, "abc"), (nil, ""), ("a@b.c", "abc"),
            ("", "1"),
        ])
        func `who is looked for must be named`(email: String?, phone: String?) {
            #expect(Sought(email: email, phone: phone) == nil)
        }

        @Test func `what staff write is written down, their words as a digest`() async throws {
            try await withStore { store, pool in
                let id = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now
                ).receipt.id
                var draft = Sample.update("1", of: id, told: 10, .fixed, text: "Ann did it")
                _ = try await store.publish(
                    draft, by: Sample.client, actor: .operator, party: Audit.desk, now: Sample.now)
                let entry = try #require(try await Self.last(store))
                #expect(entry.action == .updated && entry.reports == [id])
                #expect(entry.changes["status"] == AuditEntry.Change("open", "closed"))
                #expect(entry.changes["detail"]?.after == "FIXED")
                let key = try store.settings.sealer.keys().current
                #expect(
                    entry.changes["text_hmac"]?.after == key.auditMark("Ann did it", of: .text))
                #expect(entry.changes["text_sha256"] == nil)
                // A repeat changes nothing, and neither is what others write audited.
                _ = try await store.publish(
                    draft, by: Sample.client, actor: .operator, party: Audit.desk, now: Sample.now)
                draft = Sample.update("2", of: id, told: 20, text: "Thanks")
                _ = try await store.publish(
                    draft, by: Sample.client, actor: .client, now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM audit_entry") == 1)
            }
        }
    }
}
