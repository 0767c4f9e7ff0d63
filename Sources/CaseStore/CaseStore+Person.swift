import FoundationEssentials
import Postgres
import Reports

/// One thing that we hold of a person: what they reported, wrote or support.
package struct PersonalRecord: Sendable, Equatable {
    package let kind: Kind
    package let report: Report.ID
    /// Of an update or a note.
    package let update: Update.ID?
    package let jurisdiction: Jurisdiction.ID
    package let told: Date
    package let title: String?
    package let description: String?
    package let address: String?
    package let coordinate: Coordinate?
    package let answers: [Answer]
    /// As `Report.media` has them.
    package let media: [String]
    /// Who they said they are.
    package let person: Reporter
    /// What they said beyond what we know of, as JSON.
    package let unknown: String?

    package enum Kind: String, Sendable, CaseIterable {
        case report, update, note, support
    }
}

extension CaseStore {
    /// All that we hold of whoever gave this e-mail address or telephone number, the oldest first
    /// (P6). Addresses are compared without regard to case, numbers by their digits.
    package func records(
        email: String?, phone: String?
    ) async throws(CaseStoreError) -> [PersonalRecord] {
        let rows = try await query(PersonSearch(email: email, phone: phone).statement)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var records: [PersonalRecord] = []
            for row in rows { records.append(try PersonSearch.record(in: row)) }
            return records
        }
    }
}

/// The statement that looks for a person in all places where people are.
private struct PersonSearch {
    let email: String?
    let phone: String?

    var statement: SQL {
        """
        SELECT 'report', report.id, NULL, report.jurisdiction, report.requested,
            coalesce(original.title, report.title),
            coalesce(original.description, report.description),
            coalesce(original.address, report.address),
            coalesce(original.latitude, report.latitude),
            coalesce(original.longitude, report.longitude),
            coalesce(original.answers, report.answers)::text, report.media, \(Self.person("contact")), contact.unknown::text
        FROM contact.contact JOIN report ON report.id = contact.report
            LEFT JOIN contact.original ON original.report = report.id
        WHERE \(isThem("contact"))
        UNION ALL
        SELECT 'update', told.report, told.id, report.jurisdiction, told.told, NULL,
            coalesce(original.description, told.description), NULL, NULL, NULL, NULL, told.media, \(Self.person("author")), NULL
        FROM contact.author JOIN "update" AS told ON told.id = author."update"
            JOIN report ON report.id = told.report
            LEFT JOIN contact.original ON original."update" = told.id
        WHERE \(isThem("author"))
        UNION ALL
        SELECT 'note', told.report, told.id, report.jurisdiction, told.told, NULL,
            told.description, NULL, NULL, NULL, NULL, NULL, \(Self.person("author")), NULL
        FROM contact.author JOIN internal_note AS told ON told.id = author.internal_note
            JOIN report ON report.id = told.report
        WHERE \(isThem("author"))
        UNION ALL
        SELECT 'support', report.id, NULL, report.jurisdiction, supporter.created, NULL, NULL, NULL,
            NULL, NULL, NULL, NULL, \(supporter), NULL, NULL, NULL, NULL, NULL, NULL
        FROM contact.supporter JOIN report ON report.id = supporter.report
        WHERE \(supports)
        ORDER BY 5, 2, 3
        """
    }

    private static func person(_ table: SQL) -> SQL {
        let columns: [SQL] = [
            "email", "first_name", "last_name", "phone", "device_id", "account_id",
        ]
        return columns.map { "\(table).\($0)" }.joined()
    }

    private func isThem(_ table: SQL) -> SQL {
        """
        (lower(\(table).email) = lower(\(email))
            OR regexp_replace(\(table).phone, '[^0-9]', '', 'g') = \(digits))
        """
    }

    /// `nil` for what holds no digit: it would be anybody's.
    private var digits: String? {
        let digits = (phone ?? "").filter { ("0"..."9").contains($0) }
        return digits.isEmpty ? nil : digits
    }

    private var supporter: SQL { "\(email)" }

    /// Supporters are known by digests alone (`CaseStore.support`): this is the one of the address.
    private var supports: SQL {
        let known = Supporter(email: email)?.email
        return """
            person = sha256(
                int8send(octet_length(supporter.report)::bigint)
                || convert_to(supporter.report, 'UTF8')
                || int8send(5) || convert_to('email', 'UTF8') || int8send(-1)
                || int8send(octet_length(\(known))::bigint) || convert_to(\(known), 'UTF8'))
            """
    }

    static func record(in row: Row) throws(PostgresError) -> PersonalRecord {
        var cells = row.cells
        guard let kind = PersonalRecord.Kind(rawValue: try cells.next()) else {
            throw .undecodable(column: 0)
        }
        let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 1)
        let update = try cells.next(String?.self).flatMap(Update.ID.init(rawValue:))
        let jurisdiction = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 3)
        let told = try cells.next(Date.self)
        let (title, description, address) = try (
            cells.next(String?.self), cells.next(String?.self), cells.next(String?.self)
        )
        let (latitude, longitude) = try (cells.next(Double?.self), cells.next(Double?.self))
        let answers = try cells.next(String?.self).flatMap(JSONText.answers(in:)) ?? []
        let media = try cells.next([String]?.self) ?? []
        let person = try Reporter(
            email: cells.next(), firstName: cells.next(), lastName: cells.next(),
            phone: cells.next(), deviceID: cells.next(), accountID: cells.next())
        var coordinate: Coordinate?
        if let latitude, let longitude {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        return PersonalRecord(
            kind: kind, report: report, update: update, jurisdiction: jurisdiction, told: told,
            title: title, description: description, address: address, coordinate: coordinate,
            answers: answers, media: media, person: person, unknown: try cells.next())
    }
}
