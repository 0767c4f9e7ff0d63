import Federation
import FoundationEssentials

extension RequestTrackerAdapter {
    /// RT lists no more on a page, whatever it is asked for.
    private static let pageSize = 100

    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let calls = calls(over: wire)
        let window = ReadingWindow(after: cursor, polling: settings.polling, now: wire.now())
        // An account that lost its rights reads empty lists; of the queue it is told so.
        let queue = try await queue(by: calls)
        let query = SearchQuery.changes(in: settings.queue, from: window.from, to: window.to)
        let (changes, clock) = try await transactions(query, window, by: calls, wire)
        let left = SearchQuery.departures(
            from: queue.id.text ?? settings.queue, from: window.from, to: window.to)
        let (departures, _) = try await transactions(left, window, by: calls, wire)
        let rows = changes + departures
        var page = window.page(
            of: [], count: max(changes.count, departures.count),
            newest: rows.compactMap(\.time).max(), limit: Self.pageSize, paging: .numbered,
            clock: clock)
        // What is asked for again in halves is not read now.
        guard !window.isHalved(in: page, settings.polling) else { return page }
        let found = try await items(of: rows, clock: clock, by: calls)
        page.items = found.items
        page.unreadable += found.unreadable
        return page
    }

    func queue(by calls: JSONCalls) async throws(PeerError) -> QueueDocument {
        try await calls.get(address("queue/\(PercentEncoding.encoded(settings.queue))"))
    }

    private func transactions(
        _ query: String, _ window: ReadingWindow, by calls: JSONCalls, _ wire: Wire
    ) async throws(PeerError) -> ([TransactionDocument], PeerClock) {
        let call = Wire.Call(
            "GET",
            address(
                "transactions",
                [
                    "query": query, "fields": "Type,Created,Field,OldValue,NewValue,ObjectId",
                    "orderby": "id", "per_page": "\(Self.pageSize)", "page": "\(window.number)",
                ]))
        let reply = try await calls.reply(to: call)
        let list: ListDocument<TransactionDocument> = try calls.read(reply, of: call)
        return (list.items, PeerClock(reply, received: wire.now()))
    }

    private struct Found {
        var items: [Incoming] = []
        var unreadable: [String] = []
    }

    private func items(
        of rows: [TransactionDocument], clock: PeerClock, by calls: JSONCalls
    ) async throws(PeerError) -> Found {
        var found = Found()
        for row in StatusSteps.settled(rows, now: clock.now) {
            guard let id = row.id.text, let ticket = row.ticket?.text, let time = row.time else {
                found.unreadable.append("a transaction without a number, a ticket or a time")
                continue
            }
            var update = IncomingUpdate(id: id, report: ticket, told: clock.ours(time))
            switch (row.type, row.field) {
            case ("Status", _): update.status = row.newValue?.text
            case ("AddLink", "MergedInto"):
                // The one that they were merged into has the same in its history.
                guard row.newValue?.text?.hasSuffix("/ticket/\(ticket)") == false else { continue }
                update.status = "merged"
            case ("Set", "Queue"): update.status = "moved"
            case ("Correspond", _):
                guard let said = try await said(in: id, by: calls) else { continue }
                update.description = said.text
                update.media = said.pictures
            default: continue
            }
            found.items.append(.update(update))
        }
        return found
    }
}

extension ReadingWindow {
    /// Whether a page says that this part is asked for again in halves.
    fileprivate func isHalved(in page: Page, _ polling: Peer.Polling) -> Bool {
        guard !page.isLast else { return false }
        let next = ReadingWindow(after: page.next, polling: polling, now: from)
        return next.from == from && next.number == number
    }
}
