import Federation
import FoundationEssentials
import Reports

/// Looks whether a message has arrived, before it is sent again.
extension RedmineAdapter {
    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let calls = RedmineCalls(settings, over: wire, telling: message)
        // To a key that is not taken any more each list is empty, and all would be sent twice.
        let account = try await calls.account()
        switch message.content {
        case .report(let report):
            return try await find(report, since: message.firstTried ?? wire.now(), by: calls)
        case .update(let update):
            guard let ticket = message.ticket, let id = ticket.id,
                let issue = try await calls.issue(id)
            else { return nil }
            let mark = OwnMark(update.id, of: update.report)
            let isThere = (issue.journals ?? []).contains { journal in
                journal.user?.id == account.id && OwnMark(endOf: journal.notes ?? "") == mark
            }
            return isThere ? ticket : nil
        case .erasure: return nil
        }
    }

    /// The ticket that bears our id, wherever it went since; of several, one is the first.
    ///
    /// A field that is not there, or no filter, is left out by Redmine, which then lists every
    /// ticket. So each is looked at, page by page, but only what is no older than our first try.
    private func find(
        _ report: OutgoingReport, since: Date, by calls: RedmineCalls
    ) async throws(PeerError) -> Ticket? {
        let field = settings.fields.externalID
        let from = since.addingTimeInterval(-86_400).formatted(.iso8601)
        let query = [
            ("cf_\(field)", report.id.rawValue), ("created_on", ">=\(from)"), ("sort", "id:asc"),
        ]
        var found: Set<Int> = []
        var offset = 0
        for _ in 0..<Self.mostPages {
            let list = try await calls.issues(query, offset: offset).list
            guard list.issues.allSatisfy({ $0.value != nil }) else {
                throw PeerError(.later(nil), "lists tickets that cannot be read")
            }
            for issue in list.issues.compactMap(\.value)
            where issue.value(of: field) == report.id.rawValue {
                found.insert(issue.id)
            }
            offset += list.issues.count
            if list.issues.isEmpty || offset >= list.total { return Self.ticket(of: found) }
        }
        throw PeerError(.later(nil), "lists more than can be looked through")
    }

    /// Pages of a look-up: ten thousand tickets in a day, at the most.
    private static let mostPages = 100

    private static func ticket(of found: Set<Int>) -> Ticket? {
        let numbers = found.sorted()
        guard let first = numbers.first else { return nil }
        var ticket = Ticket(id: "\(first)")
        if numbers.count > 1 {
            let others = numbers.dropFirst().map { "\($0)" }.joined(separator: ", ")
            ticket.remark = "others bear our id as well: \(others)"
        }
        return ticket
    }
}
