import CaseStore
import Federation
import Foundation
import Logging
import Reports

extension Collector {
    /// A collector of these peers: the case store's rows, and each peer's own line.
    ///
    /// `catalogue` is what we publish: what comes in becomes a report of one of its jurisdictions.
    package init(
        store: CaseStore, lines: [PeerLine], catalogue: Catalogue,
        interval: Duration = .milliseconds(500), logger: Logger
    ) {
        self.init(
            Surroundings(store: store, lines: lines, catalogue: catalogue, interval: interval),
            breadth: lines.count, logger: logger)
    }
}

extension Collector.Surroundings {
    /// The real ones.
    package init(
        store: CaseStore, lines: [PeerLine], catalogue: Catalogue,
        interval: Duration = .milliseconds(500)
    ) {
        var named: [Peer.Name: PeerLine] = [:]
        for line in lines { named[line.peer.name] = line }
        let all = named
        self.init(
            due: { limit, now async throws(CaseStoreError) in
                var turns: [Collector.Turn] = []
                while turns.count < limit,
                    let turn = try await store.claimReading(
                        of: lines.map(\.peer.name), lease: Collector.lease, now: now),
                    let line = all[turn.peer]
                {
                    turns.append(Collector.Turn(turn, on: line, in: store, catalogue: catalogue))
                }
                return turns
            },
            collect: { name, cursor async throws(PeerError) in
                guard let line = all[name] else { throw Self.noLine }
                return try await line.adapter.collect(after: cursor, over: line.wire)
            },
            resolve: { name, token async throws(PeerError) in
                guard let line = all[name] else { throw Self.noLine }
                return try await line.adapter.resolve(token, over: line.wire)
            },
            look: { name, tickets async throws(PeerError) in
                guard let line = all[name] else { throw Self.noLine }
                return try await line.adapter.look(at: tickets, over: line.wire)
            },
            // Cancelled, each of them ends at once, and so does its loop.
            pause: { try? await Task.sleep(for: interval) },
            beat: { try? await Task.sleep(for: Collector.heartbeat) })
    }

    private static var noLine: PeerError {
        PeerError(.refused, "the settings do not name it")
    }
}

extension Collector.Turn {
    /// A claim on a peer's reading in the case store.
    fileprivate init(
        _ turn: ReadingTurn, on line: PeerLine, in store: CaseStore, catalogue: Catalogue
    ) {
        let peer = line.peer
        let reads = !peer.flow.isDisjoint(with: [.reportsIn, .updatesIn])
        self.init(
            peer: turn.peer, reads: reads,
            looks: peer.flow.contains(.updatesIn) ? line.adapter.traits.looks : 0,
            cursor: turn.cursor, failures: turn.failures,
            tokens: { limit, now async throws(CaseStoreError) in
                try await store.dueTokens(of: turn.peer, limit: limit, now: now)
            },
            resolved: { token, ticket, now async throws(CaseStoreError) in
                guard let id = ticket.id else { return }
                _ = try await store.resolved(token, as: id, now: now)
            },
            postpone: { token, until async throws(CaseStoreError) in
                try await store.postpone(token, until: until)
            },
            tickets: { limit, now async throws(CaseStoreError) in
                try await store.dueLooks(at: peer, limit: limit, now: now)
            },
            seen: { items, now async throws(CaseStoreError) in
                try await store.receive(items, from: peer, in: catalogue, now: now)
            },
            receive: { page, now async throws(CaseStoreError) in
                try await store.receive(page, from: peer, by: turn, in: catalogue, now: now)
            },
            keep: { () async throws(CaseStoreError) in try await store.keepReading(turn) },
            fail: { reason, until async throws(CaseStoreError) in
                try await store.failReading(turn, reason: reason, due: until)
            },
            release: { now async throws(CaseStoreError) in
                guard !reads else { return try await store.releaseReading(turn) }
                try await store.restReading(
                    turn,
                    until: now.addingTimeInterval(peer.polling.interval / .seconds(1)))
            })
    }
}
