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
    /// Whether all of it could be opened; else what the public is shown stands there, or nothing.
    package var isWhole = true

    package enum Kind: String, Sendable, CaseIterable {
        case report, update, note, support
    }
}

extension CaseStore {
    /// All that we hold of whoever gave this e-mail address or telephone number, the oldest first
    /// (P6). Addresses are compared without regard to case, numbers by their digits.
    ///
    /// What no key of ours opens is noted (`untoldUnreadable`), and its record is not whole.
    package func records(
        email: String?, phone: String?
    ) async throws(CaseStoreError) -> [PersonalRecord] {
        let search = PersonSearch(
            email: email, phone: phone, keys: try settings.sealer.keys(),
            sealer: settings.sealer)
        let rows = try await query(search.statement)
        var records = try await CaseStoreError.told { () throws(PostgresError) in
            var records: [PersonalRecord] = []
            for row in rows { records.append(try search.record(in: row)) }
            return records
        }
        records += try await supported(search)
        return records.sorted {
            ($0.told, $0.report.rawValue, $0.update?.rawValue ?? "")
                < ($1.told, $1.report.rawValue, $1.update?.rawValue ?? "")
        }
    }

    /// Supporters are known by digests alone, each report's of its own: so all are looked at.
    private func supported(
        _ search: PersonSearch
    ) async throws(CaseStoreError) -> [PersonalRecord] {
        guard let email = Supporter(email: search.email)?.email else { return [] }
        var records: [PersonalRecord] = []
        let all = KeptRows.ofReport("contact.supporter", "true")
        try await walk(all) { window throws(CaseStoreError) in
            let rows = try await query(search.supporters(in: window))
            records += try await CaseStoreError.told { () throws(PostgresError) in
                var found: [PersonalRecord] = []
                for row in rows {
                    guard let record = try search.support(in: row, by: email) else { continue }
                    found.append(record)
                }
                return found
            }
        }
        return records
    }
}

/// The statements that look for a person in all places where people are.
private struct PersonSearch: Sendable {
    let email: String?
    let phone: String?
    let keys: DataKeys
    let sealer: Sealer

    /// Of each: what it is, what the public is shown, who told it, and what of it is kept apart.
    var statement: SQL {
        """
        SELECT 'report', report.id, NULL, report.jurisdiction, report.requested,
            \(OriginalRow.columns(of: "report")), report.media,
            \(PersonRow.columns(of: "contact")), contact.unknown::text,
            \(OriginalRow.columns(sealedIn: "original"))
        FROM contact.contact JOIN report ON report.id = contact.report
            LEFT JOIN contact.original ON original.report = report.id
        WHERE \(isThem("contact"))
        UNION ALL
        SELECT 'update', told.report, told.id, report.jurisdiction, told.told,
            NULL, told.description, NULL, NULL, NULL, NULL, NULL, told.media,
            \(PersonRow.columns(of: "author")), NULL, \(OriginalRow.columns(sealedIn: "original"))
        FROM contact.author JOIN "update" AS told ON told.id = author."update"
            JOIN report ON report.id = told.report
            LEFT JOIN contact.original ON original."update" = told.id
        WHERE \(isThem("author"))
        UNION ALL
        SELECT 'note', told.report, told.id, report.jurisdiction, told.told,
            NULL, told.description, NULL, NULL, NULL, NULL, NULL, NULL,
            \(PersonRow.columns(of: "author")), NULL,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM contact.author JOIN internal_note AS told ON told.id = author.internal_note
            JOIN report ON report.id = told.report
        WHERE \(isThem("author"))
        """
    }

    /// By the marks that each of our keys makes; what is not sealed yet by itself.
    private func isThem(_ table: SQL) -> SQL {
        let (address, number) = (
            SealedPerson.name(email: email), SealedPerson.name(phone: phone)
        )
        return """
            (\(table).email_mark = ANY (\(keys.marks(address, of: .email)))
                OR \(table).phone_mark = ANY (\(keys.marks(number, of: .phone)))
                OR \(table).sealed IS NULL AND (
                    lower(\(table).email) = \(address)
                    OR regexp_replace(
                        regexp_replace(\(table).phone, '[^0-9]', '', 'g'), '^00', '') = \(number)))
            """
    }

    func supporters(in window: KeptRows.Window) -> SQL {
        """
        SELECT report.id, report.jurisdiction, supporter.created, supporter.person
        FROM contact.supporter JOIN report ON report.id = supporter.report
        WHERE supporter.report > \(window.low) AND supporter.report <= \(window.high)
        """
    }

    /// That the person of this address supports a report; `nil` if somebody else does.
    func support(in row: Row, by address: String) throws(PostgresError) -> PersonalRecord? {
        var cells = row.cells
        let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
        let place = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 1)
        let (told, person) = try (cells.next(Date.self), cells.next(Octets.self))
        let name = SupporterName(email: address, at: report.rawValue)
        guard name.marks(by: keys).contains(person) else { return nil }
        return PersonalRecord(
            kind: .support, report: report, update: nil, jurisdiction: place, told: told,
            title: nil, description: nil, address: nil, coordinate: nil, answers: [], media: [],
            person: Reporter(email: email), unknown: nil)
    }

    func record(in row: Row) throws(PostgresError) -> PersonalRecord {
        var cells = row.cells
        guard let kind = PersonalRecord.Kind(rawValue: try cells.next()) else {
            throw .undecodable(column: 0)
        }
        let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 1)
        let update = try cells.next(String?.self).flatMap(Update.ID.init(rawValue:))
        let jurisdiction = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 3)
        let told = try cells.next(Date.self)
        let shown = try OriginalRow.original(from: &cells)
        let media = try cells.next([String]?.self) ?? []
        let name = update?.rawValue ?? report.rawValue
        let person = PersonRow(table: kind == .report ? .contact : .author, row: name)
        let (held, plain) = try (PersonRow.Held(from: &cells), cells.next(String?.self))
        let opened = person.open(held, keys: keys)
        for cell in person.torn(held, keys: keys) { sealer.note(unreadable: cell) }
        let original = try OriginalRow.Held(from: &cells).open(of: name, by: sealer)
        let whole = shown.restored(by: original ?? Original())
        return PersonalRecord(
            kind: kind, report: report, update: update, jurisdiction: jurisdiction, told: told,
            title: whole.title, description: whole.description, address: whole.address,
            coordinate: whole.coordinate, answers: whole.answers ?? [], media: media,
            person: opened?.person ?? held.plain,
            unknown: opened?.unknown
                ?? plain.flatMap(JSONText.unknown(in:)).flatMap { JSONText.of($0) },
            isWhole: opened != nil && original != nil)
    }
}
