import Federation
import FoundationEssentials
import Postgres
import Reports

/// Where an update comes from among the peers, and which of them are told of it.
extension UpdateSubmission {
    var peering: Peering { settings.peering }

    /// What we know of the way it came.
    private var way: Provenance? { peering.provenance(provenance, from: client) }

    /// Whom it has passed, ourselves the last.
    var path: [Authority] { peering.path(by: way) }

    /// How it came, as far as that decides between changes of a status.
    var telling: Telling {
        let (authority, name) =
            provenance.map { ($0.origin, $0.originID) } ?? (peering.node, id.rawValue)
        return Telling(
            event: event, actor: actor, told: told, origin: "\(authority) \(name)",
            beginsHere: provenance == nil)
    }

    private var origin: OriginRow? {
        provenance.map { OriginRow(provenance: $0, kind: .update) }
    }

    /// Our own update that has come back to us; `nil` if there is none.
    func own(in transaction: Transaction) async throws(PostgresError) -> Update.ID? {
        guard let origin else { return nil }
        let isOurs = origin.provenance.origin == peering.node
        let rows = try await transaction.query(
            isOurs
                ? "SELECT id FROM \"update\" WHERE id = \(origin.provenance.originID)"
                : "SELECT origin.\"update\" FROM origin WHERE \(origin.isThis)")
        guard var cells = rows.first?.cells else { return nil }
        return try cells.next(String?.self).flatMap(Update.ID.init(rawValue:))
    }

    /// What was taken before from the same origin, whoever brought it (D14).
    var earlierOrigin: SQL {
        guard let origin else { return "" }
        return "UNION ALL SELECT origin.\"update\" FROM origin WHERE \(origin.isThis)"
    }

    /// `, began AS (…)`: where it began, if that was elsewhere.
    func began(at report: Report.ID) -> SQL {
        guard let origin else { return "" }
        let row = origin.insert(report: "\(report.rawValue)", update: "\(id.rawValue)")
        return ", began AS (\(row))"
    }

    /// A status that is not the teller's to decide.
    struct Proposal {
        /// What staff read.
        let text: String
        /// Whether the report stands elsewhere.
        let isNews: Bool
    }

    /// The status that a peer tells of a report which it neither handles nor gave us: one owner
    /// decides. `nil` if the update is no such thing.
    ///
    /// In a mesh the word of whoever decides may come by somebody else first.
    func proposal(
        at target: Target, in transaction: Transaction
    ) async throws(PostgresError) -> Proposal? {
        guard let sender = peering.peer(of: client), let detail = draft.detail,
            target.handler != sender.name.rawValue
        else { return nil }
        let passed = [sender.authority] + (way.map { [$0.origin] + $0.path } ?? [])
        let rows = try await transaction.query(
            """
            SELECT coalesce(detail, upper(status)) FROM report
            WHERE id = \(target.id.rawValue) AND NOT EXISTS (
                SELECT FROM ticket
                WHERE peer = \(sender.name.rawValue) AND ticket.report = report.id
                    AND direction = 'in'
                UNION ALL
                SELECT FROM event
                WHERE event.report = report.id AND kind = 'created'
                    AND path && \(passed.map(\.rawValue)))
            """)
        guard var cells = rows.first?.cells else { return nil }
        return Proposal(
            text: "\(sender.name): \(detail.rawValue)",
            isNews: try cells.next(String.self) != detail.rawValue)
    }

    /// `, sent AS (…), queued AS (…)`: the deliveries of the update, from its row `told`.
    func deliveries(of revision: Revision, at published: Date) -> SQL {
        guard draft.stage == .production else { return "" }
        let rows: SQL = """
            (SELECT report, id AS "update", \(event.uuid) AS event, \(max(now, published)) AS due
            FROM told) AS told
            """
        return DeliveryRows.updates(
            rows, to: peering.audience(of: way, visibility: revision.report.visibility),
            created: now)
    }

    /// The same for what those are told whose reports were merged into this one: our own word.
    var deliveriesToDuplicates: SQL {
        guard draft.stage == .production else { return "" }
        let rows: SQL = """
            (SELECT told.report, told."update", given.event, greatest(told.due, \(now)) AS due
            FROM told JOIN given USING (report) JOIN report ON report.id = told.report
            WHERE report.visibility = 'public') AS told
            """
        return DeliveryRows.updates(
            rows, to: peering.audience(of: nil, visibility: .public), created: now)
    }
}
