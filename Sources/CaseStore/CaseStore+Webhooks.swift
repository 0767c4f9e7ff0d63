import FoundationEssentials
import Postgres
import Reports

/// A webhook with its secret, which is shown to its owner now and never again.
package struct NewWebhook: Sendable {
    package let webhook: Webhook
    package let secret: WebhookSecret
}

extension CaseStore {
    /// Subscribes an address to changes, from now on or from a cursor on.
    ///
    /// It is told what the filter asks for and the client may follow: a client that loses a right,
    /// or its key, is told no more from then on. The address itself is checked by whoever calls it.
    package func subscribe(
        _ client: Client.ID, to url: String, _ filter: ChangeFilter,
        after cursor: ChangeCursor? = nil, now: Date
    ) async throws(CaseStoreError) -> NewWebhook {
        var source = SystemRandomNumberGenerator()
        let id = Webhook.ID(using: &source)
        let secret = WebhookSecret(using: &source)
        let begin: ChangeCursor
        if let cursor { begin = cursor } else { begin = try await newestChange() }
        let jurisdictions = filter.jurisdictions.map { $0.map(\.rawValue).sorted() }
        let rows = try await query(
            """
            INSERT INTO webhook (
                id, client, url, stage, jurisdictions, services, kinds, secret, created,
                transaction, sequence, due)
            VALUES (
                \(id.rawValue), \(client.rawValue), \(url), \(filter.stage.rawValue),
                \(jurisdictions), \(filter.services.map(\.rawValue).sorted()),
                \(filter.kinds.map(\.rawValue).sorted()), \(secret.text), \(now),
                \(begin.transaction), \(begin.sequence), \(now))
            RETURNING \(WebhookRow.columns)
            """)
        guard let webhook = try await webhooks(in: rows).first else { throw .defect("webhook") }
        return NewWebhook(webhook: webhook, secret: secret)
    }

    /// A client's webhooks, or all of them, the oldest first.
    package func webhooks(of client: Client.ID? = nil) async throws(CaseStoreError) -> [Webhook] {
        let owned: SQL = client.map { "WHERE client = \($0.rawValue)" } ?? ""
        let rows = try await query(
            "SELECT \(WebhookRow.columns) FROM webhook \(owned) ORDER BY created, id")
        return try await webhooks(in: rows)
    }

    /// One webhook; `nil` if there is none.
    package func webhook(_ id: Webhook.ID) async throws(CaseStoreError) -> Webhook? {
        let rows = try await query(
            "SELECT \(WebhookRow.columns) FROM webhook WHERE id = \(id.rawValue)")
        return try await webhooks(in: rows).first
    }

    /// Tells the webhook nothing until it is resumed; `nil` if there is none.
    package func pause(
        _ id: Webhook.ID, now: Date
    ) async throws(CaseStoreError) -> Webhook? {
        try await change(id, "paused = coalesce(paused, \(now))")
    }

    /// Goes on where it stopped, whatever it stopped for; `nil` if there is no such webhook.
    package func resume(
        _ id: Webhook.ID, now: Date
    ) async throws(CaseStoreError) -> Webhook? {
        try await change(
            id,
            """
            paused = NULL, disabled = NULL, reason = NULL, attempts = 0, failing_since = NULL,
                due = \(now)
            """)
    }

    /// Tells the webhook again what is behind the cursor, or skips to it; `nil` if there is none.
    ///
    /// Whoever is sending to it loses its claim, and so does not move the cursor back.
    package func replay(
        _ id: Webhook.ID, after cursor: ChangeCursor, now: Date
    ) async throws(CaseStoreError) -> Webhook? {
        try await change(
            id,
            """
            transaction = \(cursor.transaction), sequence = \(cursor.sequence), attempts = 0,
                failing_since = NULL, due = \(now), lease = lease + 1, lease_until = NULL
            """)
    }

    /// Tells the webhook again all that was recorded since then, and a little more.
    package func replay(
        _ id: Webhook.ID, since time: Date, now: Date
    ) async throws(CaseStoreError) -> Webhook? {
        try await replay(id, after: try await cursor(since: time), now: now)
    }

    /// Gives the webhook a new secret; the one before stays valid for `overlap`, and any older one
    /// ends now. `nil` if there is no such webhook.
    package func rotateSecret(
        of id: Webhook.ID, overlap: Duration = .seconds(86_400), now: Date
    ) async throws(CaseStoreError) -> NewWebhook? {
        var source = SystemRandomNumberGenerator()
        let secret = WebhookSecret(using: &source)
        let webhook = try await change(
            id,
            """
            former_secret = secret, former_until = \(now.advanced(by: overlap)),
                secret = \(secret.text)
            """)
        return webhook.map { NewWebhook(webhook: $0, secret: secret) }
    }

    /// Takes the webhook and its log away; `false` if there is none.
    package func unsubscribe(_ id: Webhook.ID) async throws(CaseStoreError) -> Bool {
        try await query("DELETE FROM webhook WHERE id = \(id.rawValue)").affected > 0
    }

    /// The webhook's last tries, the latest first.
    package func attempts(
        of id: Webhook.ID, limit: Int = 100
    ) async throws(CaseStoreError) -> [Webhook.Attempt] {
        let rows = try await query(
            """
            SELECT event, started, outcome, status::bigint FROM webhook_attempt
            WHERE webhook = \(id.rawValue) ORDER BY id DESC LIMIT \(limit)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var attempts: [Webhook.Attempt] = []
            for row in rows { attempts.append(try WebhookRow.attempt(in: row)) }
            return attempts
        }
    }

    private func change(
        _ id: Webhook.ID, _ change: SQL
    ) async throws(CaseStoreError) -> Webhook? {
        let rows = try await query(
            """
            UPDATE webhook SET \(change) WHERE id = \(id.rawValue)
            RETURNING \(WebhookRow.columns)
            """)
        return try await webhooks(in: rows).first
    }

    private func webhooks(in rows: Rows) async throws(CaseStoreError) -> [Webhook] {
        try await CaseStoreError.told { () throws(PostgresError) in
            var webhooks: [Webhook] = []
            for row in rows { webhooks.append(try WebhookRow.webhook(in: row)) }
            return webhooks
        }
    }
}
