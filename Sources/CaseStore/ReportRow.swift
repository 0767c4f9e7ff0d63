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

    /// How many columns there are.
    static let count = 25

    /// Whether the answers to a service's questions are read: most documents do not tell them.
    enum Answers { case read, skipped }

    /// The report of a row of `columns`, in place.
    static func bytes(_ row: RowBytes, _ answers: Answers) throws(PostgresError) -> ReportBytes {
        guard let requested = try row.date(10), let updated = try row.date(11) else {
            throw .undecodable(column: 10)
        }
        return ReportBytes(
            id: row[0], service: row[1], serviceName: row[2], status: status(row[3].first),
            detail: Detail(rawValue: row[4]), statusNotes: row[5], title: row[6],
            description: row[7],
            agency: row[8], notice: row[9], requested: requested, updated: updated,
            expected: try row.date(12), address: row[13], addressID: row[14], zipcode: row[15],
            coordinate: coordinate(latitude: try row.number(16), longitude: try row.number(17)),
            media: try row.texts(18),
            answers: answers == .read ? try Self.answers(row[19]) : [],
            channel: row[20],
            visibility: visibility(row[21]),
            published: try row.date(22), supports: try row.integer(23) ?? 0, parent: row[24])
    }

    /// The id of the report in a row of `columns`.
    static func id(_ row: RowBytes) throws(PostgresError) -> Report.ID {
        try named(Report.ID.self, String(decoding: row[0], as: UTF8.self), column: 0)
    }

    /// The report of a row of `columns`.
    static func report(
        in row: RowBytes, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(PostgresError) -> Report {
        let bytes = try bytes(row, .read)
        return Report(
            id: try id(row), jurisdiction: jurisdiction, stage: stage,
            service: try named(
                Service.Code.self, String(decoding: bytes.service, as: UTF8.self), column: 1),
            serviceName: bytes.serviceName.text, status: bytes.status,
            detail: bytes.detail, statusNotes: bytes.statusNotes.text, title: bytes.title.text,
            description: bytes.description.text, agency: bytes.agency.text,
            notice: bytes.notice.text, requested: bytes.requested, updated: bytes.updated,
            expected: bytes.expected, address: bytes.address.text,
            addressID: bytes.addressID.text, zipcode: bytes.zipcode.text,
            coordinate: bytes.coordinate,
            media: bytes.media.map { String(decoding: $0, as: UTF8.self) },
            answers: bytes.answers, channel: String(decoding: bytes.channel, as: UTF8.self),
            visibility: bytes.visibility, published: bytes.published, supports: bytes.supports,
            parent: bytes.parent.text.flatMap(Report.ID.init(rawValue:)))
    }

    /// The reports of all rows, in their order.
    static func reports(
        in rows: Rows, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(PostgresError) -> [Report] {
        try reports(in: rows, rows.indices, of: jurisdiction, stage: stage)
    }

    /// The reports of these rows, in their order.
    static func reports(
        in rows: Rows, _ range: Range<Int>, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(PostgresError) -> [Report] {
        var reports: [Report] = []
        reports.reserveCapacity(range.count)
        try rows.forEach(in: range) { row throws(PostgresError) in
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

    /// One of two words, told apart by their length.
    private static func visibility(_ word: ReportBytes.Text) -> Visibility {
        word.count == "public".utf8.count ? .public : .private
    }

    private static func coordinate(latitude: Double?, longitude: Double?) -> Coordinate? {
        guard let latitude, let longitude else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }

    private static func answers(_ json: ReportBytes.Text) throws(PostgresError) -> [Answer] {
        guard json.baseAddress != nil else { return [] }
        // jsonb begins with the version of its form, which has been 1 since there is one.
        guard json.first == 1,
            let answers = JSONText.answers(
                in: String(decoding: json.dropFirst(), as: UTF8.self))
        else { throw .undecodable(column: 19) }
        return answers
    }
}

extension ReportBytes.Text {
    /// The text as a `String`, `nil` if there is none.
    fileprivate var text: String? {
        baseAddress == nil ? nil : String(decoding: self, as: UTF8.self)
    }
}
