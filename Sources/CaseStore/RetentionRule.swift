import FoundationEssentials
import Postgres
import Reports

/// The statements that find and take away what of one jurisdiction was kept long enough (P4).
struct RetentionRule: Sendable {
    let jurisdiction: Jurisdiction.ID
    let retention: Privacy.Retention
    /// The services that ask private questions, and these.
    let privateServices: [Service.Code]
    let privateQuestions: [Attribute.Code]
    let now: Date

    init(_ jurisdiction: Jurisdiction, now: Date) {
        self.jurisdiction = jurisdiction.id
        self.now = now
        retention = jurisdiction.privacy.retention
        let asking = jurisdiction.services.filter { service in
            service.attributes.contains { $0.visibility == .private }
        }
        privateServices = asking.map(\.code)
        privateQuestions = asking.flatMap(\.attributes).filter { $0.visibility == .private }
            .map(\.code)
    }

    /// Of a jurisdiction that the settings do not know any more: its people are protected all the
    /// same.
    init(unknown jurisdiction: Jurisdiction.ID, now: Date) {
        self.jurisdiction = jurisdiction
        self.now = now
        retention = Privacy.Retention()
        privateServices = []
        privateQuestions = []
    }

    /// Closed reports whose contact data has been kept long enough; `nil` if it is kept for ever.
    ///
    /// A closed report keeps the time of its closing. Read from the tables of persons, which hold no
    /// more than is kept, and not from that of reports, which holds all there ever were.
    var contacts: SQL? {
        guard let since = since(retention.contact) else { return nil }
        var holding: [SQL] = [
            "SELECT report FROM contact.contact",
            "SELECT report FROM contact.supporter",
            "SELECT report FROM contact.original WHERE report IS NOT NULL",
            """
            SELECT told.report FROM contact.original
                JOIN "update" AS told ON told.id = original."update"
            """,
            """
            SELECT told.report FROM contact.author
                JOIN "update" AS told ON told.id = author."update"
            """,
            """
            SELECT told.report FROM contact.author
                JOIN internal_note AS told ON told.id = author.internal_note
            """,
        ]
        if !privateQuestions.isEmpty {
            holding.append(
                """
                SELECT id FROM report
                WHERE jurisdiction = \(jurisdiction.rawValue)
                    AND service = ANY (\(privateServices.map(\.rawValue))) AND EXISTS (
                        SELECT FROM jsonb_array_elements(answers) AS list (item)
                        WHERE item ->> 'code' = ANY (\(privateQuestions.map(\.rawValue))))
                """)
        }
        return """
            SELECT report.id FROM (\(holding.joined(separator: " UNION "))) AS holding (report)
                JOIN report ON report.id = holding.report
            WHERE report.jurisdiction = \(jurisdiction.rawValue) AND report.status = 'closed'
                AND report.updated <= \(since)
            """
    }

    /// What names devices and has been kept long enough: rows of contacts, and of authors.
    var devices: (contacts: SQL, authors: SQL)? {
        guard let since = since(retention.device) else { return nil }
        return (
            """
            SELECT contact.report FROM contact.contact
                JOIN report ON report.id = contact.report
            WHERE contact.device_id IS NOT NULL AND report.requested <= \(since)
                AND report.jurisdiction = \(jurisdiction.rawValue)
            """,
            """
            SELECT coalesce(author."update", author.internal_note) FROM contact.author
                LEFT JOIN "update" AS told ON told.id = author."update"
                LEFT JOIN internal_note AS note ON note.id = author.internal_note
                JOIN report ON report.id = coalesce(told.report, note.report)
            WHERE author.device_id IS NOT NULL AND coalesce(told.told, note.told) <= \(since)
                AND report.jurisdiction = \(jurisdiction.rawValue)
            """
        )
    }

    /// What peers said of its reports and has been kept long enough: what nobody has judged, and
    /// answers to deliveries.
    var payloads: (inbox: SQL, attempts: SQL)? {
        guard let since = since(retention.peerPayloads) else { return nil }
        return (
            """
            SELECT inbox.peer, inbox.kind, inbox.remote_id FROM inbox
                LEFT JOIN report ON report.id = inbox.report
            WHERE inbox.state = 'quarantined' AND inbox.received <= \(since)
                AND (report.jurisdiction = \(jurisdiction.rawValue) OR inbox.report IS NULL)
            """,
            """
            SELECT attempt.delivery, attempt.number FROM attempt
                JOIN delivery ON delivery.id = attempt.delivery
                JOIN report ON report.id = delivery.report
            WHERE attempt.reason IS NOT NULL AND attempt.ended <= \(since)
                AND report.jurisdiction = \(jurisdiction.rawValue)
            """
        )
    }

    private func since(_ kept: Duration?) -> Date? {
        kept.map { now.advanced(by: .zero - $0) }
    }
}
