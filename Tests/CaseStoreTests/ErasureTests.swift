import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Erasing {
        private static let city = Sample.peer(
            "city", role: .handler(turn: 1),
            privacy: .init(allowed: [.contact], purpose: "to ask back"))
        private static let archive = Sample.peer("archive")
        private static let plate = Sample.name("PLATE", as: Attribute.Code.self)
        private static let depth = Sample.name("DEPTH", as: Attribute.Code.self)

        /// What we publish: of the two questions, whose number plate it is is nobody's business.
        private static func catalogue() throws -> Catalogue {
            let questions = [
                Attribute(
                    code: plate, datatype: .string, purpose: .optional,
                    question: Sample.localized("Plate"), visibility: .private),
                Attribute(
                    code: depth, datatype: .string, purpose: .optional,
                    question: Sample.localized("Depth")),
            ]
            let pothole = Service(
                code: Sample.name("POTHOLE"), name: Sample.localized("Hole"),
                group: Sample.localized("Streets"), attributes: questions)
            return try Sample.catalogue([
                Sample.jurisdiction("sofia.example", slug: "sofia", services: [pothole])
            ])
        }

        private static func draft(
            pictures: [StoredPicture] = [], addresses: [String] = []
        ) -> Report.Draft {
            Sample.draft(
                description: "canary text",
                answers: [
                    Answer(code: plate, values: ["canary plate"]),
                    Answer(code: depth, values: ["deep"]),
                ], pictures: pictures, addresses: addresses,
                reporter: Privacy.reporter,
                unknown: [Report.Draft.Unknown(name: "passport", value: "canary7")])
        }

        /// A report with everything personal that there may be.
        private static func report(
            _ key: String = "r", to store: CaseStore, provenance: Provenance? = nil,
            by client: Client.ID = Sample.client
        ) async throws -> Report.ID {
            let report = try await store.add(
                draft(pictures: [Pictures.first], addresses: ["https://a.example/canary.jpg"]),
                by: client, idempotency: Sample.key(key), provenance: provenance,
                now: Sample.now
            ).receipt.id
            _ = try await store.told(
                Sample.update(
                    "1", of: report, told: 10, text: "canary said", author: Privacy.reporter),
                at: 10)
            _ = try await store.publish(
                Sample.update(
                    "note", of: report, told: 11, text: "canary note", visibility: .private,
                    author: Privacy.reporter), by: Sample.client, actor: .operator,
                now: Sample.now.addingTimeInterval(11))
            let supporter = try #require(Supporter(Reporter(email: "canary8@example.org")))
            _ = try await store.support(
                report, in: Sample.sofia.id, stage: .production, by: supporter,
                client: Sample.client, now: Sample.now.addingTimeInterval(12))
            return report
        }

        private static func erase(
            _ report: Report.ID, _ erasure: Erasure = .contact, in store: CaseStore,
            at seconds: TimeInterval = 100
        ) async throws -> Erased? {
            try await store.erase(
                ErasureOrder(report, erasure), in: catalogue(),
                now: Sample.now.addingTimeInterval(seconds))
        }

        @Test func `whoever is in the data is gone, and what the public saw stays`() async throws {
            try await withStore { store, pool in
                let report = try await Self.report(to: store)
                let before = try await store.tables(with: "canary")
                #expect(
                    before.contains("sealed contact.contact")
                        && before.contains("sealed contact.author"))
                let erased = try #require(try await Self.erase(report, in: store))
                #expect(erased.isNew && erased.erasure == .contact && erased.told.isEmpty)
                for table in ["contact", "author", "supporter"] {
                    #expect(
                        try await pool.number(
                            SQL(verbatim: "SELECT count(*) FROM contact.\(table)")) == 0)
                }
                let shown = try await store.found(report)
                #expect(shown.description == "canary text" && shown.media.count == 1)
                #expect(shown.answers == [Answer(code: Self.depth, values: ["deep"])])
                #expect(shown.supports == 1)
                #expect(try await store.tables(with: "canary plate").isEmpty)
            }
        }

        @Test func `with text and photos nothing is left that anybody wrote or showed`()
            async throws
        {
            try await withStore { store, pool in
                let report = try await Self.report(to: store)
                let other = try await Self.report("other", to: store)
                _ = try await Self.erase(other, .everything, in: store)
                _ = try await Self.erase(report, .everything, in: store)
                #expect(try await store.tables(with: "canary") == [])
                #expect(try await pool.number("SELECT count(*) FROM media") == 0)
                let shown = try await store.found(report)
                #expect(shown.description == nil && shown.media.isEmpty && shown.answers.isEmpty)
                #expect(shown.service.rawValue == "POTHOLE" && shown.coordinate != nil)
            }
        }

        @Test func `others keep what is theirs`() async throws {
            try await withStore { store, pool in
                let report = try await Self.report(to: store)
                let other = try await Self.report("other", to: store)
                _ = try await Self.erase(report, .everything, in: store)
                for table in ["contact.contact", "contact.supporter"] {
                    #expect(
                        try await pool.number(
                            SQL(
                                verbatim:
                                    "SELECT count(*) FROM \(table) WHERE report = '\(other)'"))
                            == 1)
                }
                #expect(try await pool.number("SELECT count(*) FROM contact.author") == 2)
                #expect(try await store.found(other).description == "canary text")
            }
        }

        @Test func `twice is one event, and what came since is another`() async throws {
            try await withStore { store, pool in
                let report = try await Self.report(to: store)
                let events: SQL = "SELECT count(*) FROM event WHERE kind = 'erased'"
                _ = try await Self.erase(report, in: store)
                let again = try #require(try await Self.erase(report, in: store, at: 101))
                #expect(!again.isNew && again.erasure == .contact)
                #expect(try await pool.number(events) == 1)
                let more = try #require(try await Self.erase(report, .everything, in: store))
                #expect(more.isNew && more.erasure == .everything)
                #expect(try await pool.number(events) == 2)
                _ = try await store.told(
                    Sample.update("2", of: report, told: 200, author: Privacy.reporter), at: 200)
                #expect(try await pool.number("SELECT count(*) FROM contact.author") == 1)
                #expect(try await Self.erase(report, in: store, at: 300)?.isNew == true)
                #expect(try await pool.number("SELECT count(*) FROM contact.author") == 0)
                #expect(try await pool.number(events) == 3)
                #expect(try await Self.erase(Sample.name("sofia-0"), in: store) == nil)
            }
        }

        @Test func `the public is told of what it saw, and of nothing else`() async throws {
            try await withStore { store, _ in
                let report = try await Self.report(to: store)
                func kinds() async throws -> [Event.Kind] {
                    try await store.changes(
                        ChangeFilter(jurisdictions: nil), after: nil, limit: 20
                    ).changes.map(\.kind).filter { $0 == .erased }
                }
                _ = try await Self.erase(report, in: store)
                #expect(try await kinds() == [])
                _ = try await Self.erase(report, .everything, in: store)
                #expect(try await kinds() == [.erased])
            }
        }
    }
}

extension CaseStoreTests.Erasing {
    typealias Suite = CaseStoreTests

    @Test func `an import brings nothing back`() async throws {
        try await Suite.withStore { store, pool in
            func history(_ text: String) -> ImportedReport {
                Sample.imported(
                    "A-1", statusNotes: text, title: text, description: text,
                    media: ["https://a.example/\(text).jpg"],
                    answers: [Answer(code: Self.plate, values: [text])])
            }
            let id = Sample.name("A-1", as: Report.ID.self)
            _ = try await store.take([history("canary 1")], now: Sample.now)
            _ = try await Self.erase(id, .everything, in: store)
            #expect(
                try await store.take([history("canary 1")], now: Sample.now) == [.unchanged(id)])
            #expect(
                try await store.take([history("canary 2")], now: Sample.now) == [.corrected(id)])
            #expect(try await store.tables(with: "canary") == [])
            let moved = Sample.imported("A-1", service: "GRAFFITI", description: "canary 3")
            _ = try await store.take([moved], now: Sample.now)
            let shown = try await store.found(id)
            #expect(shown.service.rawValue == "GRAFFITI" && shown.description == nil)
        }
    }

    @Test func `of an import the answers stay away where only contact data was erased`()
        async throws
    {
        try await Suite.withStore { store, pool in
            func history(_ text: String) -> ImportedReport {
                Sample.imported(
                    "A-1", description: text,
                    answers: [Answer(code: Self.plate, values: ["canary"])])
            }
            let id = Sample.name("A-1", as: Report.ID.self)
            _ = try await store.take([history("one")], now: Sample.now)
            _ = try await Self.erase(id, in: store)
            _ = try await store.take([history("two")], now: Sample.now)
            #expect(try await store.found(id).description == "two")
            #expect(try await store.tables(with: "canary") == [])
        }
    }

    @Test func `a repeated POST is known however late it comes`() async throws {
        try await Suite.withStore { store, pool in
            let id = try await Self.report(to: store)
            var draft = Self.draft()
            draft.foreignReport = "4711"
            let number = Idempotency(
                source: .foreignID("4711"), fingerprint: Sample.fingerprint(2))
            let numbered = try await store.add(
                draft, by: Sample.client, idempotency: number, now: Sample.now
            ).receipt.id
            let later = Sample.now.addingTimeInterval(60 * 86_400)
            // The number's own row is forgotten by then, and the erasure comes later still.
            _ = try await pool.query("DELETE FROM idempotency WHERE kind = 'foreign'")
            for report in [id, numbered] {
                _ = try await Self.erase(report, .everything, in: store)
            }
            _ = try await store.prune(now: later)
            let again = try await store.add(
                Self.draft(), by: Sample.client, idempotency: Sample.key("r"), now: later)
            #expect(again.receipt.id == id)
            let resent = try await store.add(
                draft, by: Sample.client, idempotency: number, now: later)
            #expect(resent.receipt.id == numbered)
            #expect(try await store.tables(with: "canary") == [])
            #expect(try await pool.number("SELECT count(*) FROM report") == 2)
        }
    }

    @Test func `an update that was told before comes without what was erased`() async throws {
        try await Suite.withStore { store, pool in
            let report = try await Self.report(to: store)
            _ = try await Self.erase(report, .everything, in: store, at: 100)
            var late = Sample.update(
                "late", of: report, told: 90, text: "canary late", author: Suite.Privacy.reporter)
            late.addresses = ["https://a.example/canary-late.jpg"]
            let id = try await store.told(late, at: 110)
            let note = Sample.update(
                "late note", of: report, told: 90, text: "canary late", visibility: .private)
            _ = try await store.told(note, by: .operator, at: 110)
            #expect(try await store.tables(with: "canary") == [])
            #expect(try await store.told(late, at: 120) == id, "it is known, and stays empty")
            #expect(try await store.tables(with: "canary") == [])
            let fresh = Sample.update(
                "fresh", of: report, told: 130, text: "Filled", author: Suite.Privacy.reporter)
            _ = try await store.told(fresh, at: 130)
            #expect(try await store.found(report).statusNotes == "Filled")
            #expect(try await pool.number("SELECT count(*) FROM contact.author") == 1)
        }
    }

    @Test func `a peer that is read brings nothing back`() async throws {
        try await InboxWorld.with { world in
            let told = Incoming.report(Sample.told("T1", notes: "canary notes", text: "canary"))
            let said = Incoming.update(Sample.heard("1", of: "T1", nil, "canary said"))
            try await world.tell([told, said])
            let report = try await world.ours().id
            _ = try await Self.erase(report, .everything, in: world.store, at: 200)
            try await world.tell([told, said], at: 300)
            let other = Sample.told("T1", notes: "canary notes", text: "canary again", after: 1)
            try await world.tell([.report(other)], at: 400)
            let late = Sample.heard("2", of: "T1", nil, "canary late", after: 150)
            try await world.tell([.update(late)], at: 500)
            #expect(try await world.store.tables(with: "canary") == [])
            #expect(try await world.pool.number("SELECT count(*) FROM report") == 1)
        }
    }

    @Test func `every peer that got it is told, before what is parked there`() async throws {
        let late = Sample.peer("late", rules: [])
        try await Suite.withPeers([Self.city, Self.archive, late]) { store, _ in
            let report = try await Self.report(to: store)
            let first = try #require(try await store.claimed("city").first)
            #expect(first.subject.reporter == Suite.Privacy.reporter)
            #expect(try await store.deliver(first, as: "t-1"))
            let update = try #require(try await store.claimed("city", at: 61).first)
            #expect(
                update.delivery.kind == .update && update.subject.author == Suite.Privacy.reporter)
            _ = try await store.finish(
                update, as: .parked("no mapping", .none), attempt: nil, now: Sample.now)
            let erased = try #require(try await Self.erase(report, in: store))
            #expect(erased.told.map(\.rawValue) == ["archive", "city"])
            let turn = try #require(try await store.claimed("city", at: 200).first)
            #expect(turn.delivery.kind == .erasure && turn.subject.erasure == .contact)
            #expect(turn.ticket == Ticket(id: "t-1"))
            #expect(try await store.deliver(turn, as: "t-1", at: 200))
            #expect(try await store.claimed("city", at: 300).isEmpty, "the update is still parked")
            // Who has not got it yet gets it without what was erased, and then the word.
            let kinds = try await store.deliverAll("archive", at: 300).map(\.delivery.kind)
            #expect(kinds == [.report, .erasure, .update])
            #expect(
                try await store.ledger(of: report).sorted() == [
                    "archive erasure done", "archive report done", "archive update done",
                    "city erasure done", "city report done", "city update parked",
                ])
        }
    }

    @Test func `what was tried before is another message afterwards`() async throws {
        try await Suite.withPeers([Self.city]) { store, _ in
            let report = try await Self.report(to: store)
            let turn = try #require(try await store.claimed("city", at: 0).first)
            #expect(!turn.subject.isErasedSince)
            _ = try await store.finish(
                turn, as: .postponed(Sample.now, .ambiguous), attempt: Sample.attempt(.ambiguous),
                now: Sample.now)
            _ = try await Self.erase(report, in: store)
            let again = try #require(try await store.claimed("city", at: 200).first)
            #expect(again.delivery.kind == .report && again.subject.isErasedSince)
            #expect(again.subject.reporter == Reporter())
        }
    }

    @Test func `who said no after having had it is told all the same`() async throws {
        try await Suite.withPeers([Self.city, Self.archive]) { store, _ in
            let report = try await Self.report(to: store)
            let turn = try #require(try await store.claimed("city", at: 0).first)
            #expect(try await store.deliver(turn, as: "t-1"))
            _ = try await Self.erase(report, in: store)
            try await store.refuseHandling(
                report, by: Self.city.name, "NOT_OURS", now: Sample.now)
            #expect(try await store.ledger(of: report).contains("city erasure waiting"))
        }
    }

    @Test func `the word goes on along the way, never back`() async throws {
        let key = Sample.name("o311_city", as: Client.ID.self)
        var city = Self.city
        city.client = key
        try await Suite.withPeers([city, Self.archive]) { store, pool in
            let began = Sample.provenance("city.example", "C-1")
            let report = try await Self.report(to: store, provenance: began, by: key)
            let reader = PeerReader(name: city.name, authority: city.authority)
            #expect(try await store.has(report, from: reader))
            let stranger = PeerReader(
                name: Self.archive.name, authority: Self.archive.authority)
            #expect(try await !store.has(report, from: stranger), "it has a copy of ours")
            var order = ErasureOrder(report, .contact)
            order.place = (Sample.sofia.id, .production)
            order.actor = .peer
            order.client = key
            order.provenance = began
            let erased = try await store.erase(
                order, in: Self.catalogue(), now: Sample.now.addingTimeInterval(100))
            #expect(erased?.told.map(\.rawValue) == ["archive"])
            let turns = try await store.deliverAll("archive", at: 300)
            let word = try #require(turns.first { $0.delivery.kind == .erasure })
            #expect(
                word.subject.provenance.path.map(\.rawValue) == ["city.example", "node.example"])
            #expect(word.subject.provenance.originID == "C-1")
            order.place = (Sample.mitrovica.id, .production)
            #expect(
                try await store.erase(order, in: Self.catalogue(), now: Sample.now) == nil,
                "it is not there")
            #expect(
                try await pool.number("SELECT count(*) FROM event WHERE actor = 'peer'") > 1)
        }
    }

    @Test func `the erasures are listed, for whoever restores a backup`() async throws {
        try await Suite.withStore { store, pool in
            let report = try await Self.report(to: store)
            _ = try await Self.erase(report, in: store)
            _ = try await Self.erase(report, .everything, in: store, at: 200)
            let journal = try await store.tombstones(behind: TombstonePlace()).tombstones
            #expect(journal.map(\.erasure) == [.contact, .everything])
            let since = try await store.tombstones(
                behind: TombstonePlace(from: Sample.now.addingTimeInterval(150)))
            #expect(since.tombstones.map(\.erasure) == [.everything])
            let end = try #require(since.end)
            #expect(try await store.tombstones(behind: end).end == nil)
            // A backup of before has the data and no tombstone.
            _ = try await pool.query("DELETE FROM tombstone")
            _ = try await pool.query(
                "UPDATE report SET description = 'canary' WHERE id = \(report.rawValue)")
            for tombstone in journal {
                _ = try await Self.erase(tombstone.report, tombstone.erasure, in: store, at: 300)
            }
            #expect(try await store.tables(with: "canary") == [])
        }
    }

    @Test func `a person is told all that is held of them, and of nobody else`() async throws {
        try await Suite.withStore { store, _ in
            let report = try await Self.report(to: store)
            let other = try await Sample.report("other", to: store)
            let supporter = try #require(Supporter(email: "Canary1@example.org"))
            _ = try await store.support(
                other, in: Sample.sofia.id, stage: .production, by: supporter,
                client: Sample.client, now: Sample.now.addingTimeInterval(20))
            let held = try await store.records(email: "CANARY1@example.org", phone: nil)
            #expect(held.map(\.kind) == [.report, .update, .note, .support])
            #expect(held.map(\.report) == [report, report, report, other])
            let told = try #require(held.first)
            #expect(told.person == Suite.Privacy.reporter)
            #expect(told.description == "canary text" && told.answers.count == 2)
            #expect(told.media == [Suite.Pictures.first.name.rawValue])
            #expect(told.unknown?.contains("canary7") == true)
            #expect(held.compactMap(\.update).count == 2)
            // The number of the sample is `canary4`, of which only the digit counts.
            let byPhone = try await store.records(email: nil, phone: "4")
            #expect(byPhone.map(\.kind) == [.report, .update, .note])
            #expect(try await store.records(email: "canary", phone: "-").isEmpty)
            _ = try await Self.erase(report, in: store)
            #expect(
                try await store.records(email: "canary1@example.org", phone: nil).map(\.kind)
                    == [.support])
        }
    }
}
