import Federation
import FoundationEssentials
import Postgres
import Reports

/// A row of `delivery` as a `Delivery`: the columns, and beside them the code that reads them.
enum DeliveryRow {
    static let columns = columns(of: "delivery")
    /// The beginning of our own word about a ticket that is another report's; never sealed.
    static let taken = "the peer has given this ticket to "

    static func columns(of table: SQL) -> SQL {
        let names: [SQL] = [
            "id", "peer", "report", "event", "kind", "\"update\"", "state", "reason",
            "sealed_reason", "doubt", "attempts", "created", "due", "first_tried", "finished",
        ]
        return names.map { "\(table).\($0)" }.joined()
    }

    /// What a sealed reason is bound to: several deliveries of a report may be refused together.
    static func name(of report: Report.ID, at peer: Peer.Name) -> String { "\(peer)/\(report)" }

    /// Reads the columns, and leaves the reader behind them.
    static func delivery(
        from cells: inout Cells, _ keys: DataKeys?
    ) throws(PostgresError) -> Delivery {
        let id = Delivery.ID(number: try cells.next())
        let peer = try ReportRow.named(Peer.Name.self, try cells.next(), column: 1)
        let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 2)
        let event = Event.ID(uuid: try cells.next())
        let kind = try Delivery.Kind(rawValue: cells.next())
        let update = try cells.next(String?.self).flatMap(Update.ID.init(rawValue:))
        let state = try Delivery.State(rawValue: cells.next())
        var reason = try cells.next(String?.self)
        if let sealed = try cells.next([UInt8]?.self), reason == nil {
            reason = keys?.text(sealed, .delivery, Self.name(of: report, at: peer))
        }
        let doubt = try Delivery.Doubt(rawValue: cells.next())
        guard let kind, let state, let doubt else { throw .undecodable(column: 4) }
        return try Delivery(
            id: id, peer: peer, report: report, event: event, kind: kind, update: update,
            state: state, reason: reason, doubt: doubt, attempts: cells.next(),
            created: cells.next(), due: cells.next(), firstTried: cells.next(),
            finished: cells.next())
    }
}
