import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

/// P3: what lies in the database tells nothing without the keys.
extension CaseStoreTests {
    @Suite struct Sealings {
        static let plate: Attribute.Code = Sample.name("PLATE")
        static let colour: Attribute.Code = Sample.name("COLOUR")

        /// Sofia, whose first service asks something private.
        static let asking = Sample.jurisdiction(
            "sofia.example", slug: "sofia",
            services: [
                Service(
                    code: Sample.name("POTHOLE"), name: Sample.localized("Hole"),
                    group: Sample.localized("Streets"),
                    attributes: [
                        Attribute(
                            code: plate, datatype: .string, purpose: .optional,
                            question: Sample.localized("Whose?"), visibility: .private),
                        Attribute(
                            code: colour, datatype: .string, purpose: .optional,
                            question: Sample.localized("What colour?")),
                    ])
            ])
        private static let answers = [
            Answer(code: plate, values: ["canary plate"]), Answer(code: colour, values: ["red"]),
        ]

        /// A report with a person, masks, a private answer, an update, a note and a supporter.
        @discardableResult
        private static func tell(
            _ store: CaseStore, _ key: String = "k"
        ) async throws -> Report.ID {
            let id = try await store.add(
                Sample.draft(
                    in: asking, description: "canary: call 0888 123 456", answers: answers,
                    reporter: Privacy.reporter,
                    unknown: [Report.Draft.Unknown(name: "passport", value: "canary7")]),
                by: Sample.client, idempotency: Sample.key(key), now: Sample.now
            ).receipt.id
            _ = try await store.told(
                Sample.update(
                    "1", of: id, told: 10, text: "or 0887 654 321", author: Privacy.reporter),
                at: 10)
            let friend = try #require(Supporter(Reporter(email: "canary8@example.org")))
            _ = try await store.support(
                id, in: asking.id, stage: .production, by: friend, client: Sample.client,
                now: Sample.now)
            return id
        }

        private static func support(
            _ id: Report.ID, _ email: String, _ store: CaseStore
        ) async throws -> Supported {
            try await store.support(
                id, in: asking.id, stage: .production,
                by: #require(Supporter(Reporter(email: email))), client: Sample.client,
                now: Sample.now)
        }

        /// The same database with these keys.
        private static func node(_ store: CaseStore, _ keys: DataKeys?) -> CaseStore {
            var settings = store.settings
            settings.sealer = keys.map(Sealer.init) ?? Sealer()
            return CaseStore(pool: store.pool, settings: settings)
        }

        /// All that is known of the person of `Privacy.reporter`.
        private static func known(_ store: CaseStore) async throws -> [PersonalRecord] {
            try await store.records(email: "CANARY1@example.org", phone: nil)
        }

        @Test
        func
            `a private answer stands where the public cannot read, and staff and the peer that asks do`()
            async throws
        {
            let question = Mapping.Question(code: "plate", values: [:])
            var city = Sample.peer("city", role: .handler(turn: 1))
            city.mapping.questions = [Self.plate: question]
            try await withPeers([city, Sample.peer("archive")]) { store, _ in
                let id = try await Self.tell(store)
                #expect(try await store.found(id).answers == [Self.answers[1]])
                #expect(
                    try await store.tables(with: "canary plate") == ["sealed contact.original"])
                let original = try #require(try await store.originals(of: [id])[id])
                let whole = try await store.found(id).restored(by: original)
                #expect(Set(whole.answers.map(\.code)) == [Self.plate, Self.colour])
                #expect(try await Self.known(store).first?.answers.count == 2)
                for (peer, count) in [("city", 2), ("archive", 1)] {
                    let turns = try await store.claimed(peer)
                    #expect(turns.first?.report.answers.count == count, "\(peer)")
                    #expect(turns.first?.report.description == "canary: call •••")
                }
            }
        }

        @Test
        func `another key takes over while both are there, and the old one is needed no more`()
            async throws
        {
            let (old, new) = (DataKey.made(), DataKey.made())
            var settings = CaseStore.Settings()
            settings.sealer = Sealer(DataKeys(old))
            try await withStore(settings: settings) { first, pool in
                #expect(try await first.unlock(with: DataKeys(old), now: Sample.now) == nil)
                let id = try await Self.tell(first)
                let told = try await Self.known(first)
                #expect(told.map(\.kind) == [.report, .update])
                // The new one is known everywhere before it is the current one anywhere.
                let next = Self.node(first, DataKeys(new, former: [old]))
                #expect(
                    try await next.unlock(with: DataKeys(new, former: [old]), now: Sample.now)
                        == nil)
                #expect(try await Self.known(next) == told)
                try await Self.tell(next, "l")
                #expect(try await Self.support(id, "canary8@example.org", next) == .already(1))
                let both = try await Self.known(next)
                #expect(both.count == 4)
                // Who has only the old one knows that it is not enough.
                #expect(try await first.checkDataKeys(now: Sample.now) == .missing([new.id]))
                let sealed = try await next.reseal(.everything, in: Sample.catalogue())
                #expect(sealed.unreadable == 0 && sealed.rows == 5)
                #expect(try await next.dataKeys() == [new.id])
                #expect(try await next.reseal(.everything, in: Sample.catalogue()).rows == 0)
                let last = Self.node(first, DataKeys(new))
                #expect(try await last.unlock(with: DataKeys(new), now: Sample.now) == nil)
                #expect(try await Self.known(last) == both)
                #expect(try await Self.support(id, "canary8@example.org", last) == .already(1))
                #expect(try await Self.support(id, "other@example.org", last) == .counted(2))
                #expect(
                    try await last.originals(of: [id])[id]?.description?.hasSuffix("456") == true)
                #expect(try await pool.number("SELECT count(*) FROM contact.supporter") == 3)
            }
        }

        /// What an older release wrote, out of what this one did.
        private static func writePlainly(_ pool: Pool, _ id: Report.ID) async throws {
            for statement in [
                """
                UPDATE contact.contact SET sealed = NULL, sealed_device = NULL, email_mark = NULL,
                    phone_mark = NULL, email = 'canary1@example.org', first_name = 'canary2',
                    last_name = 'canary3', phone = 'canary4', device_id = 'canary5',
                    account_id = 'canary6', unknown = '[{"name": "passport", "value": "canary7"}]'
                """,
                """
                UPDATE contact.author SET sealed = NULL, sealed_device = NULL, email_mark = NULL,
                    phone_mark = NULL, email = 'canary1@example.org', first_name = 'canary2',
                    last_name = 'canary3', phone = 'canary4', device_id = 'canary5',
                    account_id = 'canary6'
                """,
                """
                UPDATE contact.original SET sealed = NULL, description = 'canary: call 0888 123 456'
                WHERE report IS NOT NULL
                """,
                """
                UPDATE contact.original SET sealed = NULL, description = 'or 0887 654 321'
                WHERE "update" IS NOT NULL
                """,
                """
                UPDATE report SET answers = '[{"code": "COLOUR", "values": ["red"]},
                    {"code": "PLATE", "values": ["canary plate"]}]'
                """,
                """
                UPDATE contact.supporter SET sealed = NULL, person = sha256(
                    int8send(octet_length(report)::bigint) || convert_to(report, 'UTF8')
                    || int8send(5) || convert_to('email', 'UTF8') || int8send(-1)
                    || int8send(19) || convert_to('canary8@example.org', 'UTF8'))
                """,
            ] { _ = try await pool.query(SQL(verbatim: statement)) }
        }

        @Test func `what came before there were keys is read, and sealed in time`() async throws {
            try await withStore { store, pool in
                let id = try await Self.tell(store)
                let known = try await Self.known(store)
                let friends = try await store.records(email: "canary8@example.org", phone: nil)
                #expect(friends.map(\.kind) == [.support])
                try await Self.writePlainly(pool, id)
                #expect(try await store.isPlain())
                for _ in 0..<2 {
                    #expect(try await Self.known(store) == known)
                    #expect(
                        try await store.records(email: "canary8@example.org", phone: nil)
                            == friends)
                    #expect(
                        try await Self.support(id, "canary8@example.org", store) == .already(1))
                    let original = try await store.originals(of: [id])[id]
                    #expect(original?.description == "canary: call 0888 123 456")
                    let updates = try await store.updates(
                        UpdateFilter(
                            jurisdiction: Self.asking.id, from: Sample.now,
                            to: Sample.now.addingTimeInterval(60)), audience: .staff,
                        now: Sample.now.addingTimeInterval(60))
                    #expect(updates.map(\.description) == ["or 0887 654 321"])
                    _ = try await store.reseal(.plain, in: try Catalogue([Self.asking]))
                }
                #expect(try await !store.isPlain())
                let tables = try await store.tables(with: "canary1")
                #expect(tables == ["sealed contact.contact", "sealed contact.author"])
                #expect(
                    try await store.tables(with: "canary plate") == ["sealed contact.original"])
                #expect(try await store.tables(with: "0888 123") == ["sealed contact.original"])
                #expect(try await store.found(id).answers == [Self.answers[1]])
                let again = try await store.reseal(.plain, in: try Catalogue([Self.asking]))
                #expect(again == Resealed())
            }
        }

        @Test func `what a peer said and nobody has judged is sealed, and judged later`()
            async throws
        {
            try await InboxWorld.with { world in
                var told = Sample.told(text: "canary says")
                told.service = "NOBODY KNOWS"
                try await world.tell([.report(told)])
                let held = try #require(try await world.store.quarantined().first)
                #expect(held.incoming == .report(told))
                #expect(
                    try await world.store.tables(with: "canary says") == ["sealed public.inbox"])
                _ = try await world.pool.query(
                    SQL(
                        verbatim: """
                            UPDATE inbox SET sealed = NULL,
                                payload = '\(InboxPayload(.report(told)).text)'
                            """))
                #expect(try await world.store.quarantined().first?.incoming == held.incoming)
                let sealed = try await world.store.reseal(.plain, in: Sample.catalogue())
                #expect(sealed.rows == 1)
                #expect(try await world.store.quarantined().first?.incoming == held.incoming)
                #expect(
                    try await world.store.tables(with: "canary says") == ["sealed public.inbox"])
            }
        }

        @Test func `what a peer answered is sealed, and shown to operators`() async throws {
            try await withPeers([Sample.peer("city")]) { store, pool in
                let id = try await Sample.report(to: store)
                let turn = try #require(try await store.claimed("city").first)
                #expect(
                    try await store.finish(
                        turn, as: .parked("no: canary", .none), attempt: Sample.attempt(.refused),
                        now: Sample.now))
                for _ in 0..<2 {
                    let entry = try #require(
                        try await store.deliveries(DeliveryFilter(report: id)).first)
                    #expect(entry.delivery.reason == "no: canary")
                    let attempts = try await store.attempts(of: entry.delivery.id)
                    #expect(attempts.map(\.reason) == ["said so"])
                    #expect(try await store.tables(with: "said so") == ["sealed public.attempt"])
                    #expect(try await store.tables(with: "canary") == ["sealed public.delivery"])
                    _ = try await pool.query(
                        "UPDATE attempt SET reason = 'said so', sealed_reason = NULL")
                    _ = try await pool.query(
                        "UPDATE delivery SET reason = 'no: canary', sealed_reason = NULL")
                    #expect(try await store.isPlain())
                    #expect(try await store.reseal(.plain, in: Sample.catalogue()).rows == 2)
                    #expect(try await !store.isPlain())
                }
                // A person's word instead of it is our own.
                _ = try await store.drop(
                    DeliveryFilter(report: id), reason: "by hand", now: Sample.now)
                let dropped = try await store.deliveries(DeliveryFilter(report: id)).first
                #expect(dropped?.delivery.reason == "by hand")
                #expect(try await !store.isPlain())
            }
        }

        @Test func `who is stopped in the middle goes on where it was`() async throws {
            try await withStore { store, pool in
                try await Self.fill(pool, 2500)
                // The second batch meets something that stops it.
                _ = try await pool.query(
                    SQL(
                        verbatim: """
                            CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
                            BEGIN
                                RAISE EXCEPTION 'stopped';
                            END $$;
                            """))
                _ = try await pool.query(
                    SQL(
                        verbatim: """
                            CREATE TRIGGER stop BEFORE UPDATE ON contact.contact FOR EACH ROW
                            WHEN (NEW.report = 'r-2500') EXECUTE FUNCTION stop()
                            """))
                await #expect(throws: CaseStoreError.self) {
                    try await store.reseal(.plain, in: Sample.catalogue())
                }
                let plain: SQL = "SELECT count(*) FROM contact.contact WHERE sealed IS NULL"
                #expect(try await pool.number(plain) == 1500, "a batch is whole or not at all")
                _ = try await pool.query("DROP TRIGGER stop ON contact.contact")
                #expect(try await store.reseal(.plain, in: Sample.catalogue()).rows == 1500)
                #expect(try await pool.number(plain) == 0)
                let records = try await store.records(email: "canary1234@example.org", phone: nil)
                #expect(records.map(\.report.rawValue) == ["r-2234"])
            }
        }

        /// So many reports with a person, as they were before anything was sealed.
        private static func fill(_ pool: Pool, _ count: Int) async throws {
            _ = try await pool.query(
                """
                INSERT INTO report (
                    id, jurisdiction, stage, service, status, requested, updated, latitude,
                    longitude, channel, visibility, published)
                SELECT 'r-' || number, 'sofia.example', 'production', 'POTHOLE', 'open',
                    \(Sample.now), \(Sample.now), 42.7, 23.3, 'open311', 'public', \(Sample.now)
                FROM generate_series(1000, \(Int32(999 + count))) AS number
                """)
            _ = try await pool.query(
                """
                INSERT INTO contact.contact (report, email, first_name, device_id)
                SELECT id, 'canary' || (substr(id, 3)::integer - 1000) || '@example.org', 'Ann', 'd'
                FROM report
                """)
        }

        @Test func `without a key nothing personal is written or opened, and the public reads on`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await Self.tell(store)
                #expect(
                    try await store.unlock(with: try store.settings.sealer.keys(), now: Sample.now)
                        == nil)
                let contents: SQL = """
                    SELECT sum(hashtext(content)) FROM (
                        SELECT contact::text AS content FROM contact.contact
                        UNION ALL SELECT author::text FROM contact.author
                        UNION ALL SELECT original::text FROM contact.original
                        UNION ALL SELECT data_key::text FROM contact.data_key) AS all_of_it
                    """
                let before = try await pool.number(contents)
                for keys in [nil, DataKeys.made()] {
                    let other = Self.node(store, nil)
                    let lock = try await other.unlock(with: keys, now: Sample.now)
                    #expect(
                        lock
                            == (keys == nil
                                ? .noKey
                                : .missing([try #require(try await store.dataKeys()?.first)])))
                    await #expect(throws: CaseStoreError.locked) { try await Self.tell(other, "l") }
                    await #expect(throws: CaseStoreError.locked) {
                        try await other.told(
                            Sample.update("2", of: id, told: 20, text: "x"), at: 20)
                    }
                    await #expect(throws: CaseStoreError.locked) {
                        try await Self.support(id, "x@example.org", other)
                    }
                    await #expect(throws: CaseStoreError.locked) {
                        try await other.take([Sample.imported("77")], now: Sample.now)
                    }
                    await #expect(throws: CaseStoreError.locked) {
                        try await other.originals(of: [id])
                    }
                    await #expect(throws: CaseStoreError.locked) {
                        try await other.reseal(.everything, in: Sample.catalogue())
                    }
                    #expect(try await other.found(id).description == "canary: call •••")
                    #expect(
                        try await other.reports(Sample.filter(), now: Sample.now).reports.count == 1
                    )
                    #expect(try await pool.number(contents) == before)
                    // What it has is kept, once it gets what is missing.
                    #expect(
                        try await other.unlock(
                            with: try store.settings.sealer.keys(), now: Sample.now) == nil)
                    #expect(try await other.originals(of: [id]).count == 1)
                }
            }
        }

        @Test func `whom an old and a new node count at once is one supporter in the end`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("k")
                let old = try store.settings.sealer.keys().current
                let new = DataKey.made()
                let next = Self.node(store, DataKeys(new, former: [old]))
                // The new node's row is taken aside while the old one counts, which cannot know it.
                _ = try await Self.support(id, "ann@example.org", next)
                _ = try await pool.query(
                    "CREATE TABLE aside AS SELECT * FROM contact.supporter")
                _ = try await pool.query("DELETE FROM contact.supporter")
                _ = try await Self.support(id, "ann@example.org", store)
                _ = try await Self.support(id, "bob@example.org", store)
                _ = try await pool.query("INSERT INTO contact.supporter SELECT * FROM aside")
                let done = try await next.reseal(.everything, in: Sample.catalogue())
                #expect(done.unreadable == 0)
                #expect(
                    try await pool.number("SELECT count(DISTINCT person) FROM contact.supporter")
                        == 2)
                let alone = Self.node(store, DataKeys(new))
                for name in ["ann@example.org", "bob@example.org"] {
                    #expect(try await alone.records(email: name, phone: nil).count == 1)
                }
                #expect(try await alone.reseal(.everything, in: Sample.catalogue()).rows == 0)
            }
        }

        @Test func `what could not be sealed is refused by each column`() async throws {
            try await withStore { _, pool in
                for column in SealedCell.Column.allCases {
                    let name = try #require(column.rawValue.split(separator: ".").last)
                    let table = column.rawValue.dropLast(name.count + 1)
                    let rules = try await pool.number(
                        """
                        SELECT count(*) FROM pg_constraint
                        WHERE conrelid = \(String(table))::regclass AND convalidated
                            AND pg_get_constraintdef(oid)
                                = \("CHECK ((octet_length(\(name)) >= \(DataKey.overhead)))")
                        """)
                    #expect(rules == 1, "\(column)")
                }
            }
        }

        @Test func `an update that is to be sealed is refused where there is no key`() async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("k")
                for (text, author) in [("call 0888 123 456", Reporter()), ("x", Privacy.reporter)] {
                    let update = UpdateSubmission(
                        Sample.update("1", of: id, told: 10, text: text, author: author),
                        by: Sample.client, actor: .client, now: Sample.now,
                        settings: store.settings, keys: nil)
                    await #expect(throws: PostgresError.unavailable) {
                        try await pool.transaction { transaction throws(PostgresError) in
                            _ = try await update.take(in: transaction)
                        }
                    }
                }
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 0)
            }
        }

        @Test func `of nodes that begin with keys of their own one wins`() async throws {
            try await withStore { store, pool in
                let locks = try await withThrowingTaskGroup(of: Sealer.Lock?.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            try await Self.node(store, nil).unlock(with: .made(), now: Sample.now)
                        }
                    }
                    return try await group.reduce(into: [Sealer.Lock?]()) { $0.append($1) }
                }
                #expect(locks.count { $0 == nil } == 1)
                #expect(try await pool.number("SELECT count(*) FROM contact.data_key") == 1)
            }
        }

        @Test func `what was moved to another report is refused, and told to nobody`() async throws
        {
            let city = Sample.peer(
                "city", role: .handler(turn: 1),
                privacy: .init(allowed: [.contact], purpose: "to ask back"))
            try await withPeers([city]) { store, pool in
                let keys = try store.settings.sealer.keys()
                #expect(try await store.unlock(with: keys, now: Sample.now) == nil)
                let (one, two) = (try await Self.tell(store), try await Self.tell(store, "l"))
                _ = try await pool.query(
                    """
                    UPDATE contact.original SET sealed = (
                        SELECT sealed FROM contact.original WHERE report = \(one.rawValue))
                    WHERE report = \(two.rawValue)
                    """)
                #expect(try await store.originals(of: [one]).count == 1)
                #expect(try await store.originals(of: [two]).isEmpty)
                #expect(store.untoldUnreadable() == ["contact.original.sealed of \(two)"])
                let turns = try await store.claimed("city")
                #expect(turns.count == 2)
                for turn in turns {
                    #expect(turn.subject.isReadable == (turn.report.id == one))
                    #expect((turn.subject.reporter.email == nil) == (turn.report.id == two))
                }
                // The others are sealed anew; this one stays as it is.
                let sealed = try await store.reseal(.plain, in: Sample.catalogue())
                #expect(sealed.rows == 0)
                let next = Self.node(store, DataKeys(.made(), former: [keys.current]))
                let resealed = try await next.reseal(.everything, in: Sample.catalogue())
                #expect(resealed.unreadable == 1 && resealed.rows == 9)
                #expect(try await next.dataKeys() == [keys.current.id], "it is still needed")
            }
        }
    }
}
