import FoundationEssentials
import Postgres
import Reports

/// The statements that read the order of all changes, and what their rows say.
///
/// Whether a change is told depends on the report as it is now, and every way by which a report
/// comes to be seen writes an event, which stands behind whatever a reader has passed over.
struct ChangeSearch {
    let filter: ChangeFilter

    /// One look at the order: rows of changes that may be told, and of those that may not.
    struct Found {
        let cursor: ChangeCursor
        /// `nil`: not for this caller.
        let change: Change?
    }

    /// Below this place nothing can appear any more: all transactions before it are over (D13).
    ///
    /// Shift and snapshot are of one moment: whoever moves the shift waits for all writers.
    static let settled: SQL = """
        (SELECT shift FROM change_shift) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        """

    /// The place of the last change that is settled; no row if there is none.
    static let newest: SQL = """
        SELECT transaction, sequence FROM event WHERE transaction < \(settled)
        ORDER BY transaction DESC, sequence DESC LIMIT 1
        """

    /// How many places one statement looks at: few numbers, that the planner can read (see `Search`).
    enum Stride: Int {
        case short = 100
        case long = 1000
        case seeking = 4000

        /// Enough for so many changes if all of them are told.
        init(for changes: Int) {
            self = changes <= Stride.short.rawValue ? .short : .long
        }

        fileprivate var limit: SQL { SQL(verbatim: "LIMIT \(rawValue)") }
    }

    /// The next places behind the cursor, and what may be told of each.
    func places(after cursor: ChangeCursor, _ stride: Stride) -> SQL {
        """
        SELECT event.transaction, event.sequence, \(isTold), event.id, event.kind, event.recorded,
            report.jurisdiction, event.report, told.id, told.detail,
            told.notify
        FROM (
            SELECT id, report, "update", kind, recorded, transaction, sequence FROM event
            WHERE (transaction, sequence) > (\(cursor.transaction), \(cursor.sequence))
                AND transaction < \(Self.settled)
            ORDER BY transaction, sequence \(stride.limit)
        ) AS event
            JOIN report ON report.id = event.report
            LEFT JOIN "update" AS told ON told.id = event."update" AND event.kind <> 'removed'
        ORDER BY event.transaction, event.sequence
        """
    }

    /// A row of `places`.
    static func found(in row: Row) throws(PostgresError) -> Found {
        var cells = row.cells
        let cursor = ChangeCursor(transaction: try cells.next(), sequence: try cells.next())
        guard try cells.next(Bool.self) else { return Found(cursor: cursor, change: nil) }
        let (event, kind) = try (cells.next(UUID.self), cells.next(String.self))
        guard let kind = Event.Kind(rawValue: kind) else { throw .undecodable(column: 4) }
        let recorded = try cells.next(Date.self)
        let (jurisdiction, report) = try (
            ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 6),
            ReportRow.named(Report.ID.self, try cells.next(), column: 7)
        )
        let update = try cells.next(String?.self).flatMap(Update.ID.init(rawValue:))
        let detail = try cells.next(String?.self).flatMap(Detail.init(rawValue:))
        let isQuiet = try cells.next(Bool?.self) == false
        return Found(
            cursor: cursor,
            change: Change(
                cursor: cursor, event: Event.ID(uuid: event), kind: kind, recorded: recorded,
                jurisdiction: jurisdiction, report: report, update: update,
                status: detail?.status ?? (kind == .created ? .open : nil), detail: detail,
                tells: isQuiet ? .nobody : .everybody))
    }
}

extension ChangeSearch {
    private var isTold: SQL {
        var parts: [SQL] = ["report.stage = \(filter.stage.rawValue)"]
        if let jurisdictions = filter.jurisdictions {
            parts.append("report.jurisdiction = ANY (\(jurisdictions.map(\.rawValue).sorted()))")
        }
        parts += [Self.isAnnounced, maySee]
        let asked = asked
        if !asked.isEmpty {
            parts.append("(event.kind = 'removed' OR \(asked.joined(separator: " AND ")))")
        }
        return parts.joined(separator: " AND ")
    }

    /// Nothing is told of a report whose time has not come, whatever clock is asked.
    private static let isAnnounced: SQL = """
        NOT EXISTS (SELECT FROM publication_due WHERE publication_due.report = event.report)
        """

    /// Of what is private or hidden only the end is told. Of a report that was listed later than it
    /// was taken the listing is told, not the taking: both times are of one clock.
    private var maySee: SQL {
        let notes: SQL =
            switch filter.audience {
            case .public: "event.kind NOT IN ('noted', 'handed') AND \(Self.isSeen) AND "
            case .staff: ""
            }
        return """
            (event.kind = 'removed' OR \(notes)report.visibility = 'public'
                AND report.published IS NOT NULL
                AND (event.kind <> 'created' OR report.published <= event.recorded))
            """
    }

    /// That contact data was erased is nobody's business: it was never shown.
    private static let isSeen: SQL = """
        (event.kind <> 'erased' OR EXISTS (
            SELECT FROM tombstone WHERE tombstone.event = event.id AND part <> 'contact'))
        """

    /// What the caller wants to know, but for what everyone must be told.
    private var asked: [SQL] {
        var parts: [SQL] = []
        if !filter.services.isEmpty {
            let services = filter.services.map(\.rawValue).sorted()
            parts.append("(report.service = ANY (\(services)) OR told.service IS NOT NULL)")
        }
        if !filter.kinds.isEmpty {
            parts.append("event.kind = ANY (\(filter.kinds.map(\.rawValue).sorted()))")
        }
        return parts
    }
}
