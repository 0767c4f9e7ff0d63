import Reports

extension Sink {
    /// How many people say that a report is theirs as well.
    mutating func support(of id: Report.ID, count: Int) {
        beginList("service_requests", as: .root)
        beginObject("request", as: .item)
        text("service_request_id", id.rawValue)
        integer("supports", count)
        endObject()
        endList()
    }

    /// What of a report is erased.
    mutating func erasure(of id: Report.ID, _ erasure: Erasure) {
        beginList("service_requests", as: .root)
        beginObject("request", as: .item)
        text("service_request_id", id.rawValue)
        text("erased", erasure.text)
        endObject()
        endList()
    }

    /// GR-15.4: what happened to a report, in the shape of Chicago's.
    mutating func notes(_ notes: [Note], labels: Labels) {
        beginList("notes", as: .member)
        for note in notes {
            beginObject("note", as: .item)
            time("datetime", note.time)
            text("type", note.kind.rawValue)
            text("summary", labels.summary(of: note))
            text("description", note.description)
            endObject()
        }
        endList()
    }
}
