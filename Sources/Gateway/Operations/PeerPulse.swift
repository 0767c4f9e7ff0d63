import CaseStore
import FoundationEssentials
import Synchronization

/// What waits for the peers, counted every few seconds, so that no visitor of `/metrics` can load
/// the database.
///
/// A class for what it found last, under a mutex.
package final class PeerPulse: Sendable {
    private let count: @Sendable () async throws(CaseStoreError) -> [PeerCounts]
    private let pause: @Sendable () async -> Void
    private let found = Mutex<[PeerCounts]>([])

    /// `count` looks at all peers, `pause` waits until it is worth to look again.
    package init(
        count: @escaping @Sendable () async throws(CaseStoreError) -> [PeerCounts],
        pause: @escaping @Sendable () async -> Void
    ) {
        self.count = count
        self.pause = pause
    }

    /// The pulse of a case store's peers.
    package convenience init(_ store: CaseStore) {
        self.init(
            count: { () async throws(CaseStoreError) in
                try await store.federationCounts(now: Date())
            },
            // Cancelled it ends at once, and so does the loop.
            pause: { try? await Task.sleep(for: .seconds(5)) })
    }

    /// Counts again and again until it is cancelled; what cannot be counted is not told, rather
    /// than told as it was.
    package func run() async {
        while !Task.isCancelled {
            let counts: [PeerCounts]
            do {
                counts = try await count()
            } catch {
                counts = []
            }
            found.withLock { $0 = counts }
            await pause()
        }
    }

    /// Adds the numbers of each peer (D11).
    func tell(to text: inout Exposition) {
        let counts = found.withLock { $0 }
        guard !counts.isEmpty else { return }
        for family in Self.families {
            text.begin(family.name, "gauge", family.help)
            for peer in counts {
                text.add(family.number(peer), [("peer", peer.peer.rawValue)])
            }
        }
    }

    private struct Family {
        let name: String
        let help: String
        let number: @Sendable (PeerCounts) -> Int
    }

    private static let families = [
        Family(name: "viaduct_deliveries_waiting", help: "Deliveries yet to be done.") {
            $0.waiting
        },
        Family(
            name: "viaduct_deliveries_oldest_seconds",
            help: "How long the oldest of them has waited since it could have been sent."
        ) { $0.oldestAge.map { Int($0.components.seconds) } ?? 0 },
        Family(
            name: "viaduct_deliveries_doubtful",
            help: "Unfinished deliveries that ended without an answer."
        ) { $0.doubtful },
        Family(name: "viaduct_deliveries_parked", help: "Deliveries that a person must look at.") {
            $0.parked
        },
        Family(name: "viaduct_deliveries_refused", help: "Deliveries that the peer never takes.") {
            $0.refused
        },
        Family(
            name: "viaduct_deliveries_stuck",
            help: "Deliveries without any progress for 15 minutes."
        ) { $0.stuck },
        Family(
            name: "viaduct_inbox_quarantined",
            help: "What the peer told and no mapping explains."
        ) { $0.quarantined },
        Family(
            name: "viaduct_tokens_open", help: "Tokens that became no id for 15 minutes."
        ) { $0.tokens },
        Family(name: "viaduct_peer_paused", help: "Whether nothing goes to or from the peer.") {
            $0.isPaused ? 1 : 0
        },
        Family(name: "viaduct_peer_failing", help: "Whether the peer is only probed.") {
            $0.isFailing ? 1 : 0
        },
    ]
}
