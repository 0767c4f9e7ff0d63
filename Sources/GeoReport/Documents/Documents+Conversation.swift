import Reports

extension Documents {
    /// A list of updates (GR-13.1).
    package static func updates(
        _ updates: some Collection<Update>, in jurisdiction: Jurisdiction,
        view: ReportView = ReportView(), absent: Client.Profile.Absent = .null, as format: Format
    ) -> [UInt8] {
        write(as: format, absent: absent) { $0.updates(updates, in: jurisdiction, view: view) }
    }

    /// The answer to a POST of an update: our id of it (GR-13.2).
    package static func updateReceipt(_ id: Update.ID, as format: Format) -> [UInt8] {
        write(as: format) { $0.updateReceipt(id) }
    }

    /// The answer to whoever supports a report: how many do by now.
    package static func support(
        of id: Report.ID, count: Int, as format: Format
    ) -> [UInt8] {
        write(as: format) { $0.support(of: id, count: count) }
    }

    /// The answer to whoever has data of a report erased: all that is erased of it by now.
    package static func erasure(
        of id: Report.ID, _ erasure: Erasure, as format: Format
    ) -> [UInt8] {
        write(as: format) { $0.erasure(of: id, erasure) }
    }

    /// Reports near a place, nearest first: each as in a search with extensions, and its `distance`
    /// in metres.
    package static func candidates(
        _ candidates: some Collection<Candidate>, in jurisdiction: Jurisdiction,
        view: ReportView = ReportView(), absent: Client.Profile.Absent = .null, as format: Format
    ) -> [UInt8] {
        var view = view
        view.extensions = .included
        var encoder = ReportListEncoder(
            as: format.plain, view: view, absent: absent,
            capacity: ReportListEncoder.room(for: candidates.count))
        for candidate in candidates {
            encoder.append(
                candidate.report, in: jurisdiction, distance: candidate.distance)
        }
        return encoder.finish()
    }

    /// What staff wrote for each other, in JSON.
    package static func internalNotes(_ notes: some Collection<InternalNote>) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + 512 * notes.count)
        writer.beginArray()
        for note in notes {
            writer.beginObject()
            writer.key("note_id")
            writer.string(note.id.rawValue)
            writer.key("datetime")
            writer.string { DateTime.write(note.time, to: &$0) }
            writer.key("description")
            writer.string(note.description)
            writer.endObject()
        }
        writer.endArray()
        return writer.bytes
    }

    /// A page of changes, in JSON.
    package static func changes(
        _ changes: some Collection<Change>, next: ChangeCursor
    ) -> [UInt8] {
        var writer = ChangeWriter(capacity: 128 + 384 * changes.count)
        writer.page(changes, next: next)
        return writer.bytes
    }

    /// One change as a line of a stream: JSON and a line break.
    package static func line(_ change: Change) -> [UInt8] {
        var writer = ChangeWriter()
        writer.item(change)
        return writer.bytes + [0x0A]
    }

    /// What a webhook is sent: which report, and what happened to it; a few hundred bytes, and nothing
    /// that a person wrote.
    package static func notification(_ change: Change) -> [UInt8] {
        var writer = ChangeWriter()
        writer.notification(change)
        return writer.bytes
    }
}
