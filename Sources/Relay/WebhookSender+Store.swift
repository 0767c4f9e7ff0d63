import CaseStore
import Foundation
import Outbound
import Reports

extension WebhookSender.Surroundings {
    /// The real ones: the case store's rows, and the only way out.
    ///
    /// `message` writes the body about a change, and `pause` waits until there may be a new one.
    package init(
        store: CaseStore, client: OutboundClient,
        message: @escaping @Sendable (Change) -> [UInt8],
        pause: @escaping @Sendable () async -> Void
    ) {
        self.init(
            due: { limit, now async throws(CaseStoreError) in
                try await store.dueWebhooks(limit: limit, now: now).map {
                    WebhookSender.Turn($0, in: store)
                }
            },
            message: message,
            post: { address, headers, body async throws(OutboundError) in
                try await client.post(address, headers: headers, body: body, limits: .notification)
            },
            pause: pause)
    }
}

extension WebhookSender.Turn {
    /// A claim on a webhook of the case store.
    fileprivate init(_ turn: WebhookTurn, in store: CaseStore) {
        self.init(
            webhook: turn.webhook, secrets: turn.secrets,
            changes: { cursor async throws(CaseStoreError) in
                try await store.changes(turn.filter, after: cursor, limit: 20)
            },
            advance: { cursor, attempt, now async throws(CaseStoreError) in
                try await store.advance(turn, to: cursor, by: attempt, now: now)
            },
            postpone: { until, attempt async throws(CaseStoreError) in
                _ = try await store.postpone(turn, until: until, by: attempt)
            },
            disable: { reason, attempt, now async throws(CaseStoreError) in
                _ = try await store.disable(turn, reason, by: attempt, now: now)
            },
            release: { () async throws(CaseStoreError) in try await store.release(turn) })
    }
}
