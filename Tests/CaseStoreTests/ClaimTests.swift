import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Claiming {
        private static func withReports(
            _ count: Int, pace: Peer.Pace = Peer.Pace(concurrency: 100),
            _ body: (CaseStore, Pool, [Report.ID]) async throws -> Void
        ) async throws {
            try await withPeers([Sample.peer("roads", pace: pace)]) { store, pool in
                var reports: [Report.ID] = []
                for index in 0..<count {
                    reports.append(try await Sample.report("r\(index)", to: store))
                }
                try await body(store, pool, reports)
            }
        }

        @Test func `of one report the deliveries go one at a time and in order`() async throws {
            try await Self.withReports(2) { store, pool, reports in
                for index in 1...3 {
                    _ = try await store.told(
                        Sample.update("\(index)", of: reports[0], text: "\(index)"))
                }
                let first = try await store.claimed("roads")
                #expect(first.map(\.report.id) == reports)
                #expect(first.map(\.delivery.kind) == [.report, .report])
                #expect(try await store.claimed("roads").isEmpty)
                #expect(try await store.deliver(try #require(first.first), as: "1"))
                var texts: [String?] = []
                for _ in 1...3 {
                    let turns = try await store.claimed("roads")
                    #expect(turns.count == 1)
                    let turn = try #require(turns.first)
                    #expect(turn.ticket == Ticket(id: "1"))
                    #expect(turn.subject.told == Sample.now.addingTimeInterval(60))
                    texts.append(turn.update?.description)
                    #expect(try await store.deliver(turn, as: "1"))
                }
                #expect(texts == ["1", "2", "3"])
                #expect(try await store.deliver(first[1], as: "2"))
                #expect(try await store.claimed("roads").isEmpty)
                #expect(try await pool.number("SELECT count(*) FROM lane") == 0)
                #expect(try await pool.number("SELECT count(*) FROM ticket") == 2)
                #expect(try await store.peersWithDueDeliveries(now: Sample.now).isEmpty)
            }
        }

        @Test func `several who claim at once share what there is, within the limit`() async throws
        {
            try await Self.withReports(40, pace: Peer.Pace(concurrency: 12)) { store, pool, _ in
                for round in 0..<4 {
                    let turns = try await Self.claimAtOnce(20, of: 3, from: store)
                    #expect(turns.count == (round < 3 ? 12 : 4))
                    #expect(Set(turns.map(\.delivery.id)).count == turns.count)
                    for turn in turns {
                        #expect(try await store.deliver(turn, as: "t-\(turn.delivery.id)"))
                    }
                }
                #expect(
                    try await pool.number("SELECT count(*) FROM delivery WHERE attempts <> 1") == 0)
            }
        }

        @Test func `what is told while others deliver is delivered, in its order`() async throws {
            try await Self.withReports(3) { store, pool, reports in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for report in reports {
                        group.addTask {
                            for index in 0..<15 {
                                _ = try await store.told(
                                    Sample.update("\(index)", of: report, text: "\(index)"))
                            }
                        }
                    }
                    for _ in 0..<2 {
                        group.addTask {
                            for _ in 0..<30 { _ = try await store.deliverAll("roads") }
                        }
                    }
                    try await group.waitForAll()
                }
                _ = try await store.deliverAll("roads")
                #expect(
                    try await pool.number("SELECT count(*) FROM delivery WHERE state = 'done'")
                        == 48)
                #expect(try await pool.number("SELECT count(*) FROM lane") == 0)
                // The transactions that ended them are in the order in which they were told.
                #expect(
                    try await pool.number(
                        """
                        SELECT count(*) FROM (
                            SELECT xmin::text::bigint < lag(xmin::text::bigint) OVER (
                                PARTITION BY report ORDER BY id) AS is_late FROM delivery
                        ) AS told WHERE is_late
                        """) == 0)
            }
        }

        @Test func `several who claim at once keep the pace together`() async throws {
            let pace = Peer.Pace(concurrency: 100, perSecond: 0.01)
            try await Self.withReports(10, pace: pace) { store, pool, _ in
                let first = try await Self.claimAtOnce(10, of: 5, from: store)
                #expect(first.count == 1)
                #expect(try await store.deliver(try #require(first.first), as: "1"))
                #expect(try await Self.claimAtOnce(10, of: 5, from: store).isEmpty)
                _ = try await pool.query(
                    "UPDATE peer SET refilled = refilled - interval '110 seconds'")
                #expect(try await Self.claimAtOnce(10, of: 5, from: store).count == 1)
            }
        }

        private static func claimAtOnce(
            _ claimers: Int, of limit: Int, from store: CaseStore
        ) async throws -> [DeliveryTurn] {
            try await withThrowingTaskGroup(of: [DeliveryTurn].self) { group in
                for _ in 0..<claimers {
                    group.addTask { try await store.claimed("roads", limit: limit) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }

        @Test func `what a dead relay held is claimed again, and it may have arrived`() async throws
        {
            try await Self.withReports(1) { store, _, _ in
                let lost = try #require(
                    try await store.claimed("roads", lease: .zero).first)
                #expect(lost.delivery.doubt == .none)
                let again = try #require(try await store.claimed("roads", at: 65).first)
                #expect(again.delivery.id == lost.delivery.id)
                #expect(again.delivery.doubt == .ambiguous)
                #expect(again.delivery.attempts == 1)
                #expect(again.delivery.firstTried == Sample.now.addingTimeInterval(60))
                #expect(
                    try await store.attempts(of: lost.delivery.id).map(\.outcome) == [.ambiguous])
                // Whoever comes too late changes nothing.
                #expect(try await store.keep([lost, again]) == [again.delivery.id])
                #expect(try await !store.deliver(lost, as: "late"))
                #expect(
                    try await !store.finish(
                        lost, as: .parked("late", .none), attempt: Sample.attempt(.later),
                        now: Sample.now))
                #expect(try await store.attempts(of: lost.delivery.id).count == 1)
                #expect(try await store.deliver(again, as: "1"))
                #expect(try await !store.deliver(again, as: "2"))
                let entry = try #require(try await store.deliveries(DeliveryFilter()).first)
                #expect(entry.ticket == Ticket(id: "1"))
                #expect(entry.delivery.state == .done)
                #expect(entry.delivery.doubt == .none)
                #expect(entry.delivery.attempts == 2)
            }
        }

        @Test func `a lease that is over cannot be kept`() async throws {
            try await Self.withReports(1) { store, pool, _ in
                let turns = try await store.claimed("roads")
                #expect(try await store.keep(turns).count == 1)
                _ = try await pool.query("UPDATE lane SET lease_until = clock_timestamp()")
                #expect(try await store.keep(turns).isEmpty)
                // As long as nobody else has it, its end still counts.
                #expect(try await store.deliver(turns[0], as: "1"))
            }
        }

        @Test func `a poisoned report holds back its own updates and nobody else`() async throws {
            try await Self.withReports(3) { store, _, reports in
                for report in reports { _ = try await store.told(Sample.update(of: report)) }
                let turns = try await store.claimed("roads")
                #expect(
                    try await store.finish(
                        turns[0], as: .parked("poison", .none), attempt: Sample.attempt(.later),
                        now: Sample.now))
                #expect(
                    try await store.finish(
                        turns[1],
                        as: .postponed(Sample.now.addingTimeInterval(120), .none),
                        attempt: Sample.attempt(.later), now: Sample.now))
                #expect(try await store.deliver(turns[2], as: "3"))
                #expect(try await store.claimed("roads").map(\.report.id) == [reports[2]])
                #expect(try await store.claimed("roads", at: 120).map(\.report.id) == [reports[1]])
                // A person has looked.
                #expect(try await store.resend(DeliveryFilter(), now: Sample.now) == 1)
                #expect(try await store.resend(DeliveryFilter(), now: Sample.now) == 0)
                let again = try #require(try await store.claimed("roads").first)
                #expect(again.report.id == reports[0])
                #expect(again.delivery.kind == .report)
                #expect(again.delivery.attempts == 0)
            }
        }

        @Test func `who waits for one dead peer costs the others nothing`() async throws {
            try await Self.withReports(5) { store, _, _ in
                let roads = Sample.name("roads", as: Peer.Name.self)
                for _ in 0..<4 {
                    let state = try await store.noteFailure(
                        of: roads, probeDue: Sample.now.addingTimeInterval(30), now: Sample.now)
                    #expect(state?.probeDue == nil)
                }
                try await store.noteFailure(
                    of: roads, probeDue: Sample.now.addingTimeInterval(30), now: Sample.now)
                #expect(try await store.claimed("roads", at: 29).isEmpty)
                #expect(
                    try await store.peersWithDueDeliveries(
                        now: Sample.now.addingTimeInterval(29)
                    ).isEmpty)
                let probe = try await store.claimed("roads", at: 30)
                #expect(probe.count == 1)
                #expect(try await store.claimed("roads", at: 59).isEmpty)
                #expect(try await store.deliver(probe[0], as: "1", at: 31))
                #expect(try await store.claimed("roads", at: 31).count == 4)
                #expect(try await store.peerStates().map(\.failures) == [0])
            }
        }

        @Test func `a paused peer is left alone until it is resumed`() async throws {
            try await Self.withReports(1) { store, _, _ in
                let roads = Sample.name("roads", as: Peer.Name.self)
                let state = try await store.pause(roads, reason: "no key", now: Sample.now)
                #expect(state?.pauseReason == "no key")
                #expect(try await store.claimed("roads").isEmpty)
                #expect(try await store.peersWithDueDeliveries(now: Sample.now).isEmpty)
                _ = try await store.resume(roads)
                #expect(try await store.peersWithDueDeliveries(now: Sample.now) == [roads])
                #expect(try await store.claimed("roads").count == 1)
                #expect(
                    try await store.pause(Sample.name("none"), reason: "", now: Sample.now) == nil)
            }
        }

        @Test func `an update waits until the peer's token has become an id`() async throws {
            try await Self.withReports(1) { store, _, reports in
                let turn = try #require(try await store.claimed("roads").first)
                #expect(
                    try await store.finish(
                        turn, as: .done(Ticket(token: "tk-1")), attempt: Sample.attempt(),
                        now: Sample.now))
                _ = try await store.told(Sample.update(of: reports[0]))
                #expect(try await store.claimed("roads").isEmpty)
                let roads: Peer.Name = Sample.name("roads")
                let due = try await store.dueTokens(of: roads, limit: 10, now: Sample.now)
                #expect(due.map(\.token) == ["tk-1"])
                #expect(try await store.dueTokens(of: roads, limit: 10, now: Sample.now).isEmpty)
                #expect(
                    try await store.dueTokens(
                        of: roads, limit: 10, now: Sample.now.addingTimeInterval(60)
                    ).map(\.attempts) == [1])
                #expect(try await store.resolved(due[0], as: "42", now: Sample.now))
                #expect(try await !store.resolved(due[0], as: "43", now: Sample.now))
                #expect(try await store.claimed("roads").first?.ticket == Ticket(id: "42"))
            }
        }

        @Test func `a ticket that another report has already is for a person to look at`()
            async throws
        {
            try await Self.withReports(2) { store, _, reports in
                let turns = try await store.claimed("roads")
                #expect(try await store.deliver(turns[0], as: "1"))
                #expect(try await store.deliver(turns[1], as: "1"))
                let entry = try #require(
                    try await store.deliveries(DeliveryFilter(report: reports[1])).first)
                #expect(entry.delivery.state == .parked)
                #expect(entry.delivery.reason?.contains(reports[0].rawValue) == true)
            }
        }

        @Test func `an update tells its status where it changed it or decided it`() async throws {
            try await Self.withReports(1) { store, _, reports in
                #expect(try await store.deliverAll("roads").first?.subject.tellsStatus == true)
                let updates: [(detail: Detail?, tells: Bool)] = [
                    // What is open is told to be: no change, but the word that counts from now on.
                    (.open, true), (nil, false), (.fixed, true),
                ]
                for (index, update) in updates.enumerated() {
                    _ = try await store.told(
                        Sample.update(
                            "\(index)", of: reports[0], told: 60 + Double(index), update.detail,
                            text: "Word \(index)"), at: 62)
                    let turn = try #require(try await store.claimed("roads", at: 90).first)
                    #expect(turn.subject.tellsStatus == update.tells, "update \(index)")
                    #expect(try await store.deliver(turn, as: "t-\(reports[0])"))
                }
            }
        }

        @Test func `another ticket is another round, and the old one stays`() async throws {
            try await Self.withReports(1) { store, pool, reports in
                #expect(try await store.deliverAll("roads").count == 1)
                _ = try await store.told(Sample.update(of: reports[0], .reopen))
                let turn = try #require(try await store.claimed("roads").first)
                #expect(try await store.deliver(turn, as: "again"))
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM ticket WHERE round = 2 AND remote_id = 'again'")
                        == 1)
                #expect(try await pool.number("SELECT count(*) FROM ticket") == 2)
            }
        }

        @Test func `what the peer was told is known when it comes back`() async throws {
            try await Self.withReports(1) { store, pool, reports in
                _ = try await store.told(Sample.update(of: reports[0], .fixed, text: "All  Done"))
                _ = try await store.deliverAll("roads")
                for echo in [Echo.text("a hole"), .text("all done "), .status("Closed")] {
                    #expect(
                        try await pool.number(
                            """
                            SELECT count(*) FROM echo
                            WHERE content = \(Fingerprint.plain(echo.content))
                            """) == 1)
                }
            }
        }

        @Test func `contact data is read only for who may have it`() async throws {
            let open = Sample.peer(
                "open", privacy: .init(allowed: [.contact], purpose: "to call back"))
            try await withPeers([Sample.peer("roads"), open]) { store, _ in
                _ = try await store.add(
                    Sample.draft(reporter: Reporter(email: "a@example.org")), by: Sample.client,
                    idempotency: Sample.key("1"), now: Sample.now)
                #expect(try await store.claimed("roads").first?.subject.reporter == Reporter())
                #expect(
                    try await store.claimed("open").first?.subject.reporter
                        == Reporter(email: "a@example.org"))
            }
        }
    }
}
