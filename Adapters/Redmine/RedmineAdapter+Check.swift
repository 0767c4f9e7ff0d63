import Federation
import FoundationEssentials

/// Proves our rights without changing anything, and that the numbers of the settings mean what they
/// are meant to: where one does not, Redmine says nothing and leaves it out.
extension RedmineAdapter {
    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let calls = RedmineCalls(settings, over: wire)
        let account = try await calls.account()
        let project = try await calls.project()
        let statuses = try await calls.statuses()
        let shown = statuses.map { status in
            "\(status.name ?? "\(status.id)") (\(status.isClosed == true ? "closed" : "open"))"
        }
        let login = calls.json.shown(account.login ?? "\(account.id)", most: 100)
        var report = PeerReport(
            software: "Redmine as \(login); statuses: "
                + calls.json.shown(shown.joined(separator: ", "), most: 1000),
            services: nil)
        report.obstacles += obstacles(in: project)
        report.obstacles += try await obstaclesOfFilters(by: calls)
        report.obstacles += try await obstaclesOfWriting(by: calls)
        report.obstacles += try await obstaclesOfTickets(by: calls)
        return report
    }

    private func obstacles(in project: Answer.OneProject.Project) -> [String] {
        guard let trackers = project.trackers,
            !trackers.contains(where: { $0.id == settings.tracker })
        else { return [] }
        return [
            "the project has no tracker \(settings.tracker): tickets would go under another"
        ]
    }

    /// Asks for what no ticket holds: a field that is no filter lists all of them.
    private func obstaclesOfFilters(by calls: RedmineCalls) async throws(PeerError) -> [String] {
        let number = settings.fields.externalID
        let all = try await calls.issues([], limit: 1).list.total
        let found = try await calls.issues(
            [("cf_\(number)", "no report is called so")], limit: 1
        ).list.total
        guard all > 0, found > 0 else { return [] }
        return [
            "the custom field \(number) (external_id) is not \"used as a filter\" or does not "
                + "exist: a ticket would be looked for among all"
        ]
    }

    /// Sends a report without a subject: whoever may write is told that there is none, and what else
    /// is missing.
    private func obstaclesOfWriting(by calls: RedmineCalls) async throws(PeerError) -> [String] {
        guard settings.flow.contains(.reportsOut) else { return [] }
        let fields = settings.fields.named.map { field in
            let isDegrees = ["latitude", "longitude"].contains(field.purpose)
            return NewIssue.Field(id: field.number, values: [isDegrees ? "0" : "check"])
        }
        let issue = NewIssue(
            issue: NewIssue.Content(
                project: settings.project, tracker: settings.tracker, subject: "",
                description: "check", isPrivate: nil, fields: fields, uploads: nil))
        let call = calls.json.call("POST", calls.address("issues.json"), issue)
        let reply = try await calls.json.anyReply(to: call)
        guard reply.status == 422 else {
            return (200..<300).contains(reply.status)
                ? ["it took a report without a subject: look at the address"]
                : ["it takes no reports: \(calls.json.failure(reply, to: call).reason)"]
        }
        let mistakes: Answer.Mistakes = try calls.json.read(reply, of: call)
        guard mistakes.errors.count > 1 else { return [] }
        let said = calls.json.shown(mistakes.errors.joined(separator: "; "))
        return ["beside a subject it wants more than it will get: \(said)"]
    }

    /// Looks at the newest ticket: which fields it shows, though they are empty, and what our account
    /// may make of its status. Without one there is nothing to prove it by.
    private func obstaclesOfTickets(by calls: RedmineCalls) async throws(PeerError) -> [String] {
        let query = [
            ("project_id", settings.project), ("tracker_id", "\(settings.tracker)"),
            ("sort", "id:desc"),
        ]
        let newest = try await calls.issues(query, limit: 1).list.issues.first?.value
        guard let newest,
            let issue = try await calls.issue("\(newest.id)", including: "allowed_statuses")
        else { return [] }
        var obstacles: [String] = []
        for field in settings.fields.named
        where issue.fields?.contains(where: { $0.id == field.number }) != true {
            obstacles.append(
                "ticket \(issue.id) shows no custom field \(field.number) (\(field.purpose)): "
                    + "what it should hold would be lost")
        }
        let allowed = issue.allowedStatuses ?? []
        if settings.flow.contains(.updatesOut), !allowed.isEmpty,
            allowed.allSatisfy({ $0.id == issue.status.id })
        {
            obstacles.append(
                "the workflow lets our account change no status, at least of ticket \(issue.id)")
        }
        return obstacles
    }
}
