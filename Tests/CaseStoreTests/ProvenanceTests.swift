import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Beginnings {
        private static let peers = [
            Sample.peer("archive"), Sample.peer("b", client: Sample.name("o311_fromb1")),
        ]
        private static let key: Client.ID = Sample.name("o311_fromb1")

        private static func add(
            _ provenance: Provenance, key: String = "1", by client: Client.ID = key,
            to store: CaseStore
        ) async throws -> Added {
            try await store.add(
                Sample.draft(), by: client, idempotency: Sample.key(key), provenance: provenance,
                now: Sample.now)
        }

        @Test func `a report that began elsewhere is taken once, whoever brings it`() async throws {
            try await withPeers(Self.peers) { store, pool in
                let first = try await Self.add(
                    Sample.provenance("a.example", "7", path: ["a.example", "b.example"]),
                    to: store)
                let again = try await Self.add(
                    Sample.provenance("a.example", "7", path: ["a.example", "c.example"]),
                    key: "2", by: Sample.client, to: store)
                #expect(again == .repeated(first.receipt))
                #expect(
                    try await store.add(
                        Sample.draft(), by: Self.key, idempotency: Sample.key("1"),
                        provenance: Sample.provenance("a.example", "8"), now: Sample.now)
                        == .repeated(first.receipt))
                for table in ["report", "delivery", "origin", "idempotency"] as [String] {
                    #expect(
                        try await pool.number(SQL(verbatim: "SELECT count(*) FROM \(table)")) == 1)
                }
                #expect(
                    try await pool.number(
                        """
                        SELECT count(*) FROM event WHERE actor = 'peer'
                            AND path = '{a.example,b.example,node.example}'
                        """) == 1)
                let turn = try #require(try await store.claimed("archive").first)
                #expect(
                    turn.subject.provenance
                        == Sample.provenance(
                            "a.example", "7", path: ["a.example", "b.example", "node.example"]))
            }
        }

        @Test func `of 50 who bring it at once one is taken`() async throws {
            try await withPeers(Self.peers) { store, pool in
                let answers = try await withThrowingTaskGroup(of: Added.self) { group in
                    for index in 0..<50 {
                        group.addTask {
                            try await Self.add(
                                Sample.provenance("a.example", "7"), key: "k\(index)", to: store)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.receipt.id)).count == 1)
                #expect(try await pool.number("SELECT count(*) FROM report") == 1)
                #expect(try await pool.number("SELECT count(*) FROM delivery") == 1)
            }
        }

        @Test func `what comes back to us is our own report`() async throws {
            try await withPeers(Self.peers) { store, pool async throws in
                let own = try await Sample.report("own", to: store)
                let back = try await Self.add(
                    Sample.provenance(
                        "node.example", own.rawValue, path: ["node.example", "b.example"]),
                    to: store)
                #expect(back == .repeated(Receipt(id: own)))
                let passed = try await Self.add(
                    Sample.provenance("a.example", "7"), key: "2", to: store)
                let round = try await Self.add(
                    Sample.provenance("a.example", "7", path: ["a.example", "node.example"]),
                    key: "3", to: store)
                #expect(round == .repeated(passed.receipt))
                #expect(try await pool.number("SELECT count(*) FROM report") == 2)
                await #expect(throws: CaseStoreError.unknownOrigin) {
                    try await Self.add(
                        Sample.provenance("node.example", "sofia-NEVER"), key: "4", to: store)
                }
                #expect(try await pool.number("SELECT count(*) FROM idempotency") == 2)
            }
        }

        @Test func `an update that comes back to us is our own`() async throws {
            try await withPeers(Self.peers) { store, pool in
                let report = try await Sample.report(to: store)
                let own = try await store.told(Sample.update(of: report, text: "Hello"))
                let draft = Sample.update("b-1", of: report, text: "Hello")
                let back = Sample.provenance(
                    "node.example", own.rawValue, path: ["node.example", "b.example"])
                #expect(
                    try await store.publish(
                        draft, by: Self.key, actor: .client, provenance: back, now: Sample.now)
                        == .repeated(own))
                #expect(
                    try await store.publish(
                        draft, by: Self.key, actor: .client,
                        provenance: Sample.provenance("node.example", "u-NEVER"),
                        now: Sample.now) == .unknownOrigin)
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 1)
            }
        }

        @Test func `with whom a report began hears of updates, though another was quicker`()
            async throws
        {
            try await withPeers(Self.peers) { store, pool in
                let way = Sample.provenance(
                    "archive.example", "a-7", path: ["archive.example", "b.example"])
                let report = try await Self.add(way, key: "1", to: store).receipt.id
                _ = try await store.told(Sample.update("1", of: report, text: "Hello"))
                let mine = { try await store.ledger(of: report).filter { $0.hasPrefix("archive") } }
                #expect(try await mine() == [], "nobody knows its number there")
                for _ in 1...2 {
                    try await store.note(
                        origin: Sample.name("archive"), of: report, as: "a-7", now: Sample.now)
                    #expect(try await mine() == ["archive update waiting"])
                }
                _ = try await store.told(Sample.update("2", of: report, text: "Hello again"))
                let turns = try await store.deliverAll("archive", at: 100)
                #expect(turns.map { $0.update?.description } == ["Hello", "Hello again"])
                #expect(turns.first?.ticket == Ticket(id: "a-7"))
                #expect(
                    try await pool.number("SELECT count(*) FROM ticket WHERE direction = 'in'") == 1
                )
            }
        }

        @Test func `who brings a report without its way is not sent it`() async throws {
            try await withPeers(Self.peers) { store, pool in
                var draft = Sample.draft()
                draft.foreignReport = "4711"
                let report = try await store.add(
                    draft, by: Self.key, idempotency: Sample.key("1"), now: Sample.now
                ).receipt.id
                #expect(try await store.ledger(of: report) == ["archive report waiting"])
                #expect(
                    try await pool.number(
                        """
                        SELECT count(*) FROM ticket
                        WHERE peer = 'b' AND direction = 'in' AND remote_id = '4711'
                        """) == 1)
                let turn = try #require(try await store.claimed("archive").first)
                #expect(
                    turn.subject.provenance.path.map(\.rawValue) == ["b.example", "node.example"])
                // Who gave it to us is told what becomes of it.
                _ = try await store.told(Sample.update(of: report, .fixed))
                #expect(
                    try await store.ledger(of: report).filter { $0.hasPrefix("b ") } == [
                        "b update waiting"
                    ])
            }
        }
    }
}
