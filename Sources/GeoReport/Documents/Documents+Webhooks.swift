import FoundationEssentials
import Reports

extension Documents {
    /// The webhooks of a client, in JSON, without their secrets.
    package static func webhooks(_ webhooks: some Collection<Webhook>) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + 512 * webhooks.count)
        writer.beginArray()
        for webhook in webhooks { writer.write(webhook, secret: nil) }
        writer.endArray()
        return writer.bytes
    }

    /// One webhook, in JSON; a new one with its secret, which is told only then.
    package static func webhook(_ webhook: Webhook, secret: WebhookSecret? = nil) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.write(webhook, secret: secret)
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ webhook: Webhook, secret: WebhookSecret?) {
        beginObject()
        key("id")
        string(webhook.id.rawValue)
        key("url")
        string(webhook.url)
        if let secret {
            key("secret")
            string(secret.text)
        }
        key("jurisdictions")
        strings(webhook.filter.jurisdictions?.map(\.rawValue) ?? [])
        key("services")
        strings(webhook.filter.services.map(\.rawValue))
        key("kinds")
        strings(webhook.filter.kinds.map(\.type))
        key("created")
        time(webhook.created)
        state(of: webhook)
        key("cursor")
        string(webhook.cursor.text)
        key("attempts")
        number(webhook.attempts)
        key("failing_since")
        if let since = webhook.failingSince { time(since) } else { null() }
        endObject()
    }

    private mutating func state(of webhook: Webhook) {
        key("state")
        switch webhook.state {
        case .active:
            string("active")
        case .paused(let since):
            string("paused")
            key("since")
            time(since)
        case .disabled(let since, let reason):
            string("disabled")
            key("since")
            time(since)
            key("reason")
            string(reason.rawValue)
        }
    }

    private mutating func strings(_ texts: [String]) {
        beginArray()
        for text in texts.sorted() { string(text) }
        endArray()
    }

    private mutating func time(_ date: Date) {
        string { DateTime.write(date, to: &$0) }
    }
}
