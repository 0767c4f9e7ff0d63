import DatabaseKit
import Foundation
import Postgres
import Reports
import Synchronization
import Testing

@testable import CaseStore

extension CaseStoreTests {
    /// The migrations to sealed data and to the audit log, over a database that is not empty (B1).
    @Suite struct FilledMigrations {
        /// How many reports there are, each with a person, an original, a supporter, an update with
        /// its author and original, and a delivery with a try.
        private static let count = 4000

        /// What the version of m0013 wrote: nothing of it is sealed, and each client has one key.
        private static let contents = """
            INSERT INTO jurisdiction VALUES
                ('sofia.example', 'sofia', sha256('x'), '2026-01-01 00:00:00Z');
            INSERT INTO peer (name) VALUES ('city');
            INSERT INTO client_key (
                id, digest, name, jurisdictions, absent, success, created, scopes, revoked)
            SELECT 'o311_old' || n, sha256(convert_to('key ' || n, 'UTF8')), 'App ' || n, '{}',
                'null', 200, '2026-01-01Z',
                CASE n WHEN 1 THEN '{staff}'::text[] ELSE '{report}' END,
                CASE n WHEN 2 THEN timestamptz '2026-02-01Z' END
            FROM generate_series(1, 100) AS n;
            CREATE TEMPORARY TABLE number ON COMMIT DROP AS
                SELECT n, 'sofia-' || n AS report, 'u' || n AS told FROM generate_series(1, 4000) AS n;
            INSERT INTO report (
                id, jurisdiction, stage, service, status, description, requested, updated,
                latitude, longitude, channel, visibility, published)
            SELECT report, 'sofia.example', 'production', 'POTHOLE', 'open', 'Call •••',
                '2026-03-01Z', '2026-03-01Z', 42.7, 23.3, 'open311', 'public', '2026-03-01Z'
            FROM number;
            INSERT INTO contact.contact (report, email, first_name, phone, device_id, unknown)
            SELECT report, 'Ann' || n || '@Example.org', 'Ann', '+359 88 ' || n, 'device ' || n,
                '[{"name": "passport", "value": "P 1"}]'
            FROM number;
            INSERT INTO contact.original (report, description)
                SELECT report, 'Call 0888 123 456, ' || n FROM number;
            INSERT INTO contact.supporter (report, person, client, created)
            SELECT report, sha256(convert_to('friend ' || n, 'UTF8')), 'o311_old3', '2026-03-01Z'
            FROM number;
            INSERT INTO "update" (
                id, report, named, jurisdiction, stage, client, foreign_id, told, kind, detail,
                description, published)
            SELECT told, report, report, 'sofia.example', 'production', 'o311_old3', told,
                '2026-03-02Z', 'comment', 'OPEN', 'or •••', '2026-03-02Z'
            FROM number;
            INSERT INTO contact.author ("update", email, first_name)
                SELECT told, 'bob' || n || '@example.org', 'Bob' FROM number;
            INSERT INTO contact.original ("update", description)
                SELECT told, 'or 0887 654 321, ' || n FROM number;
            INSERT INTO delivery (
                peer, report, event, kind, state, reason, attempts, created, due, first_tried)
            SELECT 'city', report, gen_random_uuid(), 'report', 'parked', 'delivery ' || n || ': no',
                1, '2026-03-01Z', '2026-03-01Z', '2026-03-01Z'
            FROM number;
            INSERT INTO attempt (delivery, number, started, ended, outcome, status, reason)
            SELECT id, 1, timestamptz '2026-03-01 00:00:00.123457Z', '2026-03-01 00:00:01Z',
                'refused', 400, 'attempt of ' || report || ': no'
            FROM delivery;
            INSERT INTO inbox (peer, kind, remote_id, content, state, reason, received, payload)
            SELECT 'city', 'update', 'T' || n, sha256('x'), 'quarantined', 'unmapped',
                '2026-03-01Z', jsonb_build_object('said', 'inbox ' || n || ': Ann')
            FROM number;
            """

        /// A class for what two tasks see, under a mutex.
        private final class Flag: Sendable {
            let value = Mutex(false)
        }

        /// What is written meanwhile: the longest that one write took, and how many there were.
        private static func writing(
            on pool: Pool, while work: () async throws -> Void
        ) async throws -> (longest: Duration, count: Int) {
            let isDone = Flag()
            async let written = {
                var (longest, count) = (Duration.zero, 0)
                while !isDone.value.withLock({ $0 }) {
                    for table in ["contact.contact", "contact.original"] {
                        let begin = ContinuousClock.now
                        _ = try await pool.query(
                            SQL(
                                verbatim:
                                    "UPDATE \(table) SET report = report WHERE report = 'sofia-7'"))
                        longest = max(longest, begin.duration(to: .now))
                        count += 1
                    }
                }
                return (longest, count)
            }()
            let result: Result<Void, any Error>
            do {
                result = .success(try await work())
            } catch {
                result = .failure(error)
            }
            isDone.value.withLock { $0 = true }
            let (longest, count) = try await written
            try result.get()
            return (longest, count)
        }

        /// That all is read as it was written.
        private static func look(_ store: CaseStore, in pool: Pool) async throws {
            let numbers = Array(1...count)
            let ids = numbers.compactMap { Report.ID(rawValue: "sofia-\($0)") }
            let originals = try await store.originals(of: ids)
            #expect(originals.count == count)
            for (number, id) in zip(numbers, ids) {
                #expect(originals[id]?.description == "Call 0888 123 456, \(number)")
            }
            let notes = try await store.notes(of: ids, for: .staff)
            for (number, id) in zip(numbers, ids) {
                #expect(notes[id]?.last?.description == "or 0887 654 321, \(number)")
            }
            for number in [1, 2017, count] {
                let reports = try await store.records(email: "ann\(number)@example.org", phone: nil)
                let record = try #require(reports.first)
                #expect(reports.count == 1 && record.kind == .report)
                #expect(record.person.email == "Ann\(number)@Example.org")
                #expect(record.person.firstName == "Ann")
                #expect(record.person.deviceID == "device \(number)")
                #expect(record.unknown?.contains("P 1") == true)
                #expect(
                    try await store.records(email: nil, phone: "0035988\(number)").map(\.report)
                        == [record.report])
                let told = try await store.records(email: "BOB\(number)@example.org", phone: nil)
                #expect(told.map(\.description) == ["or 0887 654 321, \(number)"])
            }
            #expect(try await store.reports(Sample.filter(), now: Sample.now).reports.count > 0)
        }

        @Test func `thousands of reports are read as before, and sealed in time`() async throws {
            try await TestDatabase.withPool(connections: 4, transactions: 3) { pool in
                let migrations = CaseStore.migrations
                let sealing = try #require(migrations.firstIndex { $0.name == "m0014-sealing" })
                _ = try await Migrator.migrate(Array(migrations[..<sealing]), on: pool)
                try await pool.run(script: Self.contents)
                let store = CaseStore(sealing: pool)
                let begin = ContinuousClock.now
                let written = try await Self.writing(on: pool) {
                    let applied = try await store.migrate()
                    #expect(applied.prefix(2) == ["m0014-sealing", "m0015-audit"])
                }
                let took = begin.duration(to: .now)
                print(
                    "m0014 and m0015 over \(Self.count) reports took \(took); of \(written.count) writes "
                        + "beside them the longest took \(written.longest)")
                #expect(written.count > 0)
                try await Self.look(store, in: pool)
                // Whoever had a key has it still, and may what he might.
                let clients = try await store.clients()
                #expect(clients.count == 99)
                #expect(try await store.list().count == 100)
                #expect(
                    try await store.client(of: "key 1")?.scopes == [.staff, .supervisor])
                #expect(try await store.client(of: "key 2") == nil)
                #expect(try await store.client(of: "key 3")?.id.rawValue == "o311_old3")

                let texts = [
                    ("Ann17@Example.org", "contact.contact"), ("device 17", "contact.contact"),
                    ("bob17@example.org", "contact.author"), ("456, 17", "contact.original"),
                    ("321, 17", "contact.original"), ("delivery 17: no", "public.delivery"),
                    ("attempt of sofia-17: no", "public.attempt"),
                    ("inbox 17: Ann", "public.inbox"),
                ]
                for (text, table) in texts {
                    #expect(try await store.tables(with: text) == [table])
                }
                let keys = try store.settings.sealer.keys()
                #expect(try await store.unlock(with: keys, now: Sample.now) == nil)
                let sealed = try await store.reseal(.plain, in: Sample.catalogue())
                #expect(sealed.rows == 8 * Self.count && sealed.unreadable == 0)
                #expect(try await !store.isPlain())
                try await Self.look(store, in: pool)
                for (text, table) in texts {
                    #expect(try await store.tables(with: text) == ["sealed \(table)"])
                }
                #expect(try await store.unreadable(with: keys) == Unreadable())
                let friends = try await pool.number(
                    """
                    SELECT count(*) FROM contact.supporter
                    WHERE person = sha256(convert_to('friend ' || substr(report, 7), 'UTF8'))
                    """)
                #expect(friends == 0)
            }
        }
    }
}
