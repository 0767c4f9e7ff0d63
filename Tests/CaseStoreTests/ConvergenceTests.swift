import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

/// Two nodes that hand each other reports and updates over a net that loses, doubles and reorders
/// what it carries (peers.md 5.4, 1).
private struct Net {
    let nodes: [CaseStore]
    let pools: [Pool]
    let peers: [Peer]
    var source: SeededSource
    var now = Sample.now
    /// What the net carries once more, later.
    private var copies: [(from: Int, turn: DeliveryTurn)] = []

    init(nodes: [CaseStore], pools: [Pool], peers: [Peer], seed: UInt64) {
        self.nodes = nodes
        self.pools = pools
        self.peers = peers
        source = SeededSource(state: seed)
    }

    mutating func dice(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &source) }

    /// Delivers what is due at a node; of four messages one is lost, one doubled, and of one the
    /// answer is lost.
    mutating func deliver(from: Int, faults: Faults) async throws -> Int {
        let turns = try await nodes[from].claimDeliveries(
            of: peers[from], limit: 40, now: now)
        for turn in turns {
            let fate = faults == .some ? dice(4) : 3
            if fate == 0 {
                try await finish(turn, from, .postponed(now.addingTimeInterval(60), .none))
                continue
            }
            let ticket = try await carry(turn, from: from)
            if fate == 1 { copies.append((from, turn)) }
            guard fate != 2 else {
                try await finish(turn, from, .postponed(now.addingTimeInterval(60), .ambiguous))
                continue
            }
            try await finish(turn, from, .done(ticket))
        }
        return turns.count
    }

    enum Faults {
        case none, some
    }

    private func finish(
        _ turn: DeliveryTurn, _ from: Int, _ step: DeliveryStep
    ) async throws {
        let isNoted = try await nodes[from].finish(turn, as: step, attempt: nil, now: now)
        #expect(isNoted)
    }

    /// The net remembers.
    mutating func repeatOld() async throws {
        while copies.count > 5 {
            let copy = copies.remove(at: dice(copies.count))
            _ = try await carry(copy.turn, from: copy.from)
        }
    }

    /// What the gateway of the other node does with a message.
    private func carry(_ turn: DeliveryTurn, from: Int) async throws -> Ticket {
        let (store, peer) = (nodes[1 - from], peers[1 - from])
        let client = try #require(peer.client)
        guard let update = turn.update else {
            let report = turn.report
            let place = Sample.place(
                report.coordinate, address: report.address, addressID: report.addressID)
            let service = try #require(Sample.sofia.service(report.service))
            let draft = Sample.draft(
                service: service, place: place, description: report.description)
            let receipt = try await store.add(
                draft, by: client, idempotency: Sample.key("\(turn.delivery.id)"),
                provenance: turn.subject.provenance, now: now
            ).receipt
            return Ticket(id: receipt.id.rawValue)
        }
        let ticket = try #require(turn.ticket)
        let draft = Update.Draft(
            report: Sample.name(try #require(ticket.id)), jurisdiction: Sample.sofia.id,
            stage: .production, foreignID: update.id.rawValue,
            told: try #require(turn.subject.told),
            detail: turn.subject.tellsStatus ? update.detail : nil,
            description: update.description)
        let result = try await store.publish(
            draft, by: client, actor: .peer, provenance: turn.subject.provenance, now: now)
        #expect(result.id != nil, "\(result)")
        return ticket
    }

    /// What the collector of a node does with the other's updates, in any order.
    mutating func collect(at: Int) async throws {
        let (store, reader) = (nodes[1 - at], peers[1 - at])
        let filter = UpdateFilter(
            jurisdiction: Sample.sofia.id, from: now.addingTimeInterval(-900), to: now)
        let updates = try await store.updates(
            filter, at: PeerReader(name: reader.name, authority: reader.authority), now: now)
        let words = try await store.words(of: updates)
        var items = try updates.map { update in
            let word = try #require(words[update.id])
            return Incoming.update(
                IncomingUpdate(
                    id: update.id.rawValue, report: update.report.rawValue,
                    status: word.detail?.rawValue, description: update.description,
                    told: word.told, provenance: word.provenance))
        }
        items.shuffle(using: &source)
        _ = try await nodes[at].receive(
            items, from: peers[at], in: try Sample.catalogue(), now: now)
    }
}

/// The same numbers for the same seed.
struct SeededSource: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension CaseStoreTests {
    @Suite struct Convergence {
        @Test(arguments: [1, 20_261_123] as [UInt64])
        func `two nodes agree after a thousand edits over a bad net`(seed: UInt64) async throws {
            // Each gives the other what the other handles.
            let services = ["POTHOLE", "GRAFFITI"]
            let peers = (0..<2).map { node in
                var peer = Sample.teller(
                    "node-\(1 - node)",
                    flow: [.reportsOut, .updatesOut, .reportsIn, .updatesIn],
                    rules: [Rule(services: [Sample.name(services[node])])],
                    role: .handler(turn: 1), client: "o311_node\(1 - node)")
                peer.pace.concurrency = 40
                return peer
            }
            try await Self.withNode(0, peers[0]) { first, one in
                try await Self.withNode(1, peers[1]) { second, two in
                    var net = Net(
                        nodes: [first, second], pools: [one, two], peers: peers,
                        seed: seed)
                    try await Self.edit(&net, services: services)
                    try await Self.compare(net)
                }
            }
        }

        private static func withNode(
            _ node: Int, _ peer: Peer, _ body: (CaseStore, Pool) async throws -> Void
        ) async throws {
            var settings = CaseStore.Settings()
            settings.peering = Peering(node: Sample.name("node-\(node)"), peers: [peer])
            try await CaseStoreTests.withStore(settings: settings) { store, pool in
                try await store.register(settings.peering, now: Sample.now)
                try await body(store, pool)
            }
        }

        private static func edit(_ net: inout Net, services: [String]) async throws {
            var reports: [(node: Int, id: Report.ID)] = []
            for number in 0..<60 {
                let node = number % 2
                let service = try #require(Sample.sofia.service(Sample.name(services[node])))
                let added = try await net.nodes[node].add(
                    Sample.draft(service: service, description: "Report \(number)"),
                    by: Sample.client, idempotency: Sample.key("r\(number)"), now: net.now)
                reports.append((node, added.receipt.id))
            }
            for number in 0..<1000 {
                net.now.addTimeInterval(61)
                let report = reports[net.dice(reports.count)]
                try await edit(number, report, &net)
                let node = net.dice(2)
                _ = try await net.deliver(from: node, faults: .some)
                if net.dice(10) == 0 { try await net.collect(at: 1 - node) }
                try await net.repeatOld()
            }
            var waiting = 1
            while waiting > 0 {
                net.now.addTimeInterval(61)
                waiting = 0
                for node in 0..<2 { waiting += try await net.deliver(from: node, faults: .none) }
            }
        }

        /// Somebody says something at either node; the statuses of a report come from both.
        private static func edit(
            _ number: Int, _ report: (node: Int, id: Report.ID), _ net: inout Net
        ) async throws {
            var (node, id) = report
            if net.dice(2) == 0 {
                let other = net.peers[report.node]
                let rows = try await net.pools[node].query(
                    """
                    SELECT remote_id FROM ticket
                    WHERE report = \(id.rawValue) AND peer = \(other.name.rawValue)
                    """)
                if var cells = rows.first?.cells {
                    (node, id) = (1 - node, Sample.name(try cells.next()))
                }
            }
            let details: [Detail?] = [nil, .inProgress, .fixed, .reopen, .planned, .closed]
            let draft = Update.Draft(
                report: id, jurisdiction: Sample.sofia.id, stage: .production,
                foreignID: "edit \(number)", told: net.now, detail: details[net.dice(6)],
                description: "Edit \(number)")
            let result = try await net.nodes[node].publish(
                draft, by: Sample.client, actor: .operator, now: net.now)
            #expect(result.id != nil)
        }

        private static func compare(_ net: Net) async throws {
            var states: [[String]] = []
            for pool in net.pools {
                let rows = try await pool.query(
                    """
                    SELECT report.description || ': ' || coalesce(report.detail, '-') || ' '
                        || coalesce((SELECT string_agg(told.description, ',' ORDER BY
                            told.description) FROM "update" AS told
                            WHERE told.report = report.id), '')
                    FROM report ORDER BY report.description
                    """)
                var lines: [String] = []
                for row in rows {
                    var cells = row.cells
                    lines.append(try cells.next())
                }
                states.append(lines)
                #expect(try await pool.number("SELECT count(*) FROM report") == 60)
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 1000)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM inbox WHERE state IN ('quarantined', 'proposed')")
                        == 0)
                // Nothing was sent back.
                #expect(
                    try await pool.number(
                        """
                        SELECT count(*) FROM delivery JOIN origin USING ("update")
                        WHERE delivery.kind = 'update'
                        """) == 0)
            }
            for (one, other) in zip(states[0], states[1]) { #expect(one == other) }
        }
    }
}
