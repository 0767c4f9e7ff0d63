import FoundationEssentials
import Postgres

extension CaseStore {
    /// What `prune` took away.
    package struct Pruned: Sendable, Equatable {
        package var idempotencyKeys = 0
        package var tokens = 0
        package var quotas = 0
        package var webhookAttempts = 0
        package var peerCalls = 0
        package var deliveries = 0
        package var rations = 0

        package init() {}
    }

    /// Forgets idempotency keys whose time is over, tokens that resolved long ago, what clients
    /// brought on days that are over, webhooks' old tries, the calls of peers that are too old to
    /// come again, deliveries of updates that ended long ago, and whoever has all of his ration again.
    ///
    /// In small bites, so that no statement holds locks for long or outlives its time limit; any
    /// number of nodes may prune at once.
    package func prune(now: Date) async throws(CaseStoreError) -> Pruned {
        var pruned = Pruned()
        let resolved = now.advanced(by: .zero - settings.tokenLifetime)
        pruned.idempotencyKeys = try await repeated(
            """
            DELETE FROM idempotency WHERE (client, stage, jurisdiction, kind, key) IN (
                SELECT client, stage, jurisdiction, kind, key FROM idempotency
                WHERE expires <= \(now) ORDER BY expires
                LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
        pruned.tokens = try await repeated(
            """
            DELETE FROM token WHERE id IN (
                SELECT id FROM token WHERE resolves <= \(resolved)
                LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
        pruned.quotas = try await repeated(
            """
            DELETE FROM media_quota WHERE (client, day) IN (
                SELECT client, day FROM media_quota WHERE day < \(Self.day(now)) - 1
                LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
        pruned.webhookAttempts = try await pruneAttempts(now: now)
        pruned.peerCalls = try await pruneCalls(now: now)
        pruned.deliveries = try await pruneDeliveries(now: now)
        pruned.rations = try await repeated(
            """
            DELETE FROM ration WHERE bucket IN (
                SELECT bucket FROM ration WHERE full_at <= now() LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
        return pruned
    }

    /// Only of updates, with their tries: that a report went to a peer, or must be erased there, is
    /// known by its delivery, and what a peer shows because of an update by its echo.
    private func pruneDeliveries(now: Date) async throws(CaseStoreError) -> Int {
        guard let lifetime = settings.deliveryLifetime else { return 0 }
        return try await repeated(
            """
            DELETE FROM delivery WHERE id IN (
                SELECT id FROM delivery
                WHERE kind = 'update' AND finished <= \(now.advanced(by: .zero - lifetime))
                ORDER BY finished LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
    }

    private func pruneCalls(now: Date) async throws(CaseStoreError) -> Int {
        try await repeated(
            """
            DELETE FROM peer_call WHERE (peer, id) IN (
                SELECT peer, id FROM peer_call
                WHERE taken <= \(now.advanced(by: .zero - settings.peerCallLifetime))
                LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
    }

    /// Of each webhook the last thousand tries are kept, and none for longer than its time.
    private func pruneAttempts(now: Date) async throws(CaseStoreError) -> Int {
        let old = now.advanced(by: .zero - settings.attemptLifetime)
        let outlived = try await repeated(
            """
            DELETE FROM webhook_attempt WHERE id IN (
                SELECT id FROM webhook_attempt WHERE started <= \(old)
                LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            """)
        let surplus = try await repeated(
            """
            DELETE FROM webhook_attempt WHERE id IN (
                SELECT surplus.id FROM webhook, LATERAL (
                    SELECT id FROM webhook_attempt WHERE webhook_attempt.webhook = webhook.id
                    ORDER BY id DESC LIMIT 1000 OFFSET 1000
                ) AS surplus
                LIMIT 1000
            )
            """)
        return outlived + surplus
    }

    /// Runs a statement until it finds nothing more to do.
    private func repeated(_ statement: SQL) async throws(CaseStoreError) -> Int {
        var total = 0
        while !Task.isCancelled {
            let bite = try await query(statement).affected
            total += bite
            if bite == 0 { break }
        }
        return total
    }
}
