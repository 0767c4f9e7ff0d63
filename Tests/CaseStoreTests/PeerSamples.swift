import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension Sample {
    static let node: Authority = name("node.example")

    /// A peer that gets everything, unless it is told otherwise.
    static func peer(
        _ name: String, flow: Peer.Flow = [.reportsOut, .updatesOut], rules: [Rule] = [Rule()],
        role: Peer.Role = .copy, privacy: Peer.Privacy = Peer.Privacy(),
        pace: Peer.Pace = Peer.Pace(concurrency: 100), client: Client.ID? = nil
    ) -> Peer {
        Peer(
            name: Sample.name(name), authority: Sample.name("\(name).example"), flow: flow,
            rules: rules, role: role,
            mapping: Mapping(
                statusesOut: Dictionary(
                    uniqueKeysWithValues: Detail.allCases.map { ($0, $0.status.rawValue) })),
            privacy: privacy, pace: pace, client: client)
    }

    static func provenance(
        _ origin: String, _ id: String, path: [String]? = nil
    ) -> Provenance {
        Provenance(
            origin: name(origin), originID: id,
            path: (path ?? [origin]).map { name($0, as: Authority.self) })
    }

    static func attempt(_ outcome: Attempt.Outcome = .accepted, at seconds: TimeInterval = 0)
        -> Attempt
    {
        Attempt(
            started: now.addingTimeInterval(seconds), ended: now.addingTimeInterval(seconds + 1),
            outcome: outcome, status: 201, reason: "said so")
    }
}

extension CaseStoreTests {
    /// Runs the body with a case store that knows these peers.
    static func withPeers(
        _ peers: [Peer], _ body: (CaseStore, Pool) async throws -> Void
    ) async throws {
        var settings = CaseStore.Settings()
        settings.peering = Peering(node: Sample.node, peers: peers)
        try await withStore(settings: settings) { store, pool in
            try await store.register(settings.peering, now: Sample.now)
            try await body(store, pool)
        }
    }
}

extension CaseStore {
    /// Claims what is due so many seconds after the beginning: what was told is due after a minute.
    func claimed(
        _ peer: String, limit: Int = 100, lease: Duration = .seconds(3600),
        at seconds: TimeInterval = 60
    ) async throws -> [DeliveryTurn] {
        try await claimDeliveries(
            of: #require(settings.peering[Sample.name(peer)]), limit: limit, lease: lease,
            now: Sample.now.addingTimeInterval(seconds))
    }

    /// Ends a turn in the peer's having it under this ticket.
    @discardableResult
    func deliver(
        _ turn: DeliveryTurn, as ticket: String, at seconds: TimeInterval = 0
    ) async throws -> Bool {
        try await finish(
            turn, as: .done(Ticket(id: ticket)), attempt: Sample.attempt(at: seconds),
            now: Sample.now.addingTimeInterval(seconds))
    }

    /// Delivers whatever is due to the peer, each report under a ticket named after it.
    func deliverAll(_ peer: String, at seconds: TimeInterval = 60) async throws -> [DeliveryTurn] {
        var all: [DeliveryTurn] = []
        while true {
            let turns = try await claimed(peer, at: seconds)
            guard !turns.isEmpty else { return all }
            for turn in turns {
                #expect(try await deliver(turn, as: "t-\(turn.report.id)", at: seconds))
            }
            all += turns
        }
    }

    /// All deliveries of a report, `peer kind state`, in their order.
    func ledger(of report: Report.ID) async throws -> [String] {
        try await deliveries(DeliveryFilter(report: report)).map { entry in
            let delivery = entry.delivery
            return "\(delivery.peer) \(delivery.kind.rawValue) \(delivery.state.rawValue)"
        }
    }
}
