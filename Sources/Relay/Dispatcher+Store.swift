import CaseStore
import Federation
import Foundation

extension Dispatcher.Surroundings {
    /// The real ones: the case store's outbox, and clocks.
    ///
    /// It is looked at once in each `interval`; what is under way when we stop may take `grace`.
    package init(
        store: CaseStore, interval: Duration = .milliseconds(200), grace: Duration = .seconds(10)
    ) {
        self.init(
            due: { now async throws(CaseStoreError) in
                try await store.peersWithDueDeliveries(now: now)
            },
            claim: { peer, limit, now async throws(CaseStoreError) in
                try await store.claimDeliveries(
                    of: peer, limit: limit, lease: Dispatcher.lease, probePause: peer.breaker.pause,
                    now: now)
            },
            keep: { turns async throws(CaseStoreError) in
                try await store.keep(turns, lease: Dispatcher.lease)
            },
            finish: { turn, step, attempt, now async throws(CaseStoreError) in
                try await store.finish(turn, as: step, attempt: attempt, now: now)
            },
            attempts: { id async throws(CaseStoreError) in try await store.attempts(of: id) },
            noteFailure: { peer, probe, now async throws(CaseStoreError) in
                try await store.noteFailure(
                    of: peer.name, limit: peer.breaker.patience, probeDue: probe, now: now)
            },
            pausePeer: { peer, reason, now async throws(CaseStoreError) in
                _ = try await store.pause(peer, reason: reason, now: now)
            },
            // Cancelled, each of them ends at once, and so does its loop.
            pause: { try? await Task.sleep(for: interval) },
            beat: { try? await Task.sleep(for: Dispatcher.heartbeat) },
            grace: { try? await Task.sleep(for: grace) })
    }
}
