import FoundationEssentials
import Postgres
import Reports

/// A row of `report` as a `Report`: the columns, and beside them the code that reads them in order.
enum ReportRow {
    /// Jurisdiction and stage are not read: whoever asks has named them.
    static let columns: SQL = """
        report.id, report.service, report.service_name, report.status, report.detail,
        report.status_notes, report.title, report.description, report.agency, report.notice,
        report.requested, report.updated, report.expected, report.address, report.address_id,
        report.zipcode, report.latitude, report.longitude, report.media, report.answers,
        report.channel, report.visibility, report.published, report.supports, report.parent
        """

    /// The report of a row of `columns`.
    static func report(
        in row: Row, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(PostgresError) -> Report {
        var cells = row.cells
        let (id, service, serviceName) = try (
            named(Report.ID.self, try cells.next(), column: 0),
            named(Service.Code.self, try cells.next(), column: 1),
            cells.next(String?.self)
        )
        return try Report(
            id: id, jurisdiction: jurisdiction, stage: stage, service: service,
            serviceName: serviceName,
            status: status(cells.nextBytes { $0?.first }),
            detail: cells.next(String?.self).flatMap(Detail.init(rawValue:)),
            statusNotes: cells.next(), title: cells.next(), description: cells.next(),
            agency: cells.next(), notice: cells.next(), requested: cells.next(),
            updated: cells.next(), expected: cells.next(), address: cells.next(),
            addressID: cells.next(), zipcode: cells.next(),
            coordinate: coordinate(latitude: cells.next(), longitude: cells.next()),
            media: cells.next([String]?.self) ?? [], answers: answers(cells.next(), column: 19),
            channel: cells.next(),
            visibility: cells.nextBytes { $0?.elementsEqual("public".utf8) } == true
                ? .public : .private,
            published: cells.next(), supports: Int(cells.next(Int32.self)),
            parent: cells.next(String?.self).flatMap(Report.ID.init(rawValue:)))
    }

    /// The reports of all rows, in their order.
    static func reports(
        in rows: some Sequence<Row>, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(PostgresError) -> [Report] {
        var reports: [Report] = []
        reports.reserveCapacity(rows.underestimatedCount)
        for row in rows {
            reports.append(try report(in: row, of: jurisdiction, stage: stage))
        }
        return reports
    }

    /// A name that the schema's own check let in.
    static func named<Name: Identifier>(
        _: Name.Type, _ text: String, column: Int
    ) throws(PostgresError) -> Name {
        guard let name = Name(rawValue: text) else { throw .undecodable(column: column) }
        return name
    }

    /// One of two words, told apart by the first letter.
    private static func status(_ letter: UInt8?) -> Status {
        letter == UInt8(ascii: "c") ? .closed : .open
    }

    private static func coordinate(latitude: Double?, longitude: Double?) -> Coordinate? {
        guard let latitude, let longitude else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }

    private static func answers(
        _ text: String?, column: Int
    ) throws(PostgresError) -> [Answer] {
        guard let text else { return [] }
        guard let answers = JSONText.answers(in: text) else { throw .undecodable(column: column) }
        return answers
    }
}
