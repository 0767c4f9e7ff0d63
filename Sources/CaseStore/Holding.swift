import Federation
import FoundationEssentials
import Postgres
import Reports

/// A report among the peers: who has it, who handles it, and whence it came.
struct Holding {
    let report: Report
    let handler: Peer.Name?
    /// Whom it has passed, ourselves the last.
    let path: [Authority]
    /// `nil` if it began here.
    let provenance: Provenance?
    /// Who has it, or will have it once what waits is done.
    private(set) var knowing: Set<Peer.Name> = []
    /// Who was offered it last and said no.
    private(set) var refused: Set<Peer.Name> = []
    /// To whom it waits to be sent for the first time.
    private(set) var untried: Set<Peer.Name> = []
    /// Who gave it to us.
    private(set) var givers: Set<Peer.Name> = []
    /// Answers that are kept apart from the report, where a rule may ask for them.
    private var hidden: [Answer] = []

    /// Takes hold of the report, and reads what is known; `nil` if there is none. Throws
    /// `unavailable` where a rule asks for answers that are sealed, and their key is not here.
    init?(
        of id: Report.ID, _ settings: CaseStore.Settings, in transaction: Transaction
    ) async throws(PostgresError) {
        let rows = try await transaction.query(
            """
            SELECT \(ReportRow.columns), report.jurisdiction, report.stage, report.handler,
                way.path, origin.authority, origin.origin_id
            FROM report
                LEFT JOIN LATERAL (
                    SELECT path FROM event WHERE event.report = report.id
                        AND event.kind IN ('created', 'imported') ORDER BY event.id LIMIT 1
                ) AS way ON true
                LEFT JOIN LATERAL (
                    SELECT authority, origin_id FROM origin
                    WHERE origin.report = report.id AND origin.kind = 'report' LIMIT 1
                ) AS origin ON true
            WHERE report.id = \(id.rawValue) FOR NO KEY UPDATE OF report
            """)
        guard var cells = rows.first?.cells else { return nil }
        for _ in 0..<ReportRow.count { cells.nextBytes { _ in } }
        let place = try ReportRow.named(
            Jurisdiction.ID.self, try cells.next(), column: ReportRow.count)
        let stage = Stage(rawValue: try cells.next()) ?? .production
        guard let report = try ReportRow.reports(in: rows, of: place, stage: stage).first else {
            return nil
        }
        self.report = report
        handler = try cells.next(String?.self).flatMap(Peer.Name.init(rawValue:))
        let way = try Way(
            path: cells.next([String]?.self) ?? [], origin: cells.next(), id: cells.next())
        let provenance = way.provenance(of: id.rawValue, at: settings.peering.node)
        path = provenance.path
        self.provenance = provenance.path.count > 1 ? provenance : nil
        try await read(in: transaction)
        if settings.peering.peers.contains(where: { $0.rules.contains { !$0.answers.isEmpty } }) {
            hidden = try await hiddenAnswers(settings.sealer, in: transaction)
        }
    }

    /// The report, or what has become of it, as rules judge it.
    func subject(_ report: Report? = nil) -> Rule.Subject {
        var whole = report ?? self.report
        whole.answers += hidden
        return Rule.Subject(whole)
    }

    /// What was changed or lost its key for good must not stop the report for ever: it is judged
    /// without it, and noted.
    private func hiddenAnswers(
        _ sealer: Sealer, in transaction: Transaction
    ) async throws(PostgresError) -> [Answer] {
        let rows = try await transaction.query(
            """
            SELECT \(OriginalRow.columns(sealedIn: "original")) FROM contact.original
            WHERE original.report = \(report.id.rawValue)
            """)
        guard var cells = rows.first?.cells else { return [] }
        let held = try OriginalRow.Held(from: &cells)
        guard held.sealed == nil || sealer.lock == nil else { throw .unavailable }
        return held.open(of: report.id.rawValue, by: sealer)?.hidden ?? []
    }

    private mutating func read(in transaction: Transaction) async throws(PostgresError) {
        let id = report.id.rawValue
        let rows = try await transaction.query(
            """
            SELECT peer.name, \(DeliveryRows.knows(report: "\(id)", peer: "peer.name")),
                coalesce(last.state = 'refused', false),
                coalesce(last.state = 'waiting' AND last.first_tried IS NULL, false),
                EXISTS (
                    SELECT FROM ticket WHERE ticket.peer = peer.name AND ticket.report = \(id)
                        AND ticket.direction = 'in')
            FROM peer LEFT JOIN LATERAL (
                SELECT state, first_tried FROM delivery
                WHERE delivery.report = \(id) AND delivery.peer = peer.name
                    AND delivery.kind = 'report'
                ORDER BY delivery.id DESC LIMIT 1
            ) AS last ON true
            """)
        for row in rows {
            var cells = row.cells
            let name = try ReportRow.named(Peer.Name.self, try cells.next(), column: 0)
            if try cells.next(Bool.self) { knowing.insert(name) }
            if try cells.next(Bool.self) { refused.insert(name) }
            if try cells.next(Bool.self) { untried.insert(name) }
            if try cells.next(Bool.self) { givers.insert(name) }
        }
    }
}
