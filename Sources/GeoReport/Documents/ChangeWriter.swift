import FoundationEssentials
import Reports

/// Writes changes; they are told in JSON only, one at a time or a page of them.
struct ChangeWriter {
    private var writer: JSONWriter

    init(capacity: Int = 512) {
        writer = JSONWriter(capacity: capacity)
    }

    var bytes: [UInt8] { writer.bytes }

    /// Writes `{"changes":[…],"next":"…"}`.
    mutating func page(_ changes: some Collection<Change>, next: ChangeCursor) {
        writer.beginObject()
        writer.key("changes")
        writer.beginArray()
        for change in changes { item(change) }
        writer.endArray()
        writer.key("next")
        writer.string(next.text)
        writer.endObject()
    }

    /// Writes one change as an object; what it does not say is null. Only a change of which nobody
    /// is to be told by a message says so.
    mutating func item(_ change: Change) {
        writer.beginObject()
        writer.key("cursor")
        writer.string(change.cursor.text)
        writer.key("event_id")
        writer.string(change.event.uuid.uuidString.lowercased())
        writer.key("type")
        writer.string(change.kind.type)
        writer.key("datetime")
        writer.string { DateTime.write(change.recorded, to: &$0) }
        writer.key("jurisdiction_id")
        writer.string(change.jurisdiction.rawValue)
        writer.key("service_request_id")
        writer.string(change.report.rawValue)
        writer.key("update_id")
        writer.string(change.update?.rawValue)
        writer.key("status")
        writer.string(change.status?.rawValue)
        writer.key("detail")
        writer.string(change.detail?.rawValue)
        if change.tells == .nobody {
            writer.key("notify")
            writer.bool(false)
        }
        writer.endObject()
    }

    /// Writes what a webhook is sent: the change in the envelope of Standard Webhooks.
    mutating func notification(_ change: Change) {
        writer.beginObject()
        writer.key("type")
        writer.string(change.kind.type)
        writer.key("timestamp")
        writer.string { DateTime.write(change.recorded, to: &$0) }
        writer.key("data")
        item(change)
        writer.endObject()
    }
}
