import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Delivering {
        private static let roads = Sample.peer("roads", role: .handler(turn: 1))
        private static let archive = Sample.peer("archive")

        @Test func `a report and its deliveries are stored together`() async throws {
            try await withPeers([Self.roads, Self.archive]) { store, pool in
                let report = try await Sample.report(to: store)
                #expect(
                    Set(try await store.ledger(of: report)) == [
                        "roads report waiting", "archive report waiting",
                    ])
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM report WHERE handler = 'roads'") == 1)
                #expect(try await Sample.report(to: store) == report)
                #expect(try await pool.number("SELECT count(*) FROM delivery") == 2)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM event WHERE path = '{node.example}'") == 1)
            }
        }

        @Test func `a report that was never on its way to its handler is found`() async throws {
            try await withPeers([Self.roads, Self.archive]) { store, pool in
                let lost = try await Sample.report("lost", to: store)
                _ = try await Sample.report("well", to: store)
                let sent = try await Sample.report("sent", to: store)
                #expect(try await store.unhanded(now: Sample.now) == [])
                // The archive only hears of it; of the other one roads gave the number.
                _ = try await pool.query(
                    """
                    DELETE FROM delivery WHERE report = \(lost.rawValue)
                        OR (report = \(sent.rawValue) AND peer = 'archive')
                    """)
                #expect(try await store.unhanded(now: Sample.now) == [lost])
                let later = Sample.now.addingTimeInterval(100_000)
                #expect(try await store.unhanded(now: later) == [])
            }
        }

        @Test func `without its deliveries no report is stored`() async throws {
            var settings = CaseStore.Settings()
            settings.peering = Peering(node: Sample.node, peers: [Self.archive])
            try await withStore(settings: settings) { store, pool async throws in
                await #expect(throws: CaseStoreError.defect("delivery_peer_fkey")) {
                    try await Sample.report(to: store)
                }
                #expect(try await pool.number("SELECT count(*) FROM report") == 0)
                #expect(try await pool.number("SELECT count(*) FROM idempotency") == 0)
                #expect(try await pool.number("SELECT count(*) FROM lane") == 0)
            }
        }

        @Test func `without peers a post pays for none`() {
            let submission = Submission(
                Sample.draft(), by: Sample.client, idempotency: Sample.key("1"), now: Sample.now,
                settings: CaseStore.Settings(), keys: .made())
            for word in ["delivery", "lane", "origin", "handler", "ticket"] {
                #expect(!submission.statement.text.contains(word))
            }
        }

        @Test func `what is only a test goes to nobody`() async throws {
            try await withPeers([Self.archive]) { store, pool in
                _ = try await store.add(
                    Sample.draft(stage: .test), by: Sample.client, idempotency: Sample.key("t"),
                    now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM delivery") == 0)
            }
        }

        @Test func `what is listed later is delivered later`() async throws {
            try await withPeers([Self.archive]) { store, _ in
                let report = try await Sample.report(in: Sample.mitrovica, to: store)
                #expect(try await store.claimed("archive", at: 59).isEmpty)
                #expect(try await store.claimed("archive", at: 60).map(\.report.id) == [report])
            }
        }

        @Test func `a private report goes only where such may go`() async throws {
            let trusted = Sample.peer("trusted", privacy: .init(allowed: [.handlerOnly]))
            try await withPeers([Self.archive, trusted]) { store, _ in
                let report = try await Sample.report(
                    service: Sample.service("POTHOLE", visibility: .private), to: store)
                #expect(try await store.ledger(of: report) == ["trusted report waiting"])
            }
        }

        @Test func `an update goes to those who know the report, and not back`() async throws {
            let key = Sample.name("o311_roads1", as: Client.ID.self)
            let roads = Sample.peer(
                "roads", flow: [.reportsOut, .updatesOut, .updatesIn], role: .handler(turn: 1),
                client: key)
            let elsewhere = Sample.peer(
                "elsewhere", rules: [Rule(services: [Sample.name("GRAFFITI")])])
            try await withPeers([roads, Self.archive, elsewhere]) { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.publish(
                    Sample.update("1", of: report, .inProgress, text: "We dig"), by: key,
                    actor: .client, now: Sample.now)
                #expect(
                    Set(try await store.ledger(of: report)) == [
                        "roads report waiting", "archive report waiting",
                        "archive update waiting",
                    ])
                #expect(
                    try await pool.number(
                        """
                        SELECT count(*) FROM event WHERE kind = 'updated' AND actor = 'peer'
                            AND path = '{roads.example,node.example}'
                        """) == 1)
            }
        }

        @Test func `an update goes to nobody that it has passed`() async throws {
            try await withPeers([Self.archive, Sample.peer("b"), Sample.peer("c")]) { store, _ in
                let report = try await Sample.report(to: store)
                let draft = Sample.update("1", of: report, text: "Hello")
                let published = try await store.publish(
                    draft, by: Sample.client, actor: .client,
                    provenance: Sample.provenance(
                        "b.example", "u-1", path: ["b.example", "c.example"]),
                    now: Sample.now)
                #expect(
                    try await store.ledger(of: report).filter { $0.contains("update") } == [
                        "archive update waiting"
                    ])
                // Whoever brings it once more, under whatever name.
                var again = Sample.update("2", of: report, text: "Hello")
                again.author = Reporter(email: "a@example.org")
                #expect(
                    try await store.publish(
                        again, by: Sample.name("o311_other1"), actor: .client,
                        provenance: Sample.provenance("b.example", "u-1", path: ["x.example"]),
                        now: Sample.now) == .repeated(try #require(published.id)))
            }
        }

        @Test func `a note of staff goes to nobody`() async throws {
            try await withPeers([Self.archive]) { store, _ in
                let report = try await Sample.report(to: store)
                _ = try await store.told(
                    Sample.update(of: report, text: "Psst", visibility: .private), by: .operator)
                #expect(try await store.ledger(of: report) == ["archive report waiting"])
            }
        }

        @Test func `a merger and the word to its duplicates are delivered`() async throws {
            try await withPeers([Self.archive]) { store, _ in
                let parent = try await Sample.report("parent", to: store)
                let child = try await Sample.report("child", to: store)
                _ = try await store.told(Merging.link(child, to: parent), by: .operator)
                _ = try await store.told(
                    Sample.update("c", of: parent, told: 90, .fixed, text: "Done"), at: 90)
                let turns = try await store.deliverAll("archive", at: 90)
                let told = turns.filter { $0.report.id == child }
                #expect(told.map(\.delivery.kind) == [.report, .update, .update])
                #expect(told.map(\.update?.detail) == [nil, .duplicate, .duplicate])
                #expect(told.last?.update?.description == "\(parent): Done")
                #expect(turns.filter { $0.report.id == parent }.count == 2)
            }
        }

        @Test func `a status that nobody asked the peer for is a proposal`() async throws {
            let key = Sample.name("o311_copy01", as: Client.ID.self)
            try await withPeers([Self.roads, Sample.peer("copy", client: key)]) { store, pool in
                let report = try await Sample.report(to: store)
                let told = try await store.publish(
                    Sample.update("1", of: report, .fixed, text: "Gone"), by: key,
                    actor: .client, now: Sample.now)
                guard case .published = told else {
                    Issue.record("\(told)")
                    return
                }
                #expect(try await store.found(report).status == .open)
                #expect(
                    try await store.internalNotes(
                        of: report, in: Sample.sofia.id, stage: .production
                    )?.map(\.description) == ["copy: FIXED"])
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 1)
                guard
                    case .proposed = try await store.publish(
                        Sample.update("3", of: report, .closed), by: key, actor: .client,
                        now: Sample.now)
                else {
                    Issue.record("A status without a word is a proposal.")
                    return
                }
                // One that the report has is no news, and does not make it the stranger's either.
                _ = try await store.publish(
                    Sample.update("4", of: report, .open, text: "Still there"), by: key,
                    actor: .client, now: Sample.now)
                #expect(
                    try await store.internalNotes(
                        of: report, in: Sample.sofia.id, stage: .production
                    )?.count == 2)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM report JOIN event ON event.id = standing_event") == 0)
                // What is no status is everybody's to say.
                _ = try await store.publish(
                    Sample.update("2", of: report, text: "I was there"), by: key, actor: .client,
                    now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 3)
            }
        }
    }
}
