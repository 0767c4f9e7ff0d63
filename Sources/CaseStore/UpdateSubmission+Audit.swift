import FoundationEssentials
import Postgres
import Reports

/// What the audit log is told of an update or a note (A11).
extension UpdateSubmission {
    /// Writes down who writes a note, if that is audited.
    func auditNote(
        at report: Report.ID, in transaction: Transaction
    ) async throws(PostgresError) {
        try await audit(.noted, of: report, [:], in: transaction)
    }

    /// Writes down who publishes, if that is audited, and what the report becomes by it.
    ///
    /// The log is a chain, and who adds to it keeps others from it until he commits. So this comes
    /// before the publication clock: while an auditor is slow, only what is audited waits.
    func auditUpdate(
        of report: Report, at target: Target, in transaction: Transaction
    ) async throws(PostgresError) {
        // When it is published changes nothing of what the log is told.
        let revision = report.revised(
            by: draft, telling, standing: target.standing(of: report), published: now)
        try await audit(
            .updated, of: target.id, AuditEntry.changes(from: report, to: revision.report),
            in: transaction)
    }

    private func audit(
        _ action: AuditEntry.Action, of report: Report.ID, _ changes: [String: AuditEntry.Change],
        in transaction: Transaction
    ) async throws(PostgresError) {
        guard let party else { return }
        var changes = changes
        if let text = original ?? draft.description {
            // Keyed, as short texts are soon guessed.
            let mark = try sealingKeys().current.auditMark(text, of: .text)
            changes["text_hmac"] = AuditEntry.Change(nil, mark)
        }
        let entry = AuditEntry(
            action, by: party, in: draft.jurisdiction, reports: [report], subject: id.rawValue,
            changes: changes)
        _ = try await transaction.query(AuditRow.adding([entry], now: now))
    }
}

extension AuditEntry {
    /// What an update made of a report, as far as it is nobody's words about a person.
    fileprivate static func changes(from old: Report, to new: Report) -> [String: Change] {
        let fields: [(String, String?, String?)] = [
            ("status", old.status.rawValue, new.status.rawValue),
            ("detail", old.detail?.rawValue, new.detail?.rawValue),
            ("service_code", old.service.rawValue, new.service.rawValue),
            ("agency_responsible", old.agency, new.agency),
            (
                "expected_datetime", old.expected?.formatted(.iso8601),
                new.expected?.formatted(.iso8601)
            ),
            ("parent_service_request_id", old.parent?.rawValue, new.parent?.rawValue),
        ]
        var changes: [String: Change] = [:]
        for (name, old, new) in fields where old != new { changes[name] = Change(old, new) }
        return changes
    }
}
