import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Claims webhooks that something is new for and whose time has come, each for one node.
    ///
    /// A turn ends by `release` or `postpone`, or, if its node dies, when its lease is over, which
    /// the database's own clock decides. What is new may be nothing that the webhook is told: then
    /// its cursor is to be advanced all the same. Who has no key that counts is told nothing: the
    /// cursor stays, and another key lets it go on from there.
    package func dueWebhooks(
        limit: Int, lease: Duration = .seconds(30), now: Date
    ) async throws(CaseStoreError) -> [WebhookTurn] {
        let rows = try await query(
            """
            WITH newest AS MATERIALIZED (
                \(ChangeSearch.newest)
            ), claimed AS MATERIALIZED (
                SELECT webhook.id, client_key.jurisdictions,
                    'staff' = ANY (client_key.scopes) AS is_staff
                FROM newest, webhook JOIN client_key ON client_key.id = webhook.client
                WHERE webhook.due <= \(now) AND webhook.paused IS NULL
                    AND webhook.disabled IS NULL
                    AND (webhook.lease_until IS NULL OR webhook.lease_until <= clock_timestamp())
                    AND (webhook.transaction, webhook.sequence)
                        < (newest.transaction, newest.sequence)
                    AND 'follow' = ANY (client_key.scopes)
                    AND \(Self.hasKey("client_key.id", at: now))
                ORDER BY webhook.due, webhook.id
                LIMIT \(limit) FOR UPDATE OF webhook SKIP LOCKED
            )
            UPDATE webhook SET lease = lease + 1, lease_until = \(SQL.end(of: lease))
            FROM claimed WHERE webhook.id = claimed.id
            RETURNING \(WebhookRow.columns), webhook.lease, webhook.secret,
                CASE WHEN webhook.former_until > \(now) THEN webhook.former_secret END,
                claimed.jurisdictions, claimed.is_staff
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var turns: [WebhookTurn] = []
            for row in rows { turns.append(try Self.turn(in: row, lease: lease)) }
            return turns
        }
    }

    /// Notes that everything up to the cursor is told, and the try that told it; `false` if the turn
    /// is over, because somebody else has it, the webhook was stopped or no key of its client counts
    /// any more: then send nothing more.
    package func advance(
        _ turn: WebhookTurn, to cursor: ChangeCursor, by attempt: Webhook.Attempt? = nil, now: Date
    ) async throws(CaseStoreError) -> Bool {
        try await finish(
            turn, by: attempt,
            """
            transaction = \(cursor.transaction), sequence = \(cursor.sequence), attempts = 0,
                failing_since = NULL, due = \(now), lease_until = \(SQL.end(of: turn.duration))
            """, while: Self.hasKey("webhook.client", at: now))
    }

    /// Whether a client has a key that counts: without one its webhooks end.
    private static func hasKey(_ client: SQL, at time: Date) -> SQL {
        """
        EXISTS (
            SELECT FROM issued_key WHERE issued_key.client = \(client) AND \(counts(at: time)))
        """
    }

    /// Ends the turn after a try that failed: the same change is tried again, not before `until`.
    package func postpone(
        _ turn: WebhookTurn, until: Date, by attempt: Webhook.Attempt
    ) async throws(CaseStoreError) -> Bool {
        try await finish(
            turn, by: attempt,
            """
            attempts = attempts + 1, failing_since = coalesce(failing_since, \(attempt.started)),
                due = \(until), lease_until = NULL
            """)
    }

    /// Ends the turn and gives the webhook up until somebody resumes it; its cursor stays.
    package func disable(
        _ turn: WebhookTurn, _ reason: Webhook.GivenUp, by attempt: Webhook.Attempt, now: Date
    ) async throws(CaseStoreError) -> Bool {
        try await finish(
            turn, by: attempt,
            """
            attempts = attempts + 1, failing_since = coalesce(failing_since, \(attempt.started)),
                disabled = \(now), reason = \(reason.rawValue), lease_until = NULL
            """)
    }

    /// Ends the turn, so that another node may have the next one at once.
    package func release(_ turn: WebhookTurn) async throws(CaseStoreError) {
        _ = try await finish(turn, by: nil, "lease_until = NULL")
    }

    /// One statement, so that a try is noted if and only if the turn still counts.
    private func finish(
        _ turn: WebhookTurn, by attempt: Webhook.Attempt?, _ change: SQL,
        while condition: SQL = "true"
    ) async throws(CaseStoreError) -> Bool {
        var noted: SQL = ""
        if let attempt {
            noted = """
                , noted AS (
                    INSERT INTO webhook_attempt (webhook, event, started, outcome, status)
                    SELECT id, \(attempt.event.uuid), \(attempt.started),
                        \(attempt.outcome.rawValue), \(attempt.status.map(Int32.init(clamping:)))
                    FROM held
                )
                """
        }
        let rows = try await query(
            """
            WITH held AS (
                UPDATE webhook SET \(change)
                WHERE id = \(turn.webhook.id.rawValue) AND lease = \(turn.lease)
                RETURNING id,
                    paused IS NULL AND disabled IS NULL AND \(condition) AS is_active
            )\(noted)
            SELECT FROM held WHERE is_active
            """)
        return !rows.isEmpty
    }

    private static func turn(
        in row: Row, lease: Duration
    ) throws(PostgresError) -> WebhookTurn {
        var cells = row.cells
        let webhook = try WebhookRow.webhook(from: &cells)
        let number = try cells.next(Int.self)
        let secrets = try [cells.next(String.self), cells.next(String?.self)]
            .compactMap { $0.flatMap(WebhookSecret.init(parsing:)) }
        let places = try cells.next([String].self).compactMap(Jurisdiction.ID.init(rawValue:))
        let isStaff = try cells.next(Bool.self)
        return WebhookTurn(
            webhook: webhook,
            filter: webhook.filter.bounded(
                to: Set(places), audience: isStaff ? .staff : .public),
            secrets: secrets, lease: number, duration: lease)
    }
}

extension ChangeFilter {
    /// The part of it that a client may follow; no places of a client mean everywhere.
    fileprivate func bounded(
        to places: Set<Jurisdiction.ID>, audience: Audience
    ) -> ChangeFilter {
        var bounded = self
        bounded.audience = audience
        guard !places.isEmpty else { return bounded }
        bounded.jurisdictions = jurisdictions?.intersection(places) ?? places
        return bounded
    }
}
