import Federation
import FoundationEssentials
import Reports

/// What changes a ticket, all in one call.
struct IssueChange: Encodable {
    let issue: Content

    struct Content: Encodable {
        let status: Int?
        let notes: String
        let uploads: [Enclosures.Upload]?

        enum CodingKeys: String, CodingKey {
            case notes, uploads
            case status = "status_id"
        }
    }
}

extension RedmineAdapter {
    /// Tells a ticket what happened, and looks what Redmine made of it: a status that the workflow
    /// does not let us set is left out, with 204 all the same.
    func change(
        _ update: OutgoingUpdate, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard var ticket = message.ticket, let id = ticket.id else {
            throw PeerError(.later(nil), "the peer has not told its number of the report yet")
        }
        let calls = RedmineCalls(settings, over: wire, telling: message)
        let status = try await status(of: update, by: calls)
        let enclosed = try await Enclosures(update.media, by: calls, over: wire)
        let mark = OwnMark(update.id, of: update.report)
        let change = IssueChange(
            issue: IssueChange.Content(
                status: status, notes: mark.written(below: update.text(naming: enclosed.addresses)),
                uploads: enclosed.uploads.isEmpty ? nil : enclosed.uploads))
        try await put(change, to: id, by: calls)
        ticket.remark = await remark(on: ticket, by: calls, enclosed) { issue in
            differences(update, status, mark, in: issue)
        }
        return ticket
    }

    private func put(
        _ change: IssueChange, to id: String, by calls: RedmineCalls
    ) async throws(PeerError) {
        let path = "issues/\(PercentEncoding.encoded(id)).json"
        let call = calls.json.call("PUT", calls.address(path), change)
        let reply = try await calls.json.anyReply(to: call)
        guard !(200..<300).contains(reply.status) else {
            // Redmine answers without a word, so somebody else did who has a log-in page.
            guard reply.body.first(where: { $0 > 0x20 }) != UInt8(ascii: "<") else {
                throw PeerError(
                    .ambiguous, "answered \(reply.status) with a web page", status: reply.status)
            }
            return
        }
        // This one ticket is private now, or our account may write nowhere: that decides about all.
        let isGone =
            reply.status == 403
            ? try await calls.issue(id, including: "") == nil : reply.status == 404
        if isGone {
            throw PeerError(
                .refused, "the ticket is private or deleted there", status: reply.status)
        }
        throw calls.json.failure(reply, to: call)
    }

    /// The number of the status of that name; `nil` if none is told, or there is none.
    private func status(
        of update: OutgoingUpdate, by calls: RedmineCalls
    ) async throws(PeerError) -> Int? {
        guard let word = update.status.map(Mapping.StatusWord.init) else { return nil }
        return try await calls.statuses().first {
            Mapping.StatusWord($0.name ?? "") == word
        }?.id
    }

    private func differences(
        _ update: OutgoingUpdate, _ status: Int?, _ mark: OwnMark, in issue: Issue
    ) -> [String] {
        var differences: [String] = []
        if let word = update.status {
            if status == nil {
                differences.append("there is no status “\(word)”")
            } else if issue.status.id != status {
                differences.append(
                    "the workflow did not let us make it “\(word)”: it is "
                        + "“\(issue.status.name ?? "")”")
            }
        }
        let notes = issue.journals?.compactMap(\.notes) ?? []
        if !notes.contains(where: { OwnMark(endOf: $0) == mark }) {
            differences.append("the note was not kept")
        }
        return differences
    }
}
