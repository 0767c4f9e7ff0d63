import FoundationEssentials
import Postgres

/// A place in the chain of the audit log: an entry's number and hash. Whoever noted it elsewhere can
/// tell later whether the log up to there is still the same.
package struct AuditMark: Sendable, Equatable, CustomStringConvertible {
    package let number: Int
    package let hash: [UInt8]

    /// Before the first entry.
    static let origin = AuditMark(number: 0, hash: [UInt8](repeating: 0, count: 32))

    init(number: Int, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Reads what `description` wrote; `nil` if it is nothing of ours.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), number > 0,
            let hash = [UInt8](hexadecimal: parts[1]), hash.count == 32
        else { return nil }
        self.init(number: number, hash: hash)
    }

    /// `1234:` and the hash in hexadecimal digits.
    package var description: String { "\(number):\(hash.hexadecimal)" }
}

/// What was found of the audit log's chain.
package struct AuditVerdict: Sendable, Equatable {
    /// Entries that were looked at.
    package var checked = 0
    /// How far the chain is whole.
    package var end: AuditMark
    /// `nil`: all of it is whole.
    package var flaw: Flaw?

    /// What is wrong, at the first place where something is.
    package enum Flaw: Sendable, Equatable {
        /// The entry is not the one that was written.
        case altered(number: Int)
        /// The entry is not there, and later ones are.
        case missing(number: Int)
        /// The last entries, from this one on, are not there.
        case cutShort(from: Int)
        /// Another hash was noted for this entry: all from somewhere before was written anew.
        case rewritten(number: Int)
    }
}

extension CaseStore {
    /// How much of the audit log is looked at.
    package enum AuditReach: Sendable {
        /// All entries that are kept.
        case whole
        /// What came after the last checkpoint.
        case recent
    }

    /// Looks whether the chain of the audit log is whole: no entry was changed, none is missing in
    /// between or at the end, and the checkpoints, and the marks that were noted elsewhere, are in it.
    ///
    /// In bites that no statement's time limit ends. Entries may be added meanwhile.
    package func verifyAudit(
        _ reach: AuditReach, marks: [AuditMark] = []
    ) async throws(CaseStoreError) -> AuditVerdict {
        while true {
            let ends = try await auditEnds(reach)
            let verdict = try await verify(ends, marks)
            // What was cut off meanwhile is missing for a good reason.
            guard verdict.flaw != nil, try await auditEnds(reach).base != ends.base else {
                return verdict
            }
        }
    }

    /// Looks at what came since the last checkpoint, and makes one where it is whole.
    package func checkpointAudit(now: Date) async throws(CaseStoreError) -> AuditVerdict {
        let verdict = try await verifyAudit(.recent)
        guard verdict.flaw == nil, verdict.end.number > 0 else { return verdict }
        _ = try await query(
            """
            INSERT INTO audit_checkpoint (number, hash, recorded)
            VALUES (\(verdict.end.number), \(verdict.end.hash), \(now))
            ON CONFLICT DO NOTHING
            """)
        return verdict
    }

    /// Where looking begins, where the chain ends, and the greatest number that was noted.
    private struct Ends: Equatable {
        let base: AuditMark
        let head: AuditMark
        let noted: Int
    }

    private func auditEnds(_ reach: AuditReach) async throws(CaseStoreError) -> Ends {
        let known: SQL =
            switch reach {
            case .whole: "SELECT number, hash FROM audit_cut"
            case .recent:
                """
                SELECT number, hash FROM audit_cut
                UNION ALL SELECT number, hash FROM audit_checkpoint
                """
            }
        let rows = try await query(
            """
            SELECT base.number, base.hash, head.number, head.hash,
                coalesce((SELECT max(number) FROM audit_checkpoint), 0)
            FROM audit_head AS head LEFT JOIN (
                SELECT number, hash FROM (\(known)) AS known ORDER BY number DESC LIMIT 1
            ) AS base ON true
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { throw .undecodable(column: 0) }
            let (number, hash) = try (cells.next(Int?.self), cells.next([UInt8]?.self))
            var base = AuditMark.origin
            if let number, let hash { base = AuditMark(number: number, hash: hash) }
            let head = try AuditMark(number: cells.next(), hash: cells.next())
            return Ends(base: base, head: head, noted: try cells.next())
        }
    }

    /// How many entries one statement looks at.
    private static let auditBite = 20_000

    private func verify(
        _ ends: Ends, _ marks: [AuditMark]
    ) async throws(CaseStoreError) -> AuditVerdict {
        var verdict = AuditVerdict(end: ends.base)
        let head = ends.head
        while verdict.end.number < head.number {
            let last = min(verdict.end.number + Self.auditBite, head.number)
            let bite = try await bite(after: verdict.end, to: last, marks)
            verdict.checked += bite.count
            verdict.flaw = bite.flaw
            if verdict.flaw == nil, bite.end?.number != last {
                verdict.flaw = try await gap(after: (bite.end ?? verdict.end).number)
            }
            guard verdict.flaw == nil, let end = bite.end else { return verdict }
            verdict.end = end
        }
        let noted = max(ends.base.number, ends.noted, marks.map(\.number).max() ?? 0)
        if noted > head.number {
            verdict.flaw = .cutShort(from: head.number + 1)
        } else if verdict.end != head {
            verdict.flaw = .rewritten(number: head.number)
        }
        return verdict
    }

    /// What is missing behind an entry: it alone, or all that came.
    private func gap(after number: Int) async throws(CaseStoreError) -> AuditVerdict.Flaw {
        let rows = try await query("SELECT FROM audit_entry WHERE number > \(number) LIMIT 1")
        return rows.isEmpty ? .cutShort(from: number + 1) : .missing(number: number + 1)
    }

    private struct Bite {
        let count: Int
        let end: AuditMark?
        let flaw: AuditVerdict.Flaw?
    }

    /// Looks at the entries up to this number, in one statement of which one row comes back.
    private func bite(
        after base: AuditMark, to last: Int, _ marks: [AuditMark]
    ) async throws(CaseStoreError) -> Bite {
        let rows = try await query(Self.biting(after: base, to: last, marks))
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { throw .undecodable(column: 0) }
            let count = try cells.next(Int.self)
            let (number, hash) = try (cells.next(Int?.self), cells.next([UInt8]?.self))
            var end: AuditMark?
            if let number, let hash { end = AuditMark(number: number, hash: hash) }
            let (wrong, cause) = try (cells.next(Int?.self), cells.next(String?.self))
            let flaw: AuditVerdict.Flaw? = wrong.map { wrong in
                switch cause {
                case "missing": .missing(number: wrong)
                case "rewritten": .rewritten(number: wrong)
                default: .altered(number: wrong)
                }
            }
            return Bite(count: count, end: end, flaw: flaw)
        }
    }

    /// Each entry beside the one before it, and what was noted of it; then the first that is wrong.
    private static func biting(after base: AuditMark, to last: Int, _ marks: [AuditMark]) -> SQL {
        """
        WITH linked AS (
            SELECT *, lag(number, 1, \(base.number)) OVER chain AS former,
                lag(hash, 1, \(base.hash)) OVER chain AS former_hash
            FROM audit_entry WHERE number > \(base.number) AND number <= \(last)
            WINDOW chain AS (ORDER BY number)
        ), noted AS (
            SELECT number, hash FROM audit_checkpoint
            WHERE number > \(base.number) AND number <= \(last)
            UNION ALL
            SELECT number, decode(text, 'hex')
            FROM unnest(\(marks.map(\.number)), \(marks.map(\.hash.hexadecimal)))
                AS given (number, text)
        ), judged AS (
            SELECT linked.number, linked.hash, linked.former, CASE
                WHEN linked.number <> former + 1 THEN 'missing'
                WHEN linked.hash <> audit_hash(
                    former_hash, linked.number, recorded, actor, name, source, action, jurisdiction,
                    reports, subject, changes) THEN 'altered'
                WHEN linked.number IN (SELECT noted.number FROM noted) AND EXISTS (
                    SELECT FROM noted
                    WHERE noted.number = linked.number AND noted.hash <> linked.hash)
                    THEN 'rewritten'
                END AS cause
            FROM linked
        ), last AS (
            SELECT number, hash FROM judged ORDER BY number DESC LIMIT 1
        ), wrong AS (
            SELECT CASE cause WHEN 'missing' THEN former + 1 ELSE number END AS number, cause
            FROM judged WHERE cause IS NOT NULL ORDER BY judged.number LIMIT 1
        )
        SELECT (SELECT count(*) FROM judged), last.number, last.hash, wrong.number, wrong.cause
        FROM (SELECT) AS one LEFT JOIN last ON true LEFT JOIN wrong ON true
        """
    }
}

extension [UInt8] {
    /// The bytes of two hexadecimal digits each; `nil` if the text has others.
    fileprivate init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.map(Self.nibble)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for (high, low) in zip(digits.indices, digits.indices.dropFirst())
        where high.isMultiple(of: 2) {
            guard let high = digits[high], let low = digits[low] else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
