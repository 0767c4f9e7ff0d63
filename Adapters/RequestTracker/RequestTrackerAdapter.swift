import Federation
import FoundationEssentials
import Reports

/// Speaks REST 2 of Request Tracker 5: each report is a ticket of one queue.
package struct RequestTrackerAdapter: Adapter {
    let settings: RequestTrackerSettings

    package init(_ settings: RequestTrackerSettings) {
        self.settings = settings
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: .lookup,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details, .contact,
                .ownReference,
            ],
            // A create that ran into a time-out was there 0.7 s later, and not at once.
            settling: .seconds(60))
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        switch message.content {
        case .report(let report):
            if message.firstTried != nil, let ticket = try await find(message, over: wire) {
                return ticket
            }
            return try await open(report, of: message, over: wire)
        case .update(let update): return try await tell(update, of: message, over: wire)
        case .erasure:
            throw PeerError(
                .refused,
                "Request Tracker keeps the history of a ticket: ask whoever runs it to shred it")
        }
    }

    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let calls = calls(over: wire, telling: message)
        switch message.content {
        case .report(let report):
            if let ticket = try await ticket(of: report.id, by: calls) { return ticket }
            return try await movedTicket(
                of: report, since: message.firstTried ?? wire.now(), by: calls)
        case .update(let update):
            guard let ticket = message.ticket, let id = ticket.id else { return nil }
            return try await has(update, in: id, by: calls) ? ticket : nil
        case .erasure: return nil
        }
    }

    func calls(over wire: Wire, telling message: Message? = nil) -> JSONCalls {
        JSONCalls(
            over: wire,
            headers: [
                Wire.Header("Authorization", "token \(settings.token)"),
                Wire.Header("Accept", "application/json"),
            ],
            hiding: [settings.token], telling: message)
    }

    /// The address of something, with the arguments of its query.
    func address(_ path: String, _ arguments: KeyValuePairs<String, String> = [:]) -> String {
        let query = arguments.map { "\($0)=\(PercentEncoding.encoded($1))" }
        return settings.address + "REST/2.0/" + path
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// The address of something of a ticket, whose number a peer once told us.
    func address(ofTicket id: String, _ rest: String = "") -> String {
        address("ticket/\(PercentEncoding.encoded(id))\(rest)")
    }
}

extension RequestTrackerAdapter {
    private func open(
        _ report: OutgoingReport, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let calls = calls(over: wire, telling: message)
        let pictures = try await ShownPictures(report.media, over: wire)
        let wanted = NewTicket(report, showing: pictures, by: settings)
        let call = calls.call("POST", address("ticket"), wanted)
        let reply = try await calls.reply(to: call)
        let reference: Reference = try calls.read(reply, of: call)
        guard let id = reference.id.text, (1...255).contains(id.utf8.count) else {
            throw PeerError(
                .ambiguous, "answered \(reply.status) without a number", status: reply.status)
        }
        var ticket = Ticket(id: id)
        ticket.remark = await remark(on: id, by: calls) { Self.losses(of: wanted, in: $0) }
        return ticket
    }

    private func tell(
        _ update: OutgoingUpdate, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard var ticket = message.ticket, let id = ticket.id else {
            throw PeerError(.later(nil), "the number of the ticket is not known yet")
        }
        let calls = calls(over: wire, telling: message)
        let before: TicketDocument = try await calls.get(address(ofTicket: id))
        let pictures = try await ShownPictures(update.media, over: wire)
        let text = update.text(naming: pictures.addresses)
        // RT opens a closed ticket when something is said to it: it is told where it stood.
        let status = update.status ?? (before.wasClosed ? before.status : nil)
        let call: Wire.Call
        if text.isEmpty, pictures.files.isEmpty {
            guard let status, status != before.status else { return ticket }
            call = calls.call("PUT", address(ofTicket: id), NewStatus(status: status))
        } else {
            let reply = NewReply(
                subject: OwnMark(id: update.id).subject(of: before.subject),
                content: text, status: status, attachments: pictures.files)
            call = calls.call("POST", address(ofTicket: id, "/correspond"), reply)
        }
        let _: [String] = try calls.read(try await calls.reply(to: call), of: call)
        ticket.remark = await remark(on: id, by: calls) { after in
            status.map { Self.losses(of: $0, in: after) } ?? []
        }
        return ticket
    }

    /// What RT took and did not keep, though it answered with a success: it drops what it has no
    /// field for, and statuses that it does not know.
    private func remark(
        on id: String, by calls: JSONCalls, _ losses: (TicketDocument) -> [String]
    ) async -> String? {
        do throws(PeerError) {
            let losses = losses(try await calls.get(address(ofTicket: id)))
            return losses.isEmpty ? nil : losses.joined(separator: "; ")
        } catch {
            return "it could not be read back: \(error.reason)"
        }
    }

    private static func losses(of wanted: NewTicket, in ticket: TicketDocument) -> [String] {
        let lost = wanted.fields.filter { name, value in
            let kept = ticket.values(of: name).map(Self.line).filter { !$0.isEmpty }
            return Set(kept) != Set(value.values.map(Self.line).filter { !$0.isEmpty })
        }
        guard !lost.isEmpty else { return [] }
        return ["it did not keep what was said in \(lost.keys.sorted().joined(separator: ", "))"]
    }

    private static func losses(of status: String, in ticket: TicketDocument) -> [String] {
        guard let kept = ticket.status, kept.lowercased() != status.lowercased() else { return [] }
        return ["its status is “\(kept)” and not “\(status)”: look at the queue's lifecycle"]
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
