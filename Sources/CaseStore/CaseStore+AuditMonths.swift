import FoundationEssentials
import Postgres

/// How it stands with the months that the audit log is kept by.
package struct AuditMonths: Sendable, Equatable {
    /// This month and the next, if no part is there for it, such as `2026-12`.
    package let missing: [String]
    /// Entries that fitted into no month, up to a thousand.
    package let strays: Int
}

extension CaseStore {
    /// Makes the parts of the audit log that are missing of this month and the next three, and answers
    /// how many were made (B10); each by itself, so that none is undone by another.
    ///
    /// Where entries lie already in the place of one it is made by `moveAuditStrays`. Any number of
    /// nodes may do it at once. Throws `timeout` where others are reading so long that writers would
    /// have to wait: try again later.
    @discardableResult
    package func makeAuditMonths() async throws(CaseStoreError) -> Int {
        var total = 0
        while !Task.isCancelled, let made = try await told("SELECT audit_make_months(3)"), made > 0
        {
            total += made
        }
        return total
    }

    /// Moves into their months what entries fitted into none, and answers how many that were.
    ///
    /// In portions, each into a part that is made for it; who writes waits for one at most, and all
    /// that were moved stay so, whatever becomes of the next. Throws as `makeAuditMonths`.
    @discardableResult
    package func moveAuditStrays(portion: Int = 20_000) async throws(CaseStoreError) -> Int {
        var total = 0
        while !Task.isCancelled,
            let moved = try await unlocked(
                "SELECT audit_move_strays(\(portion)::integer)", tries: 30),
            moved > 0
        {
            total += moved
            // Those who waited go first.
            try? await Task.sleep(for: .milliseconds(100))
        }
        return total
    }

    /// What of the audit log's months deserves an operator's eye.
    package func auditMonths(now: Date) async throws(CaseStoreError) -> AuditMonths {
        let rows = try await query(
            """
            SELECT array(
                    SELECT to_char(month, 'YYYY-MM') FROM (
                        SELECT date_trunc('month', \(now)::timestamptz AT TIME ZONE 'UTC')
                            + make_interval(months => n) AS month
                        FROM generate_series(0, 1) AS n) AS wanted
                    WHERE NOT EXISTS (
                        SELECT FROM audit_months()
                        WHERE month AT TIME ZONE 'UTC' >= starts
                            AND month AT TIME ZONE 'UTC' < ends)
                    ORDER BY month),
                (SELECT count(*) FROM (SELECT FROM audit_entry_default LIMIT 1000) AS strays)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { throw .undecodable(column: 0) }
            return AuditMonths(missing: try cells.next(), strays: try cells.next())
        }
    }

    /// Cuts off the months that are older than this, up to the first entry that is younger, takes them
    /// away, and answers how many entries were cut off; what is younger than 90 days stays in any
    /// case. The rest is a whole chain, which begins where it was cut.
    ///
    /// By the server's clock; one that jumped ahead is not believed for 30 days. Months go as a
    /// whole, each within milliseconds; only where younger entries are among them, or somebody reads
    /// the log for long, they go entry by entry. Throws `timeout` where one could not go as a whole:
    /// its table goes with the next call. `tries`: how often one is tried, each second.
    package func cutAudit(
        keeping lifetime: Duration, tries: Int = 10
    ) async throws(CaseStoreError) -> Int {
        let count = try await told(
            """
            SELECT made.number - coalesce(
                (SELECT max(number) FROM audit_cut WHERE audit_cut.number < made.number), 0)
            FROM audit_cut_off(
                clock_timestamp() - make_interval(secs => \(Int(lifetime.components.seconds)))
            ) AS made (number)
            """)
        var hindrance: CaseStoreError?
        do {
            while !Task.isCancelled, try await dropAuditMonth(tries: tries) != nil {}
        } catch .timeout {
            hindrance = .timeout
        }
        while !Task.isCancelled, let bite = try await told("SELECT audit_remove(5000)"), bite > 0 {}
        if let hindrance { throw hindrance }
        return count ?? 0
    }

    /// Takes away the oldest month that was cut off as a whole, and answers how many numbers lie between
    /// its first entry and its last; `nil` if there is none.
    ///
    /// Others may read it just then. Who writes waits while we wait for those who read, for 50 ms at
    /// most and not more often than each second.
    func dropAuditMonth(tries: Int = 10) async throws(CaseStoreError) -> Int? {
        try await unlocked("SELECT audit_drop_month()", tries: tries)
    }

    /// What the statement answers; where somebody is in the way it is tried so often, each second.
    private func unlocked(_ statement: SQL, tries: Int = 10) async throws(CaseStoreError) -> Int? {
        for _ in 1..<max(tries, 1) {
            do throws(PostgresError) {
                return try await answer(statement)
            } catch .locked {
                try? await Task.sleep(for: .seconds(1))
            } catch {
                throw CaseStoreError(error)
            }
        }
        return try await told(statement)
    }

    private func told(_ statement: SQL) async throws(CaseStoreError) -> Int? {
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await answer(statement)
        }
    }

    /// The only cell of a statement's only row. It may take half a minute, as an hour later it would
    /// take no less.
    private func answer(_ statement: SQL) async throws(PostgresError) -> Int? {
        let rows = try await pool.query(statement, within: .seconds(30))
        guard var cells = rows.first?.cells else { return nil }
        return try cells.next(Int?.self)
    }
}
