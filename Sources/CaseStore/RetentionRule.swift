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

    /// Where closed reports are found whose contact data has been kept long enough; none if it is
    /// kept for ever.
    ///
    /// The tables of persons, which hold no more than is kept, and not that of reports, which holds
    /// all there ever were; but for private answers, which stand there. A closed report keeps the
    /// time of its closing.
    var contacts: [KeptRows] {
        guard let since = since(retention.contact) else { return [] }
        let isDue: SQL =
            """
            report.jurisdiction = \(jurisdiction.rawValue) AND report.status = 'closed'
                AND report.updated <= \(since)
            """
        let contacts: [KeptRows] = [
            .ofReport("contact.contact", isDue), .ofReport("contact.supporter", isDue),
            .ofReport("contact.original", isDue), .ofUpdate("contact.original", isDue),
            .ofUpdate("contact.author", isDue), .ofNote("contact.author", isDue),
        ]
        return contacts + [privateAnswers(isDue)].compactMap { $0 }
    }

    /// Reports in which answers to private questions stand: those that came before such answers were
    /// kept with the originals. `nil` if nothing private is asked.
    func privateAnswers(_ condition: SQL) -> KeptRows? {
        guard !privateQuestions.isEmpty else { return nil }
        return KeptRows(
            table: "report", key: "held.id", path: "JOIN report ON report.id = held.id",
            isDue: """
                \(condition) AND report.service = ANY (\(privateServices.map(\.rawValue)))
                AND EXISTS (
                    SELECT FROM jsonb_array_elements(report.answers) AS list (item)
                    WHERE item ->> 'code' = ANY (\(privateQuestions.map(\.rawValue))))
                """)
    }

    /// What names devices and has been kept long enough.
    var devices: [KeptRows] {
        guard let since = since(retention.device) else { return [] }
        func isDue(_ came: SQL) -> SQL {
            """
            num_nonnulls(held.device_id, held.sealed_device) > 0 AND \(came) <= \(since)
                AND report.jurisdiction = \(jurisdiction.rawValue)
            """
        }
        return [
            .ofReport("contact.contact", isDue("report.requested")),
            .ofUpdate("contact.author", isDue("told.told")),
            .ofNote("contact.author", isDue("told.told")),
        ]
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
            WHERE (attempt.reason IS NOT NULL OR attempt.sealed_reason IS NOT NULL)
                AND attempt.ended <= \(since)
                AND report.jurisdiction = \(jurisdiction.rawValue)
            """
        )
    }

    private func since(_ kept: Duration?) -> Date? {
        kept.map { now.advanced(by: .zero - $0) }
    }
}

/// A table of what is kept, which is read in the order of its keys, so that no statement reads more
/// than a few thousand rows however many there are.
struct KeptRows: Sendable {
    /// The rows between two keys: behind the first, up to the second.
    struct Window: Sendable {
        let low: String
        let high: String
    }

    /// Called `held` in `key`, `path` and `isDue`.
    let table: SQL
    let key: SQL
    /// The joins that lead to the row's report.
    let path: SQL
    /// What is true of rows that have been kept long enough.
    let isDue: SQL

    static func ofReport(_ table: SQL, _ isDue: SQL) -> KeptRows {
        KeptRows(
            table: table, key: "held.report", path: "JOIN report ON report.id = held.report",
            isDue: isDue)
    }

    static func ofUpdate(_ table: SQL, _ isDue: SQL) -> KeptRows {
        ofWord("\"update\"", table, isDue)
    }

    static func ofNote(_ table: SQL, _ isDue: SQL) -> KeptRows {
        ofWord("internal_note", table, isDue)
    }

    /// What belongs to an update or a note: a table and its column have one name.
    private static func ofWord(_ word: SQL, _ table: SQL, _ isDue: SQL) -> KeptRows {
        KeptRows(
            table: table, key: "held.\(word)",
            path: """
                JOIN \(word) AS told ON told.id = held.\(word)
                JOIN report ON report.id = told.report
                """,
            isDue: isDue)
    }

    /// The last key of the next rows; `NULL` if there are none.
    func end(after low: String) -> SQL {
        """
        SELECT max(key) FROM (
            SELECT \(key) AS key FROM \(table) AS held WHERE \(key) > \(low)
            ORDER BY \(key) LIMIT 5000) AS next
        """
    }

    /// The reports of the rows that are due.
    func reports(in window: Window) -> SQL {
        "SELECT DISTINCT report.id FROM \(due(in: window)) ORDER BY report.id"
    }

    /// The keys of the rows that are due.
    func keys(in window: Window) -> SQL {
        "SELECT \(key) FROM \(due(in: window))"
    }

    private func due(in window: Window) -> SQL {
        """
        \(table) AS held \(path)
        WHERE \(key) > \(window.low) AND \(key) <= \(window.high) AND \(isDue)
        """
    }
}
