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
    /// Makes the parts of the audit log that are missing of this month and the next three, moves into
    /// theirs what fitted into none, and answers how many were made (B10).
    ///
    /// Any number of nodes may do it at once. Throws `timeout` where others are reading so long that
    /// writers would have to wait: try again later.
    @discardableResult
    package func makeAuditMonths() async throws(CaseStoreError) -> Int {
        var total = 0
        while !Task.isCancelled, let made = try await answer("SELECT audit_make_months(3)"),
            made > 0
        {
            total += made
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

    /// Takes away the months that end before this one began, up to the first entry that is younger, and
    /// answers how many entries they had; what is younger than 90 days stays in any case. The rest is a
    /// whole chain, which begins where it was cut.
    ///
    /// Months go as a whole, each within milliseconds; only where younger entries are among them they
    /// go entry by entry. Throws `timeout` where somebody reads the log for long: what is left goes
    /// with the next call.
    package func cutAudit(before early: Date) async throws(CaseStoreError) -> Int {
        _ = try await query("SELECT audit_cut_off(\(early))")
        var total = 0
        while !Task.isCancelled, let gone = try await dropAuditMonth() { total += gone }
        while !Task.isCancelled, let bite = try await answer("SELECT audit_remove(5000)"), bite > 0
        {
            total += bite
        }
        return total
    }

    /// Takes away the oldest month that was cut off as a whole, and answers how many entries it had;
    /// `nil` if there is none.
    ///
    /// Others may read it just then. Who writes waits while we wait for those who read, for 50 ms at
    /// most and not more often than each second.
    func dropAuditMonth() async throws(CaseStoreError) -> Int? {
        for _ in 1..<10 {
            do {
                return try await answer("SELECT audit_drop_month()")
            } catch .timeout {
                try? await Task.sleep(for: .seconds(1))
            }
        }
        return try await answer("SELECT audit_drop_month()")
    }

    /// The only cell of a statement's only row.
    private func answer(_ statement: SQL) async throws(CaseStoreError) -> Int? {
        let rows = try await query(statement)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return try cells.next(Int?.self)
        }
    }
}
