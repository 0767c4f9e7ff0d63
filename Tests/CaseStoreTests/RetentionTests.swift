import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Retaining {
        private static let day: TimeInterval = 86_400
        private static let plate = Sample.name("PLATE", as: Attribute.Code.self)

        private static func catalogue(
            _ retention: Reports.Privacy.Retention = .init()
        ) throws -> Catalogue {
            let question = Attribute(
                code: plate, datatype: .string, purpose: .optional,
                question: Sample.localized("Plate"), visibility: .private)
            let pothole = Service(
                code: Sample.name("POTHOLE"), name: Sample.localized("Hole"),
                group: Sample.localized("Streets"), attributes: [question])
            return try Sample.catalogue([
                Jurisdiction(
                    id: Sample.sofia.id, slug: Sample.sofia.slug,
                    name: Sample.localized("Sofia"), contact: "help@example.org",
                    languages: [Sample.name("bg")], timeZone: "Europe/Sofia", services: [pothole],
                    privacy: Reports.Privacy(retention: retention))
            ])
        }

        /// A report with a person, told at the beginning and closed after a day, or not.
        private static func report(
            _ key: String, to store: CaseStore, closed: Bool = true, isPersonal: Bool = true
        ) async throws -> Report.ID {
            let id = try await store.add(
                Sample.draft(
                    description: isPersonal ? "Call 0888 123 456" : "A hole",
                    answers: isPersonal ? [Answer(code: plate, values: ["canary plate"])] : [],
                    reporter: isPersonal ? Privacy.reporter : Reporter()),
                by: Sample.client, idempotency: Sample.key(key), now: Sample.now
            ).receipt.id
            guard closed else { return id }
            _ = try await store.told(
                Sample.update(
                    "1", of: id, told: day, .closed, text: isPersonal ? "I did, 044 123 456" : nil,
                    author: isPersonal ? Privacy.reporter : Reporter()), at: day)
            return id
        }

        private static func people(_ pool: Pool) async throws -> Int {
            try await pool.number(
                """
                SELECT (SELECT count(*) FROM contact.contact) + (SELECT count(*) FROM contact.author)
                    + (SELECT count(*) FROM contact.original)
                """)
        }

        private static func retain(
            _ store: CaseStore, after days: Double, _ catalogue: Catalogue? = nil
        ) async throws -> Expired {
            let now = Sample.now.addingTimeInterval(days * day)
            let catalogue = try catalogue ?? Self.catalogue()
            let expected = try await store.expired(in: catalogue, now: now)
            let gone = try await store.retain(in: catalogue, now: now)
            #expect(expected == gone, "what would go is what goes")
            #expect(try await store.expired(in: catalogue, now: now).allSatisfy(\.isNothing))
            #expect(try await store.retain(in: catalogue, now: now).allSatisfy(\.isNothing))
            return try #require(gone.first { $0.jurisdiction == Sample.sofia.id })
        }

        @Test func `contact data goes half a year after the closing, and not before`()
            async throws
        {
            try await withStore { store, pool in
                let closed = try await Self.report("closed", to: store)
                let open = try await Self.report("open", to: store, closed: false)
                _ = try await Self.report("nobody", to: store, isPersonal: false)
                #expect(try await Self.retain(store, after: 180.9).contacts == 0)
                #expect(try await Self.people(pool) == 6)
                #expect(try await Self.retain(store, after: 181.1).contacts == 1)
                // What is left is that of the open one.
                #expect(try await Self.people(pool) == 2)
                let shown = try await store.found(closed)
                #expect(shown.description == "Call •••" && shown.answers.isEmpty)
                #expect(try await store.found(open).answers.count == 1)
                let events = try await pool.query(
                    """
                    SELECT report, actor, (SELECT string_agg(part, ',') FROM tombstone
                        WHERE tombstone.event = event.id)
                    FROM event WHERE kind = 'erased'
                    """)
                #expect(events.count == 1)
                var cells = try #require(events.first?.cells)
                #expect(try cells.next(String.self) == closed.rawValue)
                #expect(try cells.next(String.self) == "system")
                #expect(try cells.next(String.self) == "contact")
            }
        }

        @Test func `what names a device goes after a month, whether closed or not`() async throws {
            try await withStore { store, pool in
                _ = try await Self.report("closed", to: store)
                _ = try await Self.report("open", to: store, closed: false)
                #expect(try await Self.retain(store, after: 29).devices == 0)
                #expect(try await Self.retain(store, after: 30.5).devices == 2)
                #expect(try await Self.retain(store, after: 31.5).devices == 1)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM contact.contact WHERE email_mark IS NOT NULL") == 2)
                #expect(try await store.tables(with: "canary5") == [])
            }
        }

        @Test func `a jurisdiction may keep it for longer, for shorter, or for ever`()
            async throws
        {
            try await withStore { store, pool in
                _ = try await Self.report("closed", to: store)
                let forever = try Self.catalogue(.init(contact: nil, device: nil))
                let kept = try await Self.retain(store, after: 9999, forever)
                #expect(kept.isNothing)
                let short = try Self.catalogue(.init(contact: .seconds(86_400)))
                #expect(try await Self.retain(store, after: 2.5, short).contacts == 1)
                #expect(try await Self.people(pool) == 0)
            }
        }

        @Test func `of a jurisdiction that is no longer published it goes as of any`()
            async throws
        {
            try await withStore { store, pool in
                _ = try await Self.report("closed", to: store)
                let none = try Sample.catalogue([Sample.mitrovica])
                let gone = try await store.retain(
                    in: none, now: Sample.now.addingTimeInterval(200 * Self.day))
                #expect(gone.map(\.contacts).reduce(0, +) == 1)
                #expect(try await Self.people(pool) == 0)
            }
        }

        @Test func `peers have their own times and are not told`() async throws {
            let city = Sample.peer(
                "city", role: .handler(turn: 1),
                privacy: .init(allowed: [.contact], purpose: "to ask back"))
            try await withPeers([city]) { store, pool in
                let id = try await Self.report("closed", to: store)
                _ = try await store.deliverAll("city", at: 2 * Self.day)
                let gone = try await store.retain(
                    in: try Self.catalogue(), now: Sample.now.addingTimeInterval(200 * Self.day))
                #expect(gone.map(\.contacts).reduce(0, +) == 1)
                #expect(gone.map(\.peerPayloads).reduce(0, +) == 2)
                #expect(try await store.ledger(of: id).allSatisfy { $0.hasSuffix("done") })
                #expect(try await store.ledger(of: id).count == 2)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM attempt WHERE num_nonnulls(reason, sealed_reason) > 0"
                    )
                        == 0)
            }
        }

        /// No report of this id loses its contact data, as if a rule of the schema forbade it.
        private static func keep(_ id: Report.ID, _ pool: Pool) async throws {
            _ = try await pool.query("CREATE TABLE kept AS SELECT \(id.rawValue)::text AS report")
            _ = try await pool.query(
                """
                CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF OLD.report IN (SELECT report FROM kept) THEN
                        RAISE EXCEPTION 'stopped';
                    END IF;
                    RETURN OLD;
                END $$
                """)
            _ = try await pool.query(
                """
                CREATE TRIGGER stop BEFORE DELETE ON contact.contact
                FOR EACH ROW EXECUTE FUNCTION stop()
                """)
        }

        @Test func `one that cannot go keeps none of the others, and goes with the next`()
            async throws
        {
            try await withStore { store, pool in
                var ids: [Report.ID] = []
                for number in 0..<120 {
                    ids.append(try await Self.report("\(number)", to: store))
                }
                let now = Sample.now.addingTimeInterval(200 * Self.day)
                let catalogue = try Self.catalogue()
                try await Self.keep(ids[70], pool)
                let most = try await store.retain(in: catalogue, now: now)
                #expect(most.map(\.contacts).reduce(0, +) == 119)
                #expect(most.contains { $0.failure != nil })
                #expect(try await pool.number("SELECT count(*) FROM contact.contact") == 1)
                // A batch is whole or not at all, and so is one alone.
                #expect(try await pool.number("SELECT count(*) FROM tombstone") == 119)
                _ = try await pool.query("DROP TRIGGER stop ON contact.contact")
                let last = try await store.retain(in: catalogue, now: now)
                #expect(last.map(\.contacts).reduce(0, +) == 1)
                #expect(last.allSatisfy { $0.failure == nil })
                #expect(try await Self.people(pool) == 0)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE kind = 'erased'") == 120
                )
            }
        }

        @Test func `calls come first: for each second of work there are three of rest`() async {
            let clock = ContinuousClock()
            let rest = await clock.measure { await Pace.quarter.rest(after: .milliseconds(40)) }
            #expect(rest >= .milliseconds(120))
        }

        @Test func `supporters, authors and private answers are found where nobody else is`()
            async throws
        {
            try await withStore { store, pool in
                let supported = try await Self.report("s", to: store, isPersonal: false)
                _ = try await pool.query(
                    """
                    INSERT INTO contact.supporter (report, person, client, created)
                    SELECT \(supported.rawValue), decode(repeat('0' || number, 32), 'hex'), 'c',
                        now()
                    FROM generate_series(1, 3) AS number
                    """)
                let asked = try await store.add(
                    Sample.draft(
                        description: "A hole", answers: [Answer(code: Self.plate, values: ["x"])],
                        reporter: Reporter()),
                    by: Sample.client, idempotency: Sample.key("p"), now: Sample.now
                ).receipt.id
                let told = try await Self.report(
                    "u", to: store, closed: false, isPersonal: false)
                for id in [asked, told] {
                    _ = try await store.told(
                        Sample.update(
                            "1", of: id, told: Self.day, .closed, text: nil,
                            author: id == told ? Privacy.reporter : Reporter()), at: Self.day)
                }
                #expect(try await Self.retain(store, after: 180.9).contacts == 0)
                #expect(try await Self.retain(store, after: 181.1).contacts == 3)
                #expect(try await pool.number("SELECT count(*) FROM contact.supporter") == 0)
            }
        }
    }
}
