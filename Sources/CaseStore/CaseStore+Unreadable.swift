import FoundationEssentials
import Postgres

/// What is sealed and no key opens, because its key is lost or a bit of it was changed.
package struct Unreadable: Sendable, Equatable {
    package var count = 0
    /// Some of it, each by its column and row.
    package var examples: [String] = []

    package init() {}

    fileprivate mutating func add(_ cell: SealedCell) {
        count += 1
        if examples.count < 3 { examples.append(cell.description) }
    }
}

extension CaseStore {
    /// What was left out of answers here since this was asked last, because no key of ours opened it,
    /// each by its column and row: for the log.
    package func untoldUnreadable() -> [String] { settings.sealer.untold().map(\.description) }

    /// What was left out of answers here since we have these keys, but for what opens by now or is
    /// gone: each is opened again.
    package func metUnreadable() async throws(CaseStoreError) -> Unreadable {
        let met = settings.sealer.unreadable
        guard let keys = settings.sealer.held, !met.isEmpty else { return Unreadable() }
        var still: Set<SealedCell> = []
        for (column, cells) in Dictionary(grouping: met, by: \.column) {
            let rows = try await query(column.content(of: cells.map(\.row)))
            let closed = try await CaseStoreError.told { () throws(PostgresError) in
                try column.unreadable(in: rows, with: keys)
            }
            still.formUnion(closed)
        }
        settings.sealer.forget(met.subtracting(still))
        let sorted = still.sorted { $0.description < $1.description }
        return sorted.reduce(into: Unreadable()) { $0.add($1) }
    }

    /// What none of these keys opens, of all that is sealed: everything is read and opened, some
    /// seconds for a million reports.
    package func unreadable(with keys: DataKeys) async throws(CaseStoreError) -> Unreadable {
        var unreadable = Unreadable()
        for column in SealedCell.Column.allCases {
            do {
                try await pool.stream(column.content) { rows in
                    for cell in try column.unreadable(in: rows, with: keys) { unreadable.add(cell) }
                }
            } catch {
                throw (error as? PostgresError).map(CaseStoreError.init) ?? .unavailable
            }
        }
        return unreadable
    }
}

extension SealedCell.Column {
    /// Those of the cells that none of these keys opens.
    fileprivate func unreadable(
        in rows: Rows, with keys: DataKeys
    ) throws(PostgresError) -> [SealedCell] {
        var unreadable: [SealedCell] = []
        for row in rows {
            var cells = row.cells
            let (name, sealed) = try (cells.next(String.self), cells.next([UInt8].self))
            guard keys.open(sealed, self, name) == nil else { continue }
            unreadable.append(SealedCell(self, name))
        }
        return unreadable
    }

    /// The same as `content` of these rows only: at most a thousand, found by their indexes.
    fileprivate func content(of rows: [String]) -> SQL {
        switch self {
        case .author, .authorDevice:
            """
            \(content) AND ("update" = ANY (\(rows)) OR internal_note = ANY (\(rows)))
            """
        case .original: "\(content) AND (report = ANY (\(rows)) OR \"update\" = ANY (\(rows)))"
        default:
            "SELECT name, sealed FROM (\(content)) AS cell (name, sealed) WHERE name = ANY (\(rows))"
        }
    }

    /// The keys of the rows, as they were sealed with them, and what is sealed there.
    fileprivate var content: SQL {
        switch self {
        case .contact: "SELECT report, sealed FROM contact.contact WHERE sealed IS NOT NULL"
        case .contactDevice:
            """
            SELECT report, sealed_device FROM contact.contact WHERE sealed_device IS NOT NULL
            """
        case .author:
            """
            SELECT coalesce("update", internal_note), sealed FROM contact.author
            WHERE sealed IS NOT NULL
            """
        case .authorDevice:
            """
            SELECT coalesce("update", internal_note), sealed_device FROM contact.author
            WHERE sealed_device IS NOT NULL
            """
        case .original:
            """
            SELECT coalesce(report, "update"), sealed FROM contact.original
            WHERE sealed IS NOT NULL
            """
        case .supporter:
            """
            SELECT report || '/' || encode(person, 'hex'), sealed FROM contact.supporter
            WHERE sealed IS NOT NULL
            """
        case .inbox:
            """
            SELECT peer || '/' || kind || '/' || remote_id, sealed FROM inbox
            WHERE sealed IS NOT NULL
            """
        case .attempt:
            """
            SELECT delivery || '/'
                || ((extract(epoch FROM started) - 946684800) * 1000000)::bigint, sealed_reason
            FROM attempt WHERE sealed_reason IS NOT NULL
            """
        case .delivery:
            """
            SELECT peer || '/' || report, sealed_reason FROM delivery
            WHERE sealed_reason IS NOT NULL
            """
        }
    }
}
