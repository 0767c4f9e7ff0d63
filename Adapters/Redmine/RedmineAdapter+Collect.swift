import Federation
import FoundationEssentials
import Reports

/// Reads what changed: a list of the tickets that did, then the history of each, because lists have
/// none.
extension RedmineAdapter {
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let calls = RedmineCalls(settings, over: wire)
        // To a key that is not taken any more the list is empty, as if nothing had changed.
        let account = try await calls.account()
        let window = ReadingWindow(after: cursor, polling: settings.polling, now: wire.now())
        let (list, reply) = try await calls.issues(
            query(of: window), limit: Self.rows, offset: (window.number - 1) * Self.rows)
        let clock = PeerClock(reply, received: wire.now())
        let issues = list.issues.compactMap(\.value)
        let newest = issues.compactMap { Issue.time($0.updated) }.max()
        if list.issues.count >= Self.rows {
            // Most often it is asked for in halves: then no history of it is read yet.
            let page = window.page(
                of: [], count: list.issues.count, newest: newest, limit: Self.rows, clock: clock)
            if page.unreadable.isEmpty { return page }
        }
        var told = try await stories(of: issues, account: account.id, clock, by: calls)
        let lost = list.issues.count - issues.count
        if lost > 0 { told.unreadable.append("\(lost) tickets of a list") }
        return window.page(
            of: told.items, unreadable: told.unreadable, count: list.issues.count, newest: newest,
            limit: Self.rows, paging: .numbered, clock: clock)
    }

    /// Redmine lists no more at a time, whatever is asked for.
    private static let rows = 100

    /// Closed at both ends, and with a zone: Redmine reads the times of a filter in UTC then,
    /// whatever zone the account is in.
    private func query(of window: ReadingWindow) -> [(String, String)] {
        let from = window.from.formatted(.iso8601)
        let times = window.to.map { "><\(from)|\($0.formatted(.iso8601))" } ?? ">=\(from)"
        // Of others' tickets nothing is wanted; where Redmine does not know the filter, they come,
        // and are left out here.
        let ours =
            settings.flow.contains(.reportsIn) ? [] : [("cf_\(settings.fields.externalID)", "*")]
        return ours + [("updated_on", times), ("sort", "updated_on:asc,id:asc")]
    }

    private func stories(
        of issues: [Issue], account: Int, _ clock: PeerClock, by calls: RedmineCalls
    ) async throws(PeerError) -> (items: [Incoming], unreadable: [String]) {
        var (items, unreadable): ([Incoming], [String]) = ([], [])
        let project =
            settings.flow.contains(.reportsIn) ? try await calls.project().id : nil
        let wanted = issues.filter { issue in
            issue.value(of: settings.fields.externalID) != nil || issue.project?.id == project
        }
        guard !wanted.isEmpty else { return ([], []) }
        let names = try await calls.statuses().map { ($0.id, $0.name ?? "status \($0.id)") }
        let statuses = Dictionary(names, uniquingKeysWith: { first, _ in first })
        for issue in wanted {
            // What goes away between the two calls is found by whoever looks for it.
            guard let issue = try await calls.issue("\(issue.id)") else { continue }
            let report = issue.value(of: settings.fields.externalID)
            var story = Story(
                of: issue, statuses: statuses, account: account, report: report, clock: clock)
            if report == nil { story.addFields(settings.fields) }
            items += story.items
            unreadable += story.unreadable
        }
        return (items, unreadable)
    }

    /// Which of these tickets are not to be seen any more, because they were deleted, moved out of
    /// our sight or made private, and which are duplicates now: that moves no date of theirs, so no
    /// list tells it before the night. How the others stand, their histories say.
    package func look(
        at tickets: [String], over wire: Wire
    ) async throws(PeerError) -> [Incoming] {
        let numbers = tickets.filter { Int($0) != nil }
        guard !numbers.isEmpty else { return [] }
        let calls = RedmineCalls(settings, over: wire)
        _ = try await calls.account()
        let query = [("issue_id", numbers.joined(separator: ",")), ("include", "relations")]
        let list = try await calls.issues(query).list
        let issues = list.issues.compactMap(\.value)
        let shown = Dictionary(
            issues.map { ("\($0.id)", $0) }, uniquingKeysWith: { first, _ in first })
        var items: [Incoming] = []
        for number in numbers {
            if let issue = shown[number] {
                if issue.isDuplicate { items.append(state(Story.Word.merged, of: number, wire)) }
            } else if try await calls.issue(number, including: "") == nil {
                items.append(state(Story.Word.gone, of: number, wire))
            }
        }
        return items
    }

    private func state(_ word: String, of number: String, _ wire: Wire) -> Incoming {
        let now = wire.now()
        return .report(IncomingReport(id: number, status: word, requested: now, updated: now))
    }
}
