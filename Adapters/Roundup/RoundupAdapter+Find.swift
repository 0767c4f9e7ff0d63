import Federation
import FoundationEssentials
import Reports

/// Looks whether a message has arrived, before it is sent again.
extension RoundupAdapter {
    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let calls = RoundupCalls(settings, over: wire, telling: message)
        switch message.content {
        case .report(let report): return try await find(report, by: calls)
        case .update(let update):
            guard let ticket = message.ticket, let id = ticket.id else { return nil }
            let name = OwnName.of(update)
            let said = try await calls.list(
                "msg", [("messageid:", name)], fields: ["messageid"], size: 100
            ).list.rows.filter { $0.text("messageid") == name }.compactMap(\.id)
            // One that was made and never added is nobody's.
            guard !said.isEmpty, let issue = try await calls.item("issue", id) else { return nil }
            let there = Set(issue.properties.links("messages").map(\.id))
            return there.isDisjoint(with: said) ? nil : ticket
        case .erasure: return nil
        }
    }

    /// The issue that bears our id; of several, the first one. With `:` behind its name a filter is
    /// exact; without, `gw-1` finds `gw-10` as well.
    private func find(
        _ report: OutgoingReport, by calls: RoundupCalls
    ) async throws(PeerError) -> Ticket? {
        let field = settings.fields.externalID
        let rows = try await calls.list(
            "issue", [("\(field):", report.id.rawValue)], fields: [field], size: 100
        ).list.rows
        let numbers = rows.filter { $0.text(field) == report.id.rawValue }
            .compactMap { $0.id.flatMap { Int($0) } }.sorted()
        guard let first = numbers.first else { return nil }
        var ticket = Ticket(id: "\(first)")
        if numbers.count > 1 {
            let others = numbers.dropFirst().map { "\($0)" }.joined(separator: ", ")
            ticket.remark = "others bear our id as well: \(others)"
        }
        return ticket
    }
}
