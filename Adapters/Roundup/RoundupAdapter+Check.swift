import Federation
import FoundationEssentials

extension RoundupAdapter {
    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let calls = RoundupCalls(settings, over: wire)
        let user = try await calls.user()
        let statuses = try await calls.list(
            "status", [("@sort", "order")], fields: ["name"], size: 500
        ).list.rows.compactMap { $0.text("name") }
        let shown = calls.json.shown(statuses.joined(separator: ", "), most: 1000)
        var report = PeerReport(
            software: "Roundup as \(settings.user); statuses: \(shown)", services: nil)
        do throws(PeerError) {
            _ = try await calls.account()
        } catch {
            report.obstacles.append(error.reason)
        }
        if user.text("timezone") == nil {
            report.obstacles.append(
                "the account has no time zone, so the tracker's decides: make it UTC")
        }
        report.obstacles += await missing(settings.fields.ofIssues, of: "issue", by: calls)
        let flag = settings.fields.public.map { [$0] } ?? []
        report.obstacles += await missing(flag, of: "msg", by: calls)
        if settings.flow.contains(.reportsOut) {
            report.obstacles += try await obstaclesOfWriting(by: calls)
        }
        return report
    }

    /// Asks for each property: one that is not there is the one mistake in a list that is told.
    private func missing(
        _ properties: [String], of kind: String, by calls: RoundupCalls
    ) async -> [String] {
        var obstacles: [String] = []
        for property in properties {
            do throws(PeerError) {
                _ = try await calls.list(kind, [], fields: [property], size: 1)
            } catch {
                obstacles.append("\(kind) has no \(property): \(error.reason)")
            }
        }
        return obstacles
    }

    /// Sends an issue without a title, which nobody can make: who may not write is told so first.
    private func obstaclesOfWriting(by calls: RoundupCalls) async throws(PeerError) -> [String] {
        let call = calls.json.call(
            "POST", calls.address("issue"), ["title": NewValue.text("")])
        let reply = try await calls.json.anyReply(to: call)
        if [400, 409].contains(reply.status) { return [] }
        return (200..<300).contains(reply.status)
            ? ["it took a report without a title: look at the address"]
            : ["it takes no reports: \(calls.json.failure(reply, to: call).reason)"]
    }
}
