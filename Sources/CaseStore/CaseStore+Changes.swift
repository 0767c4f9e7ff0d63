import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// The changes behind the cursor, at most so many (1 to 1000), in the order of all changes; from
    /// the first one without a cursor.
    ///
    /// Whoever goes on from `next` misses nothing and sees nothing twice, in whatever order
    /// transactions commit (D13), and however long ago the cursor was given. Private reports are
    /// never among them, nor are those whose time has not come; of one that was made private or
    /// hidden only `removed` is told. The search for changes that the caller may see is bounded, so a
    /// page may be empty and not the last one.
    package func changes(
        _ filter: ChangeFilter, after cursor: ChangeCursor?, limit: Int
    ) async throws(CaseStoreError) -> ChangePage {
        let search = ChangeSearch(filter: filter)
        let wanted = min(max(limit, 1), 1000)
        var next = cursor ?? .beginning
        var changes: [Change] = []
        var stride = ChangeSearch.Stride(for: wanted)
        for _ in 0..<8 {
            let places = try await places(search, after: next, stride)
            for place in places {
                next = place.cursor
                if let change = place.change { changes.append(change) }
                if changes.count == wanted {
                    return ChangePage(changes: changes, next: next, isLast: false)
                }
            }
            if places.count < stride.rawValue {
                return ChangePage(changes: changes, next: next, isLast: true)
            }
            stride = .seeking
        }
        return ChangePage(changes: changes, next: next, isLast: false)
    }

    /// The place behind all changes of now: where somebody begins who wants only later ones.
    package func newestChange() async throws(CaseStoreError) -> ChangeCursor {
        let rows = try await query(ChangeSearch.newest)
        return try await CaseStoreError.told { () throws(PostgresError) in
            try Self.cursor(in: rows.first) ?? .beginning
        }
    }

    /// A place before all changes that were recorded since then, and not long before.
    ///
    /// Clocks of several nodes differ, and commits are not in the order of times: it lies a minute
    /// early, so that some older changes are told again.
    package func cursor(since time: Date) async throws(CaseStoreError) -> ChangeCursor {
        var zeros = Zeros()
        let early = Event.ID(at: time.addingTimeInterval(-60), using: &zeros)
        let rows = try await query(
            """
            SELECT transaction, sequence - 1 FROM (
                SELECT transaction, sequence FROM event WHERE id >= \(early.uuid)
                ORDER BY id LIMIT 1000
            ) AS early ORDER BY transaction, sequence LIMIT 1
            """)
        let first = try await CaseStoreError.told { () throws(PostgresError) in
            try Self.cursor(in: rows.first)
        }
        if let first { return first }
        return try await newestChange()
    }

    private func places(
        _ search: ChangeSearch, after cursor: ChangeCursor, _ stride: ChangeSearch.Stride
    ) async throws(CaseStoreError) -> [ChangeSearch.Found] {
        let rows = try await query(search.places(after: cursor, stride))
        return try await CaseStoreError.told { () throws(PostgresError) in
            var places: [ChangeSearch.Found] = []
            places.reserveCapacity(rows.count)
            for row in rows { places.append(try ChangeSearch.found(in: row)) }
            return places
        }
    }

    private static func cursor(in row: Row?) throws(PostgresError) -> ChangeCursor? {
        guard var cells = row?.cells else { return nil }
        return ChangeCursor(transaction: try cells.next(), sequence: try cells.next())
    }
}

/// Makes an event's id the first one of its millisecond.
private struct Zeros: RandomNumberGenerator {
    mutating func next() -> UInt64 { 0 }
}
