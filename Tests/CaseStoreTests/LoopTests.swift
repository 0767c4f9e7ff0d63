import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension InboxWorld {
    /// A report of our own that was delivered to the first peer, as the ticket `T1` there.
    func delivered(_ ticket: Ticket = Ticket(id: "T1")) async throws -> Report.ID {
        let report = try await Sample.report(to: store)
        try await deliver(as: ticket)
        return report
    }

    /// Delivers what is due to the first peer.
    @discardableResult
    func deliver(
        as ticket: Ticket = Ticket(id: "T1"), at seconds: TimeInterval = 5
    ) async throws -> [DeliveryTurn] {
        let now = Sample.now.addingTimeInterval(seconds)
        let turns = try await store.claimDeliveries(of: peer, limit: 10, now: now)
        for turn in turns {
            let isDone = try await store.finish(turn, as: .done(ticket), attempt: nil, now: now)
            #expect(isDone)
        }
        return turns
    }

    func notes(of report: Report.ID) async throws -> [String] {
        try await store.internalNotes(
            of: report, in: Sample.sofia.id, stage: .production
        )?.map(\.description) ?? []
    }

    func updates() async throws -> Int {
        try await pool.number("SELECT count(*) FROM \"update\"")
    }
}

extension CaseStoreTests {
    @Suite struct Loops {
        private static let handler = Sample.teller(
            flow: [.reportsOut, .updatesOut, .reportsIn, .updatesIn], rules: [Rule()],
            role: .handler(turn: 1))
        private static let copy = Sample.teller(
            flow: [.reportsOut, .updatesOut, .reportsIn, .updatesIn], rules: [Rule()])

        @Test func `the handler's word is ours, a copy's is a proposal`() async throws {
            for peer in [Self.handler, Self.copy] {
                try await InboxWorld.with([peer]) { world in
                    let report = try await world.delivered()
                    let update = Incoming.update(Sample.heard("1", of: "T1", "fixed", "Done"))
                    let reception = try await world.tell([update])
                    let isHandler = peer == Self.handler
                    #expect(reception.applied == (isHandler ? 1 : 0))
                    #expect(reception.proposed == (isHandler ? 0 : 1))
                    let after = try await world.store.found(report)
                    #expect(after.status == (isHandler ? .closed : .open))
                    #expect(after.statusNotes == "Done")
                    #expect(
                        try await world.notes(of: report) == (isHandler ? [] : ["roads: fixed"]))
                    #expect(try await world.tell([update], at: 200).passed == 1)
                }
            }
        }

        @Test func `what we told a peer is no news when it comes back`() async throws {
            try await InboxWorld.with([Self.handler]) { world in
                let report = try await world.delivered()
                _ = try await world.store.told(
                    Sample.update(of: report, .inProgress, text: "We  come on\nMonday."))
                try await world.deliver(at: 70)
                let echo = Incoming.update(
                    Sample.heard("9", of: "T1", "in_progress", "WE COME ON MONDAY.", after: 75))
                #expect(try await world.tell([echo]).echoes == 1)
                let state = Incoming.report(
                    Sample.told("T1", "in_progress", notes: "We come on Monday."))
                let reception = try await world.tell([state], at: 160)
                #expect(reception.applied == 0)
                #expect(try await world.updates() == 1)
                // Their own word is none.
                let own = Incoming.update(Sample.heard("10", of: "T1", "fixed", "Done", after: 90))
                #expect(try await world.tell([own], at: 200).applied == 1)
            }
        }

        @Test func `what is on its way to a peer is no news either`() async throws {
            try await InboxWorld.with([Self.handler]) { world in
                let report = try await world.delivered()
                _ = try await world.store.told(Sample.update(of: report, nil, text: "Hello"))
                let turns = try await world.store.claimDeliveries(
                    of: world.peer, limit: 1, now: Sample.now.addingTimeInterval(70))
                #expect(turns.count == 1)
                let echo = Incoming.update(Sample.heard("9", of: "T1", "open", "Hello"))
                #expect(try await world.tell([echo]).echoes == 1)
            }
        }

        @Test func `an update is sent on to others, and never back or along its path`()
            async throws
        {
            let others = ["bridges", "parks"].map {
                Sample.teller($0, flow: [.reportsOut, .updatesOut], rules: [Rule()])
            }
            try await InboxWorld.with([Self.handler] + others) { world in
                _ = try await world.delivered()
                for peer in others {
                    let turns = try await world.store.claimDeliveries(
                        of: peer, limit: 10, now: Sample.now.addingTimeInterval(6))
                    for turn in turns {
                        _ = try await world.store.finish(
                            turn, as: .done(Ticket(id: "X")), attempt: nil, now: Sample.now)
                    }
                }
                let way = Provenance(
                    origin: Sample.name("bridges"), originID: "b-1",
                    path: [Sample.name("bridges"), Sample.name("roads")])
                try await world.tell([
                    .update(Sample.heard("1", of: "T1", "fixed", provenance: way))
                ])
                let rows = try await world.pool.query(
                    "SELECT peer FROM delivery WHERE kind = 'update'")
                var peers: [String] = []
                for row in rows {
                    var cells = row.cells
                    peers.append(try cells.next())
                }
                #expect(peers == ["parks"])
            }
        }

        @Test func `what comes by two ways is taken once`() async throws {
            let peers = [Sample.teller("roads"), Sample.teller("bridges")]
            try await InboxWorld.with(peers) { world in
                let way = Provenance(
                    origin: Sample.name("ngo"), originID: "ngo-1",
                    path: [Sample.name("ngo"), Sample.name("bridges")])
                try await world.tell([.report(Sample.told("T1", provenance: way))])
                let second = try await world.tell(
                    [.report(Sample.told("B1", provenance: way))], from: peers[1])
                #expect(second.known == 1)
                #expect(try await world.ours().id == world.ours("B1", at: peers[1]).id)
                // And so is what is said about it.
                let word = Provenance(
                    origin: Sample.name("ngo"), originID: "u-1",
                    path: [Sample.name("ngo"), Sample.name("bridges")])
                try await world.tell([
                    .update(Sample.heard("1", of: "T1", "fixed", "x", provenance: word))
                ])
                let again = try await world.tell(
                    [.update(Sample.heard("8", of: "B1", "fixed", "x", provenance: word))],
                    from: peers[1])
                #expect(again.known == 1)
                #expect(try await world.updates() == 1)
                #expect(try await world.pool.number("SELECT count(*) FROM report") == 1)
            }
        }

        @Test func `our own report comes back from where it went, and is ours`() async throws {
            try await InboxWorld.with([Sample.teller(flow: [.reportsIn, .updatesIn, .updatesOut])])
            {
                world in
                let report = try await Sample.report(to: world.store)
                let way = Provenance(
                    origin: Sample.node, originID: report.rawValue,
                    path: [Sample.node, Sample.name("ngo"), Sample.name("roads")])
                #expect(try await world.tell([.report(Sample.told(provenance: way))]).known == 1)
                #expect(try await world.ours().id == report)
                // Somebody else gave it to them, and tells them what is new.
                _ = try await world.store.told(Sample.update(of: report, nil, text: "Hello"))
                #expect(try await world.pool.number("SELECT count(*) FROM delivery") == 0)
                // Of a report that we do not hold nothing is made.
                let lost = Provenance(
                    origin: Sample.node, originID: "sofia-LOST", path: [Sample.node])
                let other = Sample.told("T2", text: "Other", provenance: lost)
                #expect(try await world.tell([.report(other)], at: 200).ignored == 1)
            }
        }

        @Test func `a peer that strips its metadata gives back what it was given`() async throws {
            let stripped = Sample.teller("stripped")
            try await InboxWorld.with([Self.copy, stripped]) { world in
                let report = try await world.delivered()
                let near = Sample.place(Sample.coordinate(42.70001, 23.29999))
                let back = Sample.told("S1", text: " a HOLE ", place: near)
                #expect(try await world.tell([.report(back)], from: stripped).known == 1)
                #expect(try await world.ours("S1", at: stripped).id == report)
                // Another of the same words is another problem, and so is one elsewhere.
                let twin = Sample.told("S2", text: "A hole", place: near)
                let away = Sample.told(
                    "S3", text: "A hole", place: Sample.place(Sample.coordinate(42.71, 23.3)))
                let reception = try await world.tell(
                    [.report(twin), .report(away)], from: stripped, at: 200)
                #expect(reception.taken == 2)
            }
        }

        @Test func `what was added to a text on its way does not make it another`() async throws {
            let stripped = Sample.teller("stripped")
            try await InboxWorld.with([Self.copy, stripped]) { world in
                _ = try await world.delivered()
                let near = Sample.place(Sample.coordinate(42.70001, 23.29999))
                let added = "A hole\n\nhttps://a.example/1.jpg\n\nhttp://b.example/requests/b-7"
                let back = Sample.told("S1", text: added, place: near)
                #expect(try await world.tell([.report(back)], from: stripped).known == 1)
                let other = Sample.told("S2", text: "A hole, large", place: near)
                #expect(try await world.tell([.report(other)], from: stripped, at: 200).taken == 1)
            }
        }

        @Test func `who has a report by another way tells what others told, and that is no news`()
            async throws
        {
            let stripped = Sample.teller("stripped")
            try await InboxWorld.with([Self.copy, stripped]) { world in
                let report = try await world.delivered()
                _ = try await world.store.told(Sample.update(of: report, nil, text: "We saw it"))
                let near = Sample.place(Sample.coordinate(42.7, 23.3))
                try await world.tell(
                    [.report(Sample.told("S1", text: "A hole", place: near))], from: stripped)
                let updates = try await world.pool.number("SELECT count(*) FROM \"update\"")
                let theirs = try await world.tell(
                    [
                        .update(Sample.heard("1", of: "S1", nil, "we  saw it", after: 120)),
                        .update(Sample.heard("2", of: "S1", nil, "We saw it twice", after: 121)),
                    ], from: stripped, at: 200)
                #expect(theirs.applied == 1)
                #expect(
                    try await world.pool.number("SELECT count(*) FROM \"update\"") == updates + 1)
            }
        }

        @Test func `two that contradict each other are stopped, and people see it`() async throws {
            try await InboxWorld.with([Self.handler]) { world in
                _ = try await world.delivered()
                for turn in 0..<10 {
                    let word = turn.isMultiple(of: 2) ? "fixed" : "open"
                    let seconds = 100 + Double(turn) * 60
                    try await world.tell(
                        [.update(Sample.heard("\(turn)", of: "T1", word, after: seconds))],
                        at: seconds)
                }
                let held = try await world.store.quarantined(of: world.peer.name)
                // Closing is stopped; that it is open, as we have it, is no change.
                #expect(held.count == 2)
                #expect(held.allSatisfy { $0.reason.hasPrefix("brake") })
                #expect(try await world.ours().status == .open)
                // An hour later it goes on.
                try await world.tell(
                    [.update(Sample.heard("99", of: "T1", "fixed", after: 5000))], at: 5000)
                #expect(try await world.ours().status == .closed)
            }
        }

        @Test func `not ours sends the report on to who is next, and then to triage`()
            async throws
        {
            var second = Self.handler
            second = Sample.teller(
                "bridges", flow: second.flow, rules: [Rule()], role: .handler(turn: 2))
            try await InboxWorld.with([Self.handler, second]) { world in
                let report = try await world.delivered()
                try await world.tell([.update(Sample.heard("1", of: "T1", "not ours", "Ask them"))])
                func handler() async throws -> String? {
                    let rows = try await world.pool.query(
                        "SELECT handler FROM report WHERE id = \(report.rawValue)")
                    var cells = try #require(rows.first?.cells)
                    return try cells.next(String?.self)
                }
                #expect(try await handler() == "bridges")
                let now = Sample.now.addingTimeInterval(200)
                for turn in try await world.store.claimDeliveries(of: second, limit: 9, now: now) {
                    _ = try await world.store.finish(
                        turn, as: .done(Ticket(id: "B1")), attempt: nil, now: now)
                }
                try await world.tell(
                    [.update(Sample.heard("1", of: "B1", "not ours", after: 300))], from: second,
                    at: 300)
                #expect(try await handler() == nil)
                #expect(try await world.store.found(report).detail == .forTriage)
            }
        }

        @Test func `a token becomes a ticket, and what waited for it is read`() async throws {
            try await InboxWorld.with([Self.handler]) { world in
                _ = try await world.delivered(Ticket(token: "tk"))
                let now = Sample.now.addingTimeInterval(600)
                let due = try await world.store.dueTokens(
                    of: world.peer.name, limit: 5, now: now)
                #expect(due.map(\.token) == ["tk"])
                #expect(try await world.store.resolved(due[0], as: "T1", now: now))
                let update = Incoming.update(Sample.heard("1", of: "T1", "fixed"))
                #expect(try await world.tell([update], at: 700).applied == 1)
            }
        }
    }

    @Suite struct Readings {
        private let long = Duration.seconds(60)

        @Test func `a peer is read by one at a time, and the cursor is theirs who hold it`()
            async throws
        {
            try await InboxWorld.with { world in
                let (store, name) = (world.store, world.peer.name)
                let first = try await #require(
                    store.claimReading(of: [name], lease: .milliseconds(1), now: Sample.now))
                #expect(first.cursor == nil)
                var second: ReadingTurn?
                while second == nil {
                    second = try await store.claimReading(
                        of: [name], lease: long, now: Sample.now)
                }
                let turn = try #require(second)
                #expect(
                    try await store.claimReading(of: [name], lease: long, now: Sample.now) == nil)
                let page = Page(
                    items: [.report(Sample.told())], next: Cursor(text: "a"), isLast: false)
                let catalogue = try Sample.catalogue()
                // Who is late keeps what it read, and moves nothing.
                #expect(
                    try await store.receive(
                        page, from: world.peer, by: first, in: catalogue, now: Sample.now) == nil)
                #expect(
                    try await store.receive(
                        page, from: world.peer, by: turn, in: catalogue, now: Sample.now)?.passed
                        == 1)
                try await store.releaseReading(turn)
                let third = try await store.claimReading(of: [name], lease: long, now: Sample.now)
                #expect(third?.cursor?.text == "a")
            }
        }

        @Test func `a turn is kept while it lasts, and not once it has ended`() async throws {
            try await InboxWorld.with { world in
                let (store, name) = (world.store, world.peer.name)
                func claim() async throws -> ReadingTurn? {
                    try await store.claimReading(of: [name], lease: long, now: Sample.now)
                }
                let turn = try await #require(claim())
                // Its relay was stopped for longer than the lease, and is back before another came.
                _ = try await world.pool.query(
                    "UPDATE cursor SET lease_until = clock_timestamp() - interval '1 second'")
                #expect(try await store.keepReading(turn))
                #expect(try await claim() == nil)
                try await store.releaseReading(turn)
                #expect(try await !store.keepReading(turn))
                let next = try await #require(claim())
                #expect(try await !store.keepReading(turn))
                #expect(try await store.keepReading(next))
            }
        }

        @Test func `news are read at the interval, and everything again at night`() async throws {
            try await InboxWorld.with { world in
                let (store, name) = (world.store, world.peer.name)
                let catalogue = try Sample.catalogue()
                func read(_ text: String, at seconds: TimeInterval) async throws -> ReadingTurn? {
                    let now = Sample.now.addingTimeInterval(seconds)
                    guard
                        let turn = try await store.claimReading(of: [name], lease: long, now: now)
                    else { return nil }
                    _ = try await store.receive(
                        Page(items: [], next: Cursor(text: text), isLast: true), from: world.peer,
                        by: turn, in: catalogue, now: now)
                    try await store.releaseReading(turn)
                    return turn
                }
                #expect(try await read("one", at: 0)?.kind == .news)
                #expect(try await read("never", at: 59) == nil)
                #expect(try await read("two", at: 60)?.cursor?.text == "one")
                // Past four in the night (the samples begin at midnight).
                #expect(try await read("three", at: 4 * 3600)?.kind == .news)
                let sweep = try await read("swept", at: 4 * 3600)
                #expect(sweep?.kind == .sweep)
                #expect(sweep?.cursor == nil)
                #expect(try await read("never", at: 4 * 3600) == nil)
                #expect(try await read("four", at: 5 * 3600)?.cursor?.text == "three")
                #expect(try await read("never", at: 5 * 3600) == nil)
            }
        }

        @Test func `a failure is shown and waits, a paused peer is not read`() async throws {
            try await InboxWorld.with { world in
                let (store, name) = (world.store, world.peer.name)
                let turn = try await #require(
                    store.claimReading(of: [name], lease: long, now: Sample.now))
                try await store.failReading(
                    turn, reason: "no answer", due: Sample.now.addingTimeInterval(30))
                let soon = Sample.now.addingTimeInterval(29)
                #expect(try await store.claimReading(of: [name], lease: long, now: soon) == nil)
                let later = Sample.now.addingTimeInterval(30)
                let next = try await #require(
                    store.claimReading(of: [name], lease: long, now: later))
                #expect(next.failures == 1)
                try await store.releaseReading(next)
                _ = try await store.pause(name, reason: "by hand", now: later)
                #expect(try await store.claimReading(of: [name], lease: long, now: later) == nil)
            }
        }
    }
}
