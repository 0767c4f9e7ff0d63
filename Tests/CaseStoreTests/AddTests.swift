import Foundation
import Postgres
import Reports
import Synchronization
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Adding {
        @Test func `a report is found as it was told`() async throws {
            try await withStore { store, _ in
                let told = Sample.draft(
                    place: Sample.place(
                        Sample.coordinate(42.123456, 23.654321), address: "ул. „Витоша“ 5",
                        addressID: "42\\7"),
                    description: "Дупка\n\"голяма\" \u{1F6A7}",
                    answers: [
                        Answer(code: Sample.name("DEPTH"), values: ["a \"b\" \\ \n ж"]),
                        Answer(code: Sample.name("A"), values: []),
                    ],
                    media: ["https://a.example/1.jpg", "https://a.example/2,\"x\".jpg"])
                let now = Sample.now.addingTimeInterval(0.75)
                let added = try await store.add(
                    told, by: Sample.client, idempotency: Sample.key("1"), now: now)
                let found = try await store.report(
                    added.receipt.id, in: Sample.sofia.id, stage: .production, now: now)
                let report = try #require(found)
                #expect(report.description == told.description)
                #expect(report.answers == told.answers)
                #expect(report.media == told.media)
                #expect(report.coordinate == told.place.coordinate)
                #expect(report.address == told.place.address)
                #expect(report.addressID == told.place.addressID)
                #expect(report.requested == Sample.now)
                #expect(report.updated == Sample.now)
                #expect(report.status == .open)
                #expect(report.zipcode == nil)
                #expect(added.receipt.token == nil)
            }
        }

        @Test func `of 100 parallel posts with one key one is taken and all get its id`()
            async throws
        {
            try await withStore { store, pool in
                let answers = try await withThrowingTaskGroup(of: Added.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            try await store.add(
                                Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                                now: Sample.now)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count == 100)
                #expect(Set(answers.map(\.receipt.id)).count == 1)
                #expect(answers.filter { if case .added = $0 { true } else { false } }.count == 1)
                #expect(try await pool.number("SELECT count(*) FROM report") == 1)
                #expect(try await pool.number("SELECT count(*) FROM event") == 1)
            }
        }

        @Test func `a key with other content is refused and stays with the first`() async throws {
            try await withStore { store, pool in
                let first = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                await #expect(throws: CaseStoreError.keyReused) {
                    try await store.add(
                        Sample.draft(description: "Other"), by: Sample.client,
                        idempotency: Sample.key("k", content: 2), now: Sample.now)
                }
                let again = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now.addingTimeInterval(86_400))
                #expect(again == .repeated(first.receipt))
                #expect(try await pool.number("SELECT count(*) FROM report") == 1)
            }
        }

        @Test func `a sender's number keeps its first report whatever comes later`() async throws {
            try await withStore { store, _ in
                let first = try await store.add(
                    Sample.draft(), by: Sample.client,
                    idempotency: Idempotency(
                        source: .foreignID("77"), fingerprint: Sample.fingerprint(1)),
                    now: Sample.now)
                let second = try await store.add(
                    Sample.draft(description: "Other"), by: Sample.client,
                    idempotency: Idempotency(
                        source: .foreignID("77"), fingerprint: Sample.fingerprint(2)),
                    now: Sample.now.addingTimeInterval(20 * 86_400))
                #expect(second == .repeated(first.receipt))
                let key = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("77"),
                    now: Sample.now)
                #expect(key.receipt.id != first.receipt.id, "a key is no sender's number")
            }
        }

        @Test func `the same content is one report within the window, and from one address`()
            async throws
        {
            try await withStore { store, _ in
                func post(_ address: String, after seconds: Double) async throws -> Added {
                    try await store.add(
                        Sample.draft(), by: Sample.client,
                        idempotency: Idempotency(
                            source: .content(address: address, window: .seconds(120)),
                            fingerprint: Sample.fingerprint(1)),
                        now: Sample.now.addingTimeInterval(seconds))
                }
                let first = try await post("192.0.2.1", after: 0)
                #expect(try await post("192.0.2.1", after: 119) == .repeated(first.receipt))
                #expect(try await post("192.0.2.2", after: 1).receipt.id != first.receipt.id)
                let later = try await post("192.0.2.1", after: 120)
                #expect(later.receipt.id != first.receipt.id)
                #expect(try await post("192.0.2.1", after: 239) == .repeated(later.receipt))
            }
        }

        @Test func `without a window every post is a report`() async throws {
            try await withStore { store, pool in
                for _ in 0..<3 {
                    _ = try await store.add(
                        Sample.draft(), by: Sample.client,
                        idempotency: Idempotency(
                            source: .content(address: "192.0.2.1", window: .zero),
                            fingerprint: Sample.fingerprint(1)),
                        now: Sample.now)
                }
                #expect(try await pool.number("SELECT count(*) FROM report") == 3)
            }
        }

        @Test func `clients, stages and jurisdictions have keys of their own`() async throws {
            try await withStore { store, _ in
                func post(_ draft: Report.Draft, by client: Client.ID) async throws -> Report.ID {
                    try await store.add(
                        draft, by: client, idempotency: Sample.key("k"), now: Sample.now
                    ).receipt.id
                }
                let ids = try await [
                    post(Sample.draft(), by: Sample.client),
                    post(Sample.draft(), by: Sample.name("o311_other1")),
                    post(Sample.draft(stage: .test), by: Sample.client),
                    post(Sample.draft(in: Sample.mitrovica), by: Sample.client),
                ]
                #expect(Set(ids).count == 4)
            }
        }

        @Test func `a key is forgotten after its time, and pruned`() async throws {
            try await withStore { store, pool in
                let week = 7 * 86_400.0
                let first = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                #expect(try await store.prune(now: Sample.now).idempotencyKeys == 0)
                let taken = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k", content: 2),
                    now: Sample.now.addingTimeInterval(week))
                #expect(taken.receipt.id != first.receipt.id)
                let later = Sample.now.addingTimeInterval(2 * week)
                #expect(try await store.prune(now: later).idempotencyKeys == 1)
                #expect(try await pool.number("SELECT count(*) FROM idempotency") == 0)
                #expect(try await pool.number("SELECT count(*) FROM report") == 2)
            }
        }

        @Test func `an id in use is minted again`() async throws {
            var settings = CaseStore.Settings()
            let ids = IDs(["sofia-A", "sofia-A", "sofia-A", "sofia-B"])
            settings.mint = { _, _ in ids.next() }
            try await withStore(settings: settings) { store, _ in
                for (key, id) in [("1", "sofia-A"), ("2", "sofia-B")] {
                    let added = try await store.add(
                        Sample.draft(), by: Sample.client, idempotency: Sample.key(key),
                        now: Sample.now)
                    #expect(added == .added(Receipt(id: Sample.name(id))))
                }
            }
        }

        @Test func `a jurisdiction has to be published before it takes reports`() async throws {
            try await withStore { store, _ in
                let unknown = Sample.jurisdiction(
                    "pristina.example", slug: "pristina", services: [Sample.service("X")])
                await #expect(throws: CaseStoreError.unpublished) {
                    try await store.add(
                        Sample.draft(in: unknown), by: Sample.client,
                        idempotency: Sample.key("k"), now: Sample.now)
                }
            }
        }

        @Test func `a token is pending, then resolves, and then the report is listed`()
            async throws
        {
            try await withStore { store, _ in
                let city = Sample.mitrovica.id
                let added = try await store.add(
                    Sample.draft(in: Sample.mitrovica), by: Sample.client,
                    idempotency: Sample.key("k"), now: Sample.now)
                let token = try #require(added.receipt.token)
                func state(after seconds: Double, stage: Stage = .production) async throws
                    -> TokenState?
                {
                    try await store.token(
                        token, in: city, stage: stage,
                        now: Sample.now.addingTimeInterval(seconds))
                }
                func listed(after seconds: Double) async throws -> Int {
                    try await store.reports(
                        ReportFilter(jurisdiction: city),
                        now: Sample.now.addingTimeInterval(seconds)
                    ).reports.count
                }
                #expect(try await state(after: 59) == .pending)
                #expect(try await listed(after: 59) == 0)
                #expect(try await state(after: 60) == .resolved(added.receipt.id))
                #expect(try await listed(after: 60) == 1)
                #expect(try await state(after: 60, stage: .test) == nil)
                let again = try await store.add(
                    Sample.draft(in: Sample.mitrovica), by: Sample.client,
                    idempotency: Sample.key("k"), now: Sample.now)
                #expect(again == .repeated(added.receipt))
                let late = Sample.now.addingTimeInterval(91 * 86_400)
                #expect(try await store.prune(now: late).tokens == 1)
                #expect(try await state(after: 60) == nil)
            }
        }
    }
}

/// Ids in a given order, the last one for ever.
private final class IDs: Sendable {
    private let rest: Mutex<[String]>

    init(_ ids: [String]) {
        rest = Mutex(ids)
    }

    func next() -> Report.ID {
        Sample.name(rest.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] })
    }
}
