import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Masks {
        private static let text = "Call 0888 123 456 about the hole"
        private static let shown = "Call ••• about the hole"
        private static let coarse = Service(
            code: Sample.name("SHELTER"), name: Sample.localized("Shelter"),
            group: Sample.localized("Streets"), precision: .coarse(metres: 100))

        private static func add(
            _ draft: Report.Draft, to store: CaseStore, _ key: String = "k"
        ) async throws -> Report.ID {
            try await store.add(
                draft, by: Sample.client, idempotency: Sample.key(key), now: Sample.now
            ).receipt.id
        }

        @Test func `the public reads masks, and the original is kept apart`() async throws {
            try await withStore { store, pool in
                var draft = Sample.draft(
                    place: Sample.place(address: "Street 5, ask 0887 654 321"),
                    description: Self.text,
                    answers: [
                        Answer(code: Sample.name("WHO"), values: ["ann@example.org", "nobody"])
                    ])
                draft.title = "CB 1234 AB"
                let id = try await Self.add(draft, to: store)
                let found = try await store.found(id)
                #expect(found.title == "•••" && found.description == Self.shown)
                #expect(found.address == "Street 5, ask •••")
                #expect(found.answers.first?.values == ["•••", "nobody"])
                let original = try #require(try await store.originals(of: [id])[id])
                #expect(found.restored(by: original).description == Self.text)
                #expect(original.title == draft.title && original.answers == draft.answers)
                #expect(original.address == draft.place.address && original.coordinate == nil)
                #expect(try await store.tables(with: "0888 123") == ["sealed contact.original"])
                #expect(try await store.tables(with: "ann@") == ["sealed contact.original"])
            }
        }

        @Test func `a search for what is hidden finds nothing`() async throws {
            try await withStore { store, _ in
                _ = try await Self.add(Sample.draft(description: Self.text), to: store)
                for (text, count) in [("0888", 0), ("about the hole", 1)] {
                    let page = try await store.reports(
                        Sample.filter { $0.text = text }, now: Sample.now)
                    #expect(page.reports.count == count)
                }
            }
        }

        @Test func `where nothing is hidden nothing is kept apart`() async throws {
            let open = Jurisdiction(
                id: Sample.sofia.id, slug: Sample.sofia.slug, name: Sample.localized("Sofia"),
                contact: "help@example.org", languages: [Sample.name("bg")],
                timeZone: "Europe/Sofia", services: Sample.sofia.services,
                privacy: Reports.Privacy(masking: .off))
            try await withStore { store, pool in
                let id = try await Self.add(
                    Sample.draft(in: open, description: Self.text), to: store)
                #expect(try await store.found(id).description == Self.text)
                _ = try await Self.add(Sample.draft(), to: store, "other")
                #expect(try await pool.number("SELECT count(*) FROM contact.original") == 0)
            }
        }

        @Test func `what citizens say later is masked, and what staff say is not`() async throws {
            try await withStore { store, pool in
                let id = try await Self.add(Sample.draft(), to: store)
                _ = try await store.told(
                    Sample.update("1", of: id, told: 10, text: Self.text), at: 10)
                _ = try await store.told(
                    Sample.update("2", of: id, told: 20, text: "Office: 02 987 65 43"),
                    by: .operator, at: 20)
                let filter = UpdateFilter(
                    jurisdiction: Sample.sofia.id, from: Sample.now,
                    to: Sample.now.addingTimeInterval(60))
                let now = Sample.now.addingTimeInterval(60)
                let texts = try await store.updates(filter, now: now).map(\.description)
                #expect(texts == [Self.shown, "Office: 02 987 65 43"])
                let told = try await store.updates(filter, audience: .staff, now: now)
                #expect(told.map(\.description) == [Self.text, "Office: 02 987 65 43"])
                #expect(
                    try await store.notes(of: [id])[id]?.dropFirst().first?.description
                        == Self.shown)
                #expect(
                    try await store.notes(of: [id], for: .staff)[id]?.dropFirst().first?
                        .description == Self.text)
                #expect(try await store.tables(with: "0888 123") == ["sealed contact.original"])
            }
        }

        @Test func `imports are masked, and corrected ones anew`() async throws {
            try await withStore { store, pool in
                let first = Sample.imported("77", description: Self.text)
                guard case .added(let id) = try await store.take([first], now: Sample.now)[0]
                else { return #expect(Bool(false), "it was not added") }
                #expect(try await store.found(id).description == Self.shown)
                #expect(try await store.take([first], now: Sample.now) == [.unchanged(id)])
                #expect(try await store.originals(of: [id])[id]?.description == Self.text)
                let second = Sample.imported("77", description: "Nobody to call")
                #expect(try await store.take([second], now: Sample.now) == [.corrected(id)])
                #expect(try await store.originals(of: [id]).isEmpty)
                #expect(try await store.take([first], now: Sample.now) == [.corrected(id)])
                _ = try await store.erase(
                    ErasureOrder(id, .everything), in: Sample.catalogue(), now: Sample.now)
                let third = Sample.imported("77", description: Self.text + "!")
                #expect(try await store.take([third], now: Sample.now) == [.corrected(id)])
                #expect(try await pool.number("SELECT count(*) FROM contact.original") == 0)
                #expect(try await store.found(id).description == nil)
            }
        }

        @Test func `what a peer tells is masked, and what it says again is known`() async throws {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told(text: Self.text))])
                #expect(
                    try await world.store.tables(with: "0888 123")
                        == ["sealed contact.original"])
                try await world.tell(
                    [.update(Sample.heard("u1", nil, "And 0887 654 321"))], at: 200)
                #expect(
                    try await world.store.tables(with: "0887 654")
                        == ["sealed contact.original"])
                let count = try await world.pool.number("SELECT count(*) FROM report")
                try await world.tell([.report(Sample.told(text: Self.text))], at: 300)
                #expect(try await world.pool.number("SELECT count(*) FROM report") == count)
            }
        }

        @Test func `only who has a purpose for contact data is told the original`() async throws {
            let city = Sample.peer(
                "city", role: .handler(turn: 1),
                privacy: .init(allowed: [.contact], purpose: "to ask back"))
            try await withPeers([city, Sample.peer("archive")]) { store, _ in
                let id = try await Self.add(
                    Sample.draft(service: Self.coarse, description: Self.text), to: store)
                _ = try await store.told(
                    Sample.update("1", of: id, told: 10, text: Self.text), at: 10)
                for (peer, text, isExact) in [
                    ("city", Self.text, true), ("archive", Self.shown, false),
                ] {
                    let turns = try await store.deliverAll(peer)
                    #expect(turns.count == 2)
                    #expect(turns.first?.subject.report.description == text)
                    #expect(turns.last?.subject.update?.description == text)
                    #expect(
                        (turns.first?.subject.report.coordinate == Sample.coordinate(42.7, 23.3))
                            == isExact)
                }
            }
        }

        @Test func `where somebody is may be shown as a square of the grid only`() async throws {
            try await withStore { store, pool in
                let place = Sample.place(
                    Sample.coordinate(42.697712, 23.321845), address: "Street 5", addressID: "a5")
                let id = try await Self.add(
                    Sample.draft(service: Self.coarse, place: place), to: store)
                let found = try await store.found(id)
                let point = try #require(found.coordinate)
                #expect(point != place.coordinate && found.address == nil && found.addressID == nil)
                let distance = try #require(place.coordinate).distance(to: point)
                #expect(distance <= 71)
                #expect(try await store.originals(of: [id])[id]?.coordinate == place.coordinate)
                #expect(try await store.tables(with: "42.697712") == ["sealed contact.original"])
                // Its neighbour in the square is shown at the same place.
                let other = try await Self.add(
                    Sample.draft(
                        service: Self.coarse,
                        place: Sample.place(
                            Sample.coordinate(
                                point.latitude + 0.0003, point.longitude - 0.0003))),
                    to: store, "other")
                #expect(try await store.found(other).coordinate == point)
            }
        }

        private static func sofia(_ masking: Masking, _ precision: Service.Precision)
            -> Jurisdiction
        {
            let pothole = Service(
                code: Sample.name("POTHOLE"), name: Sample.localized("Hole"),
                group: Sample.localized("Streets"), precision: precision)
            return Jurisdiction(
                id: Sample.sofia.id, slug: Sample.sofia.slug, name: Sample.localized("Sofia"),
                contact: "help@example.org", languages: [Sample.name("bg")],
                timeZone: "Europe/Sofia", services: [pothole],
                privacy: Reports.Privacy(masking: masking))
        }

        @Test func `what came before the settings were changed is shown as they say now`()
            async throws
        {
            try await withStore { store, pool in
                let open = Self.sofia(.off, .exact)
                let id = try await Self.add(
                    Sample.draft(
                        in: open, place: Sample.place(address: "Street 5"), description: Self.text),
                    to: store)
                var update = Sample.update("1", of: id, told: 10, text: Self.text)
                update.masking = .off
                _ = try await store.told(update, at: 10)
                _ = try await store.told(
                    Sample.update("2", of: id, told: 5, text: "Office: 02 987 65 43"),
                    by: .operator, at: 20)
                let before = try await store.found(id)
                #expect(try await store.tables(with: "0888 123").contains("public.report"))
                let closed = try Sample.catalogue([Self.sofia(.on, .coarse(metres: 100))])
                var masked = try await store.mask(in: closed)
                #expect(masked.reports == 1 && masked.updates == 1)
                #expect(try await store.tables(with: "0888 123") == ["sealed contact.original"])
                #expect(try await store.tables(with: "02 987").contains("public.update"))
                let found = try await store.found(id)
                #expect(found.description == Self.shown && found.address == nil)
                #expect(found.updated == before.updated && found.coordinate != before.coordinate)
                masked = try await store.mask(in: closed)
                #expect(masked == CaseStore.Masked())
                masked = try await store.mask(in: Sample.catalogue([open]))
                #expect(masked.reports == 1 && masked.updates == 1)
                #expect(try await store.found(id) == before)
                #expect(try await pool.number("SELECT count(*) FROM contact.original") == 0)
            }
        }

        @Test(arguments: [Erasure.contact, .everything])
        func `the original is erased with the contact data`(erasure: Erasure) async throws {
            try await withStore { store, pool in
                let id = try await Self.add(Sample.draft(description: Self.text), to: store)
                _ = try await store.told(
                    Sample.update("1", of: id, told: 10, text: Self.text), at: 10)
                #expect(try await pool.number("SELECT count(*) FROM contact.original") == 2)
                let erased = try await store.erase(
                    ErasureOrder(id, erasure), in: Sample.catalogue(),
                    now: Sample.now.addingTimeInterval(100))
                #expect(erased?.isNew == true)
                #expect(try await store.tables(with: "0888 123") == [])
                // What was told before and comes late brings nothing back.
                _ = try await store.told(
                    Sample.update("2", of: id, told: 20, text: "It is 0887 654 321"), at: 200)
                #expect(try await store.tables(with: "0887 654") == [])
            }
        }
    }
}
