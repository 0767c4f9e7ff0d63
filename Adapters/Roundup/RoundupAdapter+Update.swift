import Federation
import FoundationEssentials
import Reports

extension RoundupAdapter {
    /// Tells an issue what happened: message and status in one change, or none of them.
    func change(
        _ update: OutgoingUpdate, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard var ticket = message.ticket, let id = ticket.id else {
            throw PeerError(.later(nil), "the peer has not told its number of the report yet")
        }
        let calls = RoundupCalls(settings, over: wire, telling: message)
        let (files, addresses) = try await upload(update.media, by: calls, over: wire)
        let text = update.text(naming: addresses)
        let said = try await say(
            text.isEmpty ? update.status ?? "." : text, as: OwnName.of(update), files, by: calls)
        try await add(said, update.status, to: id, by: calls)
        guard let status = update.status else { return ticket }
        ticket.remark = await remark(on: id, by: calls) { issue in
            let now = issue.properties.link("status")?.name ?? ""
            return Mapping.StatusWord(now) == Mapping.StatusWord(status)
                ? [] : ["it was not made “\(status)”: it is “\(now)”"]
        }
        return ticket
    }

    /// Adds a message to those that are there. Whoever changes the issue meanwhile makes it refuse
    /// ours (412): then it is read and changed once more.
    private func add(
        _ said: String, _ status: String?, to id: String, by calls: RoundupCalls
    ) async throws(PeerError) {
        for _ in 0..<2 {
            let reply = try await attempt(said, status, to: id, by: calls)
            if reply.status != 412 { return }
        }
        throw PeerError(.later(nil), "others keep changing the issue", status: 412)
    }

    private func attempt(
        _ said: String, _ status: String?, to id: String, by calls: RoundupCalls
    ) async throws(PeerError) -> Wire.Reply {
        guard let issue = try await calls.item("issue", id), let etag = issue.etag else {
            throw PeerError(.refused, "there is no such issue any more", status: 404)
        }
        var change: [String: NewValue] = [
            "@op": .text("replace"),
            "messages": .links(issue.properties.links("messages").map(\.id) + [said]),
        ]
        // A status that is not told would become "chatting", though nobody there said anything.
        if let status = status ?? issue.properties.link("status")?.id {
            change["status"] = .text(status)
        }
        let path = "issue/\(PercentEncoding.encoded(id))"
        let call = calls.json.call(
            "PATCH", calls.address(path), change, headers: [Wire.Header("If-Match", etag)])
        let reply = try await calls.json.anyReply(to: call)
        guard reply.status != 412 else { return reply }
        guard (200..<300).contains(reply.status) else { throw calls.json.failure(reply, to: call) }
        _ = try calls.json.read(reply, of: call, as: Answer<Made>.self)
        return reply
    }
}
