import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension Sample {
    static func mapping() -> Mapping {
        var mapping = Mapping(
            servicesOut: [name("POTHOLE"): "12"], servicesIn: ["12": name("POTHOLE")])
        for detail in Detail.allCases {
            mapping.statusesOut[detail] = detail.rawValue.lowercased()
            mapping.statusesIn[.init(detail.rawValue)] = .init(detail: detail)
        }
        mapping.statusesIn[.init("not ours")] = .init(detail: nil, verdict: .refuses)
        return mapping
    }

    static func teller(
        _ text: String = "roads", flow: Peer.Flow = [.reportsIn, .updatesIn, .updatesOut],
        rules: [Rule] = [], role: Peer.Role = .copy, client: String? = nil
    ) -> Peer {
        Peer(
            name: name(text), authority: name(text), flow: flow, rules: rules, role: role,
            mapping: mapping(), client: client.map { name($0) })
    }

    static func told(
        _ id: String = "T1", _ status: String = "open", notes: String? = nil,
        service: String? = "12", text: String? = "A deep hole", place: Place? = place(),
        after seconds: TimeInterval = 0, provenance: Provenance? = nil
    ) -> IncomingReport {
        IncomingReport(
            id: id, status: status, statusNotes: notes, service: service, description: text,
            place: place, requested: now.addingTimeInterval(-3600),
            updated: now.addingTimeInterval(seconds), provenance: provenance)
    }

    static func heard(
        _ id: String, of report: String = "T1", _ status: String? = nil, _ text: String? = nil,
        after seconds: TimeInterval = 60, provenance: Provenance? = nil
    ) -> IncomingUpdate {
        IncomingUpdate(
            id: id, report: report, status: status, description: text,
            told: now.addingTimeInterval(seconds), provenance: provenance)
    }
}

/// A case store with peers, and what one of them tells it.
struct InboxWorld {
    let store: CaseStore
    let pool: Pool
    let peers: [Peer]

    static func with(
        _ peers: [Peer] = [Sample.teller()], _ body: (InboxWorld) async throws -> Void
    ) async throws {
        var settings = CaseStore.Settings()
        settings.peering = Peering(node: Sample.node, peers: peers)
        try await CaseStoreTests.withStore(settings: settings) { store, pool in
            try await store.register(settings.peering, now: Sample.now)
            try await body(InboxWorld(store: store, pool: pool, peers: peers))
        }
    }

    var peer: Peer { peers[0] }

    @discardableResult
    func tell(
        _ items: [Incoming], from peer: Peer? = nil, at seconds: TimeInterval = 100
    ) async throws -> Reception {
        let now = Sample.now.addingTimeInterval(seconds)
        let peer = peer ?? self.peer
        _ = try await pool.query(
            "UPDATE cursor SET due = \(now), lease_until = NULL WHERE peer = \(peer.name.rawValue)")
        let turn = try await #require(
            store.claimReading(of: [peer.name], lease: .seconds(60), now: now))
        let reception = try await store.receive(
            Page(items: items, next: Cursor(text: "next"), isLast: true), from: peer, by: turn,
            in: try Sample.catalogue(), now: now)
        try await store.releaseReading(turn)
        return try #require(reception)
    }

    func ours(_ remote: String = "T1", at peer: Peer? = nil) async throws -> Report {
        let rows = try await pool.query(
            """
            SELECT report FROM ticket WHERE remote_id = \(remote)
                AND peer = \((peer ?? self.peer).name.rawValue)
            """)
        var cells = try #require(rows.first?.cells)
        return try await store.found(Sample.name(try cells.next()))
    }

    func rows(_ state: String) async throws -> Int {
        try await pool.number("SELECT count(*) FROM inbox WHERE state = \(state)")
    }
}

extension CaseStoreTests {
    @Suite struct Inbox {
        @Test func `what changed lately is looked at often, and what is closed daily`()
            async throws
        {
            try await InboxWorld.with { world in
                try await world.tell([
                    .report(Sample.told("T1")), .report(Sample.told("T2", "fixed", text: "Two")),
                ])
                func due(_ seconds: TimeInterval) async throws -> [String] {
                    try await world.store.dueLooks(
                        at: world.peer, limit: 10, now: Sample.now.addingTimeInterval(seconds)
                    ).sorted()
                }
                #expect(try await due(99) == [])
                #expect(try await due(100) == ["T1", "T2"])
                #expect(try await due(159) == [])
                #expect(try await due(160) == ["T1"])
                // A day later nothing has changed: every hour is enough.
                #expect(try await due(86_500) == ["T1", "T2"])
                #expect(try await due(90_000) == [])
                #expect(try await due(90_200) == ["T1"])
                // After 90 days nobody reopens it.
                #expect(try await due(8_000_000) == ["T1", "T2"])
                #expect(try await due(9_000_000) == ["T1"])
            }
        }

        @Test func `a number that a peer gives to two reports is two of ours, again and again`()
            async throws
        {
            try await InboxWorld.with { world in
                let first = Sample.told("T1", text: "A loose slab")
                var second = Sample.told(
                    "T1", text: "An old bicycle", place: Sample.place(Sample.coordinate(42.6, 23.2))
                )
                second.requested += 21
                #expect(try await world.tell([.report(first), .report(second)]).taken == 2)
                #expect(try await world.tell([.report(second), .report(first)]).passed == 2)
                #expect(try await world.pool.number("SELECT count(*) FROM report") == 2)
                #expect(try await world.ours().description == "A loose slab")
                // Each goes on by itself.
                second.status = "fixed"
                #expect(
                    try await world.tell([.report(second), .report(first)], at: 200).applied == 1)
                #expect(try await world.ours().status == .open)
                // What was only corrected, or moved a little, is the same one.
                var corrected = first
                corrected.description = "A loose slab by the school"
                corrected.requested += 3600
                try await world.tell([.report(corrected)], at: 300)
                #expect(try await world.pool.number("SELECT count(*) FROM report") == 2)
            }
        }

        @Test func `a peer's report becomes ours, once`() async throws {
            try await InboxWorld.with { world in
                let item = Incoming.report(Sample.told("T1", "in_progress", notes: "We look"))
                #expect(try await world.tell([item, item]).taken == 1)
                let report = try await world.ours()
                #expect(report.channel == "peer")
                #expect(report.detail == .inProgress)
                #expect(report.statusNotes == "We look")
                #expect(report.requested == Sample.now.addingTimeInterval(-3600))
                #expect(try await world.tell([item], at: 500).passed == 1)
                #expect(try await world.pool.number("SELECT count(*) FROM report") == 1)
                #expect(
                    try await world.pool.number(
                        "SELECT count(*) FROM report WHERE handler = 'roads'") == 1)
                #expect(
                    try await world.pool.number(
                        """
                        SELECT count(*) FROM event WHERE actor = 'peer' AND kind = 'created'
                            AND path = ARRAY['roads', 'node.example']
                        """) == 1)
            }
        }

        @Test func `only what is new about its state changes ours`() async throws {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told())])
                // The time of change alone says nothing.
                #expect(
                    try await world.tell([.report(Sample.told(after: 50))], at: 200).passed == 1)
                let closed = Incoming.report(Sample.told("T1", "fixed", notes: "Done", after: 70))
                #expect(try await world.tell([closed], at: 300).applied == 1)
                #expect(try await world.tell([closed], at: 400).passed == 1)
                let report = try await world.ours()
                #expect(report.status == .closed)
                #expect(report.statusNotes == "Done")
                #expect(
                    try await world.tell([.report(Sample.told("T1", "open"))], at: 900).applied == 1
                )
                #expect(try await world.ours().status == .open)
            }
        }

        @Test func `an update is taken once, however often it comes`() async throws {
            try await InboxWorld.with { world in
                let update = Incoming.update(Sample.heard("1", of: "T1", "fixed", "Done"))
                try await world.tell([.report(Sample.told())])
                #expect(try await world.tell([update, update]).applied == 1)
                #expect(try await world.tell([update], at: 700).passed == 1)
                #expect(try await world.ours().detail == .fixed)
                #expect(try await world.pool.number("SELECT count(*) FROM \"update\"") == 1)
            }
        }

        @Test func `an id that comes again with other words is flagged, and the first count`()
            async throws
        {
            try await InboxWorld.with { world in
                try await world.tell([
                    .report(Sample.told()), .update(Sample.heard("1", of: "T1", nil, "One")),
                ])
                let other = Incoming.update(Sample.heard("1", of: "T1", "fixed", "Two"))
                #expect(try await world.tell([other], at: 200).contradicted == 1)
                #expect(try await world.ours().status == .open)
                #expect(
                    try await world.pool.number(
                        "SELECT count(*) FROM inbox WHERE reason LIKE '%other words'") == 1)
            }
        }

        @Test func `an older word does not undo a newer one, in whatever order they come`()
            async throws
        {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told())])
                try await world.tell([.update(Sample.heard("2", of: "T1", "fixed", after: 80))])
                try await world.tell([.update(Sample.heard("1", of: "T1", "open", after: 60))])
                #expect(try await world.ours().detail == .fixed)
            }
        }

        @Test func `times to come and times long past are believed as far as they can be`()
            async throws
        {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told())])
                var late = Sample.heard("1", of: "T1", "fixed")
                late.told = Sample.time("2099-01-01T00:00:00Z")
                var early = Sample.heard("2", of: "T1", "open", "Long ago")
                early.told = Sample.time("1970-01-01T00:00:00Z")
                #expect(try await world.tell([.update(late), .update(early)]).applied == 2)
                #expect(try await world.ours().detail == .fixed)
                #expect(
                    try await world.pool.number(
                        "SELECT count(*) FROM \"update\" WHERE told_ahead IS NOT NULL") == 1)
                // Five minutes later anybody may say something else.
                try await world.tell(
                    [.update(Sample.heard("3", of: "T1", "reopen", after: 450))], at: 450)
                #expect(try await world.ours().detail == .reopen)
            }
        }

        @Test func `a word without meaning waits in quarantine until its mapping is complete`()
            async throws
        {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told())])
                let update = Incoming.update(
                    Sample.heard("1", of: "T1", "zurückgestellt", "Später"))
                #expect(try await world.tell([update]).quarantined == 1)
                let state = Incoming.report(Sample.told("T1", "zurückgestellt"))
                #expect(try await world.tell([state]).quarantined == 1)
                let new = Incoming.report(Sample.told("T2", service: "77", text: "Lamp"))
                #expect(try await world.tell([new, state, update, new]).passed == 4 - 1)
                #expect(try await world.ours().status == .open)
                let held = try await world.store.quarantined(of: world.peer.name)
                #expect(held.map(\.incoming).contains(update))
                #expect(held.count == 3)

                var peer = world.peer
                peer.mapping.statusesIn[.init("zurückgestellt")] = .init(detail: .planned)
                peer.mapping.servicesIn["77"] = Sample.name("GRAFFITI")
                let reception = try await world.store.replay(
                    peer, in: try Sample.catalogue(), now: Sample.now.addingTimeInterval(400))
                #expect(reception.taken == 1)
                #expect(reception.quarantined == 0)
                #expect(try await world.ours().detail == .planned)
                #expect(try await world.ours().statusNotes == "Später")
                #expect(try await world.ours("T2").service.rawValue == "GRAFFITI")
                #expect(try await world.store.quarantined().isEmpty)
                let again = try await world.store.replay(
                    peer, in: try Sample.catalogue(), now: Sample.now.addingTimeInterval(500))
                #expect(again == Reception())
            }
        }

        @Test func `what nobody is told of says so to those who read, follow and repeat it`()
            async throws
        {
            var peer = Sample.teller()
            peer.mapping.statusesIn[.init("fixed")] = .init(detail: .fixed, tells: .nobody)
            try await InboxWorld.with([peer]) { world in
                try await world.tell([
                    .report(Sample.told("T1")), .report(Sample.told("T2", text: "Two")),
                ])
                _ = try await world.pool.query(
                    """
                    UPDATE report SET parent = \(world.ours("T1").id.rawValue)
                    WHERE id = \(world.ours("T2").id.rawValue)
                    """)
                try await world.tell([
                    .update(Sample.heard("1", of: "T1", nil, "Soon", after: 70)),
                    .update(Sample.heard("2", of: "T1", "fixed", "Filled", after: 80)),
                ])
                let filter = UpdateFilter(
                    jurisdiction: Sample.name("sofia.example"), from: .distantPast,
                    to: .distantFuture)
                let updates = try await world.store.updates(
                    filter, now: Sample.now.addingTimeInterval(1000))
                #expect(updates.count == 3)
                for update in updates {
                    let isQuiet = update.description != "Soon"
                    #expect(update.tells == (isQuiet ? .nobody : .everybody))
                }
                let page = try await world.store.changes(
                    ChangeFilter(jurisdictions: nil), after: nil, limit: 100)
                let told = page.changes.filter { $0.tells == .nobody }.compactMap(\.update)
                #expect(
                    Set(told) == Set(updates.filter { $0.tells == .nobody }.map(\.id)))
            }
        }

        @Test func `one bad thing harms no other`() async throws {
            try await InboxWorld.with { world in
                var odd = Sample.told("T3")
                odd.description = "a\0b"
                let reception = try await world.tell([
                    .report(Sample.told("T1")), .report(odd),
                    .report(Sample.told(String(repeating: "x", count: 10_240))),
                    .report(Sample.told("", "open")), .report(Sample.told("T2", text: "Two")),
                ])
                #expect(reception.taken == 2)
                #expect(reception.ignored == 3)
            }
        }

        @Test func `what is too long for a column of ours waits in quarantine`() async throws {
            try await InboxWorld.with { world in
                var odd = Sample.told("T3", text: "Three")
                odd.media = ["https://example.org/" + String(repeating: "x", count: 4000)]
                let reception = try await world.tell([
                    .report(odd), .report(Sample.told("T1")),
                ])
                #expect(reception.taken == 1)
                #expect(reception.quarantined == 1)
            }
        }

        @Test func `an empty list takes nothing away`() async throws {
            try await InboxWorld.with { world in
                try await world.tell([.report(Sample.told())])
                #expect(try await world.tell([]) == Reception())
                #expect(try await world.ours().visibility == .public)
            }
        }
    }
}
