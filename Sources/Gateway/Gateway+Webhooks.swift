import CaseStore
import GeoReport
import Reports

/// Webhooks of a client, which it manages with a key that may follow.
extension Gateway {
    /// The client's webhooks.
    func webhooks(_ call: Call) async throws(Fault) -> EdgeResponse {
        let client = try await follower(call)
        let webhooks = try await asking { () async throws(CaseStoreError) in
            try await store.webhooks(of: client.id)
        }
        return Self.private(Documents.webhooks(webhooks))
    }

    /// One of them.
    func webhook(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        Self.private(Documents.webhook(try await owned(text, call)))
    }

    /// Tells an address of changes from now on, or from a cursor on.
    func subscribe(_ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let client = try await follower(call)
        let wish = try Calls.webhook(
            call.parameters, at: call.base, in: call.published.catalogue)
        for jurisdiction in wish.jurisdictions ?? [] {
            guard client.may(.follow, in: jurisdiction) else {
                throw Fault(.forbidden, "api_key is not valid here.")
            }
        }
        if let objection = settings.objection(wish.url) {
            throw Fault(.malformed, "url may not be called: \(objection)")
        }
        guard try await count(of: client) < Self.mostWebhooks else {
            throw Fault(.malformed, "url: this key has \(Self.mostWebhooks) webhooks already.")
        }
        let time = now()
        let filter = ChangeFilter(
            jurisdictions: wish.jurisdictions, stage: call.route.base.stage,
            services: wish.services, kinds: wish.kinds)
        let new = try await asking { () async throws(CaseStoreError) in
            try await store.subscribe(
                client.id, to: wish.url, filter, after: wish.after, now: time)
        }
        return Self.private(
            Documents.webhook(new.webhook, secret: new.secret), status: 201)
    }

    /// Each is asked for in its turn, so that many would slow down those of others.
    private static let mostWebhooks = 20

    private func count(of client: Client) async throws(Fault) -> Int {
        try await asking { () async throws(CaseStoreError) in
            try await store.webhooks(of: client.id).count
        }
    }

    /// Tells it nothing more.
    func unsubscribe(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        let webhook = try await owned(text, call)
        _ = try await asking { () async throws(CaseStoreError) in
            try await store.unsubscribe(webhook.id)
        }
        return EdgeResponse(status: 204)
    }

    /// A webhook of the client's own; those of others are as unknown as none.
    private func owned(_ text: String, _ call: Call) async throws(Fault) -> Webhook {
        let client = try await follower(call)
        guard let id = Webhook.ID(rawValue: text),
            let webhook = try await asking({ () async throws(CaseStoreError) in
                try await store.webhook(id)
            }), webhook.client == client.id
        else { throw Fault(.notFound, "webhook was not found.") }
        return webhook
    }

    /// The client of a key that may follow changes, or 403.
    func follower(_ call: Call) async throws(Fault) -> Client {
        let client = try await client(call)
        guard !client.scopes.isDisjoint(with: Right.changes.scopes) else {
            throw Self.notHere
        }
        return client
    }

    static func `private`(_ bytes: [UInt8], status: Int = 200) -> EdgeResponse {
        EdgeResponse(
            status: status,
            headers: [
                ("Content-Type", Format.json.contentType), ("Cache-Control", "no-store"),
            ], body: .bytes(bytes))
    }
}
