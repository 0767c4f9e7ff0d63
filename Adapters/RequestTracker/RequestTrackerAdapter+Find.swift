import Federation
import FoundationEssentials
import Reports

/// Looks whether a message has arrived, before it is sent again.
extension RequestTrackerAdapter {
    /// The ticket that bears our id, wherever staff moved it; of several the first.
    ///
    /// A search by a field that is not there finds nothing, and that would make a second ticket of
    /// each try: `check` finds the field. Merged and deleted tickets are in no search.
    func ticket(of id: Report.ID, by calls: JSONCalls) async throws(PeerError) -> Ticket? {
        let name = settings.fields.id
        let query = SearchQuery.field(name, is: id.rawValue)
        let list: ListDocument<Reference> = try await calls.get(
            address("tickets", ["query": query, "orderby": "id", "per_page": "10"]))
        var found: [String] = []
        for reference in list.items {
            guard let number = reference.id.text else { continue }
            let ticket: TicketDocument = try await calls.get(address(ofTicket: number))
            if ticket.values(of: name).contains(id.rawValue) { found.append(number) }
        }
        guard let first = found.first else { return nil }
        var ticket = Ticket(id: first)
        if found.count > 1 {
            ticket.remark = "it is there more than once: \(found.joined(separator: ", "))"
        }
        return ticket
    }

    /// The ticket of a report that staff moved, before anybody looked, to a queue that does not have our
    /// field: there it bears our id in its text alone.
    func movedTicket(
        of report: OutgoingReport, since time: Date, by calls: JSONCalls
    ) async throws(PeerError) -> Ticket? {
        let query = SearchQuery.subject(
            report.subject(most: NewTicket.longestSubject),
            since: time.addingTimeInterval(-Self.clockDifference))
        let list: ListDocument<Reference> = try await calls.get(
            address("tickets", ["query": query, "orderby": "id", "per_page": "100"]))
        for reference in list.items {
            guard let number = reference.id.text else { continue }
            let said: ListDocument<AttachmentDocument> = try await calls.get(
                address(
                    ofTicket: number,
                    "/attachments?fields=Content,ContentType&orderby=id&per_page=10"))
            if said.items.contains(where: { $0.content?.contains("\(report.id) · ") == true }) {
                return Ticket(id: number)
            }
        }
        return nil
    }

    /// How far RT's clock may be from ours, in seconds.
    private static let clockDifference = 900.0

    /// Whether a ticket has an update: what was said bears its id, and a status alone stands there.
    func has(
        _ update: OutgoingUpdate, in ticket: String, by calls: JSONCalls
    ) async throws(PeerError) -> Bool {
        if update.description?.isEmpty ?? true, update.media.isEmpty {
            let now: TicketDocument = try await calls.get(address(ofTicket: ticket))
            return update.status == nil || update.status?.lowercased() == now.status?.lowercased()
        }
        let mark = OwnMark(id: update.id)
        let path = "ticket/\(PercentEncoding.encoded(ticket))/attachments"
        for page in 1...Self.mostPages {
            let list: ListDocument<AttachmentDocument> = try await calls.get(
                address(
                    path,
                    [
                        "fields": "Subject", "orderby": "id", "order": "DESC", "per_page": "100",
                        "page": "\(page)",
                    ]))
            if list.items.contains(where: { mark.isIn($0.subject) }) { return true }
            // What may not be seen is left out of a page, so a short one need not be the last.
            if list.items.isEmpty { return false }
        }
        return false
    }

    private static let mostPages = 20
}
