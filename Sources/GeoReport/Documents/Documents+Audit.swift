import Reports

extension Documents {
    /// A page of the audit log, in JSON; `next` is what `before` asks the next page with.
    package static func audit(
        _ entries: some Collection<AuditEntry.Kept>, next: Int?
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 128 + 512 * entries.count)
        writer.beginObject()
        writer.key("entries")
        writer.beginArray()
        for entry in entries { writer.write(entry) }
        writer.endArray()
        writer.key("next")
        if let next { writer.number(next) } else { writer.null() }
        writer.endObject()
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ kept: AuditEntry.Kept) {
        let entry = kept.entry
        beginObject()
        key("number")
        number(kept.number)
        key("datetime")
        string { DateTime.write(kept.time, to: &$0) }
        key("actor")
        string(entry.party.actor.rawValue)
        key("name")
        string(entry.party.name)
        key("source")
        string(entry.party.source)
        key("action")
        string(entry.action.rawValue)
        key("jurisdiction_id")
        string(entry.jurisdiction?.rawValue)
        key("service_request_ids")
        beginArray()
        for report in entry.reports { string(report.rawValue) }
        endArray()
        key("subject")
        string(entry.subject)
        key("changes")
        beginObject()
        for (name, change) in entry.changes.sorted(by: { $0.key < $1.key }) {
            key(name)
            beginArray()
            string(change.before)
            string(change.after)
            endArray()
        }
        endObject()
        endObject()
    }
}
