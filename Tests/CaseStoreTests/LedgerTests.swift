import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Ledger {
        private static let peers = [Sample.peer("roads"), Sample.peer("archive")]

        @Test func `people see where a report is at each peer, and why`() async throws {
            try await withPeers(Self.peers) { store, _ in
                let report = try await Sample.report(to: store)
                _ = try await Sample.report("other", to: store)
                _ = try await store.told(Sample.update(of: report))
                let turn = try #require(try await store.claimed("roads").first)
                let until = Sample.now.addingTimeInterval(60)
                #expect(
                    try await store.finish(
                        turn, as: .postponed(until, .ambiguous),
                        attempt: Sample.attempt(.ambiguous), now: Sample.now))
                let entries = try await store.deliveries(DeliveryFilter(report: report))
                #expect(entries.count == 4)
                let roads = entries.filter { $0.delivery.peer.rawValue == "roads" }
                #expect(roads[0].delivery.due == until)
                #expect(roads[0].delivery.doubt == .ambiguous)
                #expect(roads[0].delivery.attempts == 1)
                #expect(roads[0].delivery.reason == "said so")
                #expect(roads[0].heldUntil == nil)
                #expect(roads[1].behind == roads[0].delivery.id)
                #expect(
                    try await store.attempts(of: turn.delivery.id) == [
                        Sample.attempt(.ambiguous)
                    ])
                let newest = try await store.deliveries(
                    DeliveryFilter(peer: Sample.name("archive"), states: [.waiting], limit: 2))
                #expect(newest.map(\.delivery.report) != [report, report])
                #expect(newest.count == 2)
                _ = try await store.claimed("archive")
                let held = try await store.deliveries(DeliveryFilter(id: newest[1].delivery.id))
                #expect(held.first?.heldUntil != nil)
            }
        }

        @Test func `a thousand resent deliveries go once`() async throws {
            try await withPeers(Self.peers) { store, pool in
                let report = try await Sample.report(to: store)
                let turn = try #require(try await store.claimed("roads").first)
                #expect(
                    try await store.finish(
                        turn, as: .parked("no answer", .ambiguous),
                        attempt: Sample.attempt(.ambiguous), now: Sample.now))
                let filter = DeliveryFilter(report: report)
                let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<50 {
                        group.addTask { try await store.resend(filter, now: Sample.now) }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(counts == 1)
                let again = try #require(try await store.claimed("roads").first)
                #expect(again.delivery.doubt == .flagged)
                #expect(again.delivery.firstTried == Sample.now.addingTimeInterval(60))
                #expect(try await store.deliver(again, as: "1"))
                #expect(try await store.resend(filter, now: Sample.now) == 0)
                #expect(try await store.attempts(of: again.delivery.id).count == 2)
                let entry = try await store.deliveries(DeliveryFilter(id: again.delivery.id))
                #expect(entry.first?.delivery.doubt == .flagged)
            }
        }

        @Test func `what is given up is not sent, nor what waits behind it`() async throws {
            try await withPeers(Self.peers) { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.told(Sample.update(of: report))
                let turn = try #require(try await store.claimed("roads").first)
                let dropped = try await store.drop(
                    DeliveryFilter(id: turn.delivery.id), reason: "a test", now: Sample.now)
                #expect(dropped == 2)
                #expect(try await !store.deliver(turn, as: "late"))
                _ = try await pool.query(
                    "UPDATE lane SET lease_until = clock_timestamp() WHERE delivery IS NOT NULL")
                #expect(try await store.claimed("roads").isEmpty)
                #expect(
                    try await pool.number("SELECT count(*) FROM lane WHERE peer = 'roads'") == 0)
                // Who was never told of a report is not told of what happens to it.
                _ = try await store.told(Sample.update("2", of: report))
                #expect(
                    try await store.ledger(of: report).filter { $0.hasPrefix("roads") } == [
                        "roads report dropped", "roads update dropped",
                    ])
                #expect(
                    try await store.resend(
                        DeliveryFilter(report: report, states: [.dropped]), now: Sample.now) == 2)
                #expect(try await store.claimed("roads").first?.delivery.id == turn.delivery.id)
            }
        }

        @Test func `an update's delivery is forgotten long after its end, and nothing else is`()
            async throws
        {
            try await withPeers(Self.peers) { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.told(Sample.update("1", of: report, .inProgress, text: "Soon"))
                _ = try await store.deliverAll("roads")
                let first = try #require(try await store.claimed("archive").first)
                #expect(try await store.deliver(first, as: "a", at: 60))
                let second = try #require(try await store.claimed("archive").first)
                let end = Sample.now.addingTimeInterval(60)
                #expect(
                    try await store.finish(
                        second, as: .refused("no"), attempt: Sample.attempt(.refused), now: end))
                _ = try await store.told(Sample.update("2", of: report, text: "Sorry"))
                let echoes = try await pool.number("SELECT count(*) FROM echo")
                #expect(echoes > 0)

                let lifetime: TimeInterval = 90 * 86_400
                let early = end.addingTimeInterval(lifetime - 1)
                #expect(try await store.prune(now: early).deliveries == 0)
                #expect(
                    try await store.prune(now: end.addingTimeInterval(lifetime)).deliveries == 2)
                #expect(
                    Set(try await store.ledger(of: report)) == [
                        "roads report done", "archive report done", "roads update waiting",
                        "archive update waiting",
                    ])
                #expect(try await pool.number("SELECT count(*) FROM attempt") == 2)
                // What a peer shows and tells is judged as before.
                #expect(try await pool.number("SELECT count(*) FROM echo") == echoes)
                let bond = try await store.bond(
                    of: PeerReader(name: Sample.name("roads"), authority: Sample.name("r.example")),
                    to: report, in: Sample.sofia.id, stage: .production)
                #expect(bond?.got == true)
                _ = try await store.told(Sample.update("3", of: report, text: "Once more"))
                #expect(try await store.ledger(of: report).count == 6)
            }
        }

        @Test func `nothing is stuck in silence`() async throws {
            try await withPeers(Self.peers) { store, pool in
                for index in 0..<4 { _ = try await Sample.report("r\(index)", to: store) }
                let turns = try await store.claimed("roads", limit: 3, at: 0)
                let later = Sample.now.addingTimeInterval(3600)
                for (turn, step) in zip(
                    turns,
                    [
                        .postponed(later, .ambiguous), .parked("look", .ambiguous),
                        .refused("no"),
                    ] as [DeliveryStep])
                {
                    #expect(
                        try await store.finish(
                            turn, as: step, attempt: Sample.attempt(.later), now: Sample.now))
                }
                _ = try await store.pause(
                    Sample.name("archive"), reason: "a test", now: Sample.now)
                let counts = try await store.federationCounts(
                    now: Sample.now.addingTimeInterval(901))
                #expect(counts.map(\.peer.rawValue) == ["archive", "roads"])
                #expect(counts[0].waiting == 4)
                #expect(counts[0].stuck == 4)
                #expect(counts[0].isPaused)
                #expect(counts[0].oldestAge == .seconds(901))
                #expect(counts[1].waiting == 2)
                #expect(counts[1].doubtful == 2)
                #expect(counts[1].parked == 1)
                #expect(counts[1].refused == 1)
                #expect(counts[1].stuck == 2)
                #expect(!counts[1].isPaused)
                let early = try await store.federationCounts(
                    now: Sample.now.addingTimeInterval(899))
                #expect(early.map(\.stuck) == [0, 0])
                #expect(try await pool.number("SELECT count(*) FROM delivery") == 8)
            }
        }
    }
}
