import FoundationEssentials
import Postgres
import Reports

/// A row of `webhook` as a `Webhook`: the columns, and beside them the code that reads them in order.
enum WebhookRow {
    static let columns: SQL = """
        webhook.id, webhook.client, webhook.url, webhook.stage, webhook.jurisdictions,
        webhook.services, webhook.kinds, webhook.created, webhook.paused, webhook.disabled,
        webhook.reason, webhook.transaction, webhook.sequence, webhook.attempts::bigint,
        webhook.failing_since
        """

    static func webhook(in row: Row) throws(PostgresError) -> Webhook {
        var cells = row.cells
        return try webhook(from: &cells)
    }

    /// Reads the columns, and leaves the reader behind them.
    static func webhook(from cells: inout Cells) throws(PostgresError) -> Webhook {
        let id = try ReportRow.named(Webhook.ID.self, try cells.next(), column: 0)
        let client = try ReportRow.named(Client.ID.self, try cells.next(), column: 1)
        let url = try cells.next(String.self)
        let filter = try filter(from: &cells)
        return try Webhook(
            id: id, client: client, url: url, filter: filter, created: cells.next(),
            state: state(from: &cells),
            cursor: ChangeCursor(transaction: cells.next(), sequence: cells.next()),
            attempts: cells.next(), failingSince: cells.next())
    }

    static func attempt(in row: Row) throws(PostgresError) -> Webhook.Attempt {
        var cells = row.cells
        let (event, started) = try (cells.next(UUID.self), cells.next(Date.self))
        guard let outcome = Webhook.Attempt.Outcome(rawValue: try cells.next()) else {
            throw .undecodable(column: 2)
        }
        return Webhook.Attempt(
            event: Event.ID(uuid: event), started: started, outcome: outcome,
            status: try cells.next(Int?.self))
    }

    private static func filter(from cells: inout Cells) throws(PostgresError) -> ChangeFilter {
        guard let stage = Stage(rawValue: try cells.next()) else { throw .undecodable(column: 3) }
        let jurisdictions = try cells.next([String]?.self)
        let services = try cells.next([String].self)
        let kinds = try cells.next([String].self)
        return ChangeFilter(
            jurisdictions: jurisdictions.map {
                Set($0.compactMap(Jurisdiction.ID.init(rawValue:)))
            },
            stage: stage, services: Set(services.compactMap(Service.Code.init(rawValue:))),
            kinds: Set(kinds.compactMap(Event.Kind.init(rawValue:))))
    }

    private static func state(from cells: inout Cells) throws(PostgresError) -> Webhook.State {
        let (paused, disabled) = try (cells.next(Date?.self), cells.next(Date?.self))
        let reason = try cells.next(String?.self).flatMap(Webhook.GivenUp.init(rawValue:))
        if let disabled { return .disabled(since: disabled, reason ?? .failing) }
        return paused.map { .paused(since: $0) } ?? .active
    }
}
