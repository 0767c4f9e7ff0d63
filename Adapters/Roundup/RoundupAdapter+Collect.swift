import Federation
import FoundationEssentials
import Reports

/// Reads how issues stand. There is no history: a status comes as a state, and what was said as the
/// messages that are public.
extension RoundupAdapter {
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let calls = RoundupCalls(settings, over: wire)
        let account = try await calls.account()
        let window = ReadingWindow(after: cursor, polling: settings.polling, now: wire.now())
        let (list, reply) = try await calls.list(
            "issue",
            [("activity", Self.range(of: window)), ("@sort", "activity")],
            fields: ["activity", "creation", "status", "messages", "superseder", "title"]
                + settings.fields.ofIssues,
            size: Self.rows, page: window.number)
        let clock = PeerClock(reply, received: wire.now())
        // Of a range that it cannot read Roundup makes none, and lists everything.
        let rows = list.rows.filter { ($0.time("activity") ?? window.from) >= window.from }
        let newest = rows.compactMap { $0.time("activity") }.max()
        if list.rows.count >= Self.rows {
            let page = window.page(
                of: [], count: list.rows.count, newest: newest, limit: Self.rows, clock: clock)
            if page.unreadable.isEmpty { return page }
        }
        let told = try await told(by: rows, since: window.from, account, clock, calls)
        return window.page(
            of: told.items, unreadable: told.unreadable, count: list.rows.count, newest: newest,
            limit: Self.rows, paging: .numbered, clock: clock)
    }

    private static let rows = 100

    /// In the account's zone, which is UTC.
    private static func range(of window: ReadingWindow) -> String {
        let from = "from \(Stamp.text(window.from))"
        return window.to.map { "\(from) to \(Stamp.text($0))" } ?? from
    }

    private func told(
        by rows: [Properties], since: Date, _ account: String, _ clock: PeerClock,
        _ calls: RoundupCalls
    ) async throws(PeerError) -> (items: [Incoming], unreadable: [String]) {
        let takesAll = settings.flow.contains(.reportsIn)
        let wanted = rows.filter { takesAll || $0.text(settings.fields.externalID) != nil }
        guard !wanted.isEmpty else { return ([], []) }
        let messages = try await messages(since: since, account, by: calls)
        var (items, unreadable): ([Incoming], [String]) = ([], [])
        for row in wanted {
            guard let id = row.id, let state = state(of: row, clock) else {
                unreadable.append("issue \(row.id ?? "?") has no time or no status")
                continue
            }
            // A report that is new to us comes before what was said of it, any other one after.
            if row.text(settings.fields.externalID) == nil { items.append(state) }
            for link in row.links("messages") {
                guard let message = messages[link.id] else { continue }
                items.append(
                    try await update(link.id, message, about: id, clock, by: calls))
            }
            if row.text(settings.fields.externalID) != nil { items.append(state) }
        }
        return (items, unreadable)
    }

    /// How an issue stands now. Of one that is superseded another one tells the rest.
    private func state(of row: Properties, _ clock: PeerClock) -> Incoming? {
        let fields = settings.fields
        guard let id = row.id, let created = row.time("creation"),
            let changed = row.time("activity"), let status = row.link("status")
        else { return nil }
        let latitude = row.number(fields.latitude)
        let longitude = row.number(fields.longitude)
        let point = latitude.flatMap { latitude in
            longitude.flatMap { Coordinate(latitude: latitude, longitude: $0) }
        }
        return .report(
            IncomingReport(
                id: id,
                status: row.links("superseder").isEmpty ? status.name ?? status.id : "merged",
                service: row.text(fields.service), title: row.text("title"),
                place: Place(
                    coordinate: point, address: row.text(fields.address), addressID: nil),
                requested: clock.ours(created), updated: clock.ours(changed)))
    }

    /// What was said in public lately and not by us, by number. What belongs to no flag is not
    /// public.
    private func messages(
        since: Date, _ account: String, by calls: RoundupCalls
    ) async throws(PeerError) -> [String: Properties] {
        guard let flag = settings.fields.public else { return [:] }
        // A message is made a moment before an issue names it, and its issue changes then.
        let from = Stamp.text(since.addingTimeInterval(-86_400))
        var messages: [String: Properties] = [:]
        for page in 1...100 {
            let rows = try await calls.list(
                "msg", [(flag, "true"), ("activity", "from \(from)"), ("@sort", "id")],
                fields: ["author", "content", "creation", "date", "files", "messageid", flag],
                size: 500, page: page, depth: .texts
            ).list.rows
            for row in rows where row.number(flag) == 1 {
                let isOurs =
                    row.link("author")?.id == account && OwnName.isOne(row.text("messageid"))
                if let id = row.id, !isOurs { messages[id] = row }
            }
            if rows.count < 500 { return messages }
        }
        throw PeerError(.later(nil), "lists more messages than can be read")
    }

    private func update(
        _ number: String, _ message: Properties, about issue: String, _ clock: PeerClock,
        by calls: RoundupCalls
    ) async throws(PeerError) -> Incoming {
        let time = message.time("date") ?? message.time("creation")
        var update = IncomingUpdate(
            id: "msg\(number)", report: issue, told: time.map(clock.ours) ?? clock.now)
        update.description = message.text("content")
        for file in message.links("files") {
            let type = try await calls.item("file", file.id)?.properties.text("type") ?? ""
            if ["image/jpeg", "image/png", "image/webp"].contains(type) {
                update.media.append(PeerPicture.named(file.id))
            }
        }
        return .update(update)
    }

    /// Which of these issues were retired: they are in no list any more, though one by one they are
    /// shown as if nothing had happened.
    package func look(
        at tickets: [String], over wire: Wire
    ) async throws(PeerError) -> [Incoming] {
        let calls = RoundupCalls(settings, over: wire)
        var gone: [Incoming] = []
        for ticket in tickets where Self.isNumber(ticket) {
            // A list of numbers would find nothing.
            let rows = try await calls.list(
                "issue", [("id", ticket)], fields: ["activity"], size: 10
            ).list.rows
            guard !rows.contains(where: { $0.id == ticket }) else { continue }
            let now = wire.now()
            gone.append(
                .report(IncomingReport(id: ticket, status: "gone", requested: now, updated: now)))
        }
        return gone
    }
}
