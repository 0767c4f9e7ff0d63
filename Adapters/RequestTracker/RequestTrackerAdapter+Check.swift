import Federation
import FoundationEssentials

extension RequestTrackerAdapter {
    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let calls = calls(over: wire)
        let server: ServerDocument = try await calls.get(address("rt"))
        var report = PeerReport(
            software: "Request Tracker \(calls.shown(server.version ?? "", most: 40))",
            services: nil)
        let queue: QueueDocument
        do throws(PeerError) {
            queue = try await self.queue(by: calls)
        } catch {
            // RT answers 403 for a queue that is not there as well.
            guard error.status == 403 || error.status == 404 else { throw error }
            report.obstacles.append(
                "there is no queue \(settings.queue), or our account may not see it")
            return report
        }
        report.obstacles += missingFields(in: queue)
        if let obstacle = try await obstacleToOpening(by: calls) {
            report.obstacles.append(obstacle)
        }
        if let obstacle = try await obstacleOfZone(by: calls) {
            report.obstacles.append(obstacle)
        }
        return report
    }

    private struct ServerDocument: Decodable {
        let version: String?

        private enum CodingKeys: String, CodingKey {
            case version = "Version"
        }
    }

    private func missingFields(in queue: QueueDocument) -> [String] {
        let there = Set((queue.fields ?? []).compactMap(\.name))
        return settings.fields.all.filter { !there.contains($0) }.map { name in
            name == settings.fields.id
                ? "the queue has no custom field \(name): what was sent without an answer is not "
                    + "found there, and is sent again"
                : "the queue has no custom field \(name): what is said in it is lost"
        }
    }

    /// Asks for a ticket that RT cannot open, because its status is none: whoever may not open any
    /// is told that first.
    private func obstacleToOpening(by calls: JSONCalls) async throws(PeerError) -> String? {
        let call = calls.call(
            "POST", address("ticket"),
            ["Queue": settings.queue, "Subject": "check", "Status": "no status: only a check"])
        let reply = try await calls.anyReply(to: call)
        guard !(200..<300).contains(reply.status) else {
            return "it opened a ticket whose status is none: look at the address"
        }
        let failure = calls.failure(reply, to: call)
        switch failure.kind {
        case .refused: return nil
        case .forbidden: return "our account may not open tickets in \(settings.queue)"
        case .later, .ambiguous: return "it opens no tickets now: \(failure.reason)"
        }
    }

    /// RT reads the times of a search in the zone of the account, and says nothing of it: a ticket
    /// that changed at a moment must be found by that moment.
    private func obstacleOfZone(by calls: JSONCalls) async throws(PeerError) -> String? {
        for _ in 1...3 {
            let newest: ListDocument<TicketDocument> = try await calls.get(
                address(
                    "tickets",
                    [
                        "query": "Queue = \(SearchQuery.quoted(settings.queue))",
                        "fields": "LastUpdated", "orderby": "LastUpdated", "order": "DESC",
                        "per_page": "1",
                    ]))
            guard let ticket = newest.items.first, let id = ticket.id.text,
                let text = ticket.lastUpdated,
                let time = try? Date(text, strategy: .iso8601)
            else {
                return "the queue has no ticket yet, so nobody can tell whether our account's "
                    + "zone is UTC, as it must be: open one and check again"
            }
            let range =
                "id = \(SearchQuery.quoted(id)) AND LastUpdated >= \(SearchQuery.time(time - 1)) "
                + "AND LastUpdated <= \(SearchQuery.time(time + 1))"
            let found: ListDocument<Reference> = try await calls.get(
                address("tickets", ["query": range]))
            if found.items.contains(where: { $0.id.text == id }) { return nil }
            let now: TicketDocument = try await calls.get(address(ofTicket: id))
            // It changed while we looked: then that proves nothing.
            guard now.lastUpdated == text else { continue }
            return "our account's zone is not UTC: set its Timezone to UTC, or changes are missed"
        }
        return nil
    }
}
