import FoundationEssentials
import Reports

/// A report as a peer shows it, with the peer's own words where it has some.
///
/// Nothing is guessed here, and no more is asked for than an id, a status and a time: a value that
/// cannot be read is as good as missing, because the others still say where the report stands.
package struct ReadTicket: Sendable, Equatable {
    package var id: String
    /// The status as it stands there.
    package var word: String
    /// The finer word beside it, if there is one: ours, or CitySDK's.
    package var finerWord: String?
    package var requested: Date
    package var updated: Date
    package var expected: Date?
    /// Texts, place and pictures; its `status` means nothing.
    package var report: ReadReport
    package var answers: [ReadAnswer]
    package var isPrivate: Bool
    /// Where the peer says that it began.
    package var way: ReadWay?

    /// Reads one item of a list.
    init(_ fields: Fields) throws(Fields.Mistake) {
        id = try ReadReport.id(fields)
        let extended = fields.inner("extended_attributes")
        finerWord =
            extended.word("detail", "detailed_status") ?? fields.word("detailed_status")
        guard let word = fields.word("status", "status_description") ?? finerWord else {
            throw Fields.Mistake(problem: "status is missing")
        }
        self.word = word
        let changed = fields.time("updated_datetime").orNil
        guard let requested = fields.time("requested_datetime").orNil ?? changed else {
            throw Fields.Mistake(problem: "requested_datetime is missing")
        }
        self.requested = requested
        updated = changed ?? requested
        expected = fields.time("expected_datetime").orNil
        report = ReadReport(id: id, status: .open, requested: requested)
        isPrivate = fields.truth("non_public") ?? extended.truth("non_public") ?? false
        answers = ReadAnswer.all(in: fields)
        way = ReadWay(extended)
        report.readTexts(fields, extended)
        report.readMedia(fields, extended)
        readPlace(fields)
    }

    /// Half a coordinate, or one that is none, leaves the address.
    private mutating func readPlace(_ fields: Fields) {
        do throws(Fields.Mistake) {
            try report.readPlace(fields)
        } catch {
            report.latitude = nil
            report.longitude = nil
            report.address = fields.text("address", "address_string")
            report.addressID = fields.word("address_id", "adress_id")
            report.zipcode = fields.word("zipcode", "zip_code")
        }
    }
}

/// What was answered to a question of a peer, in its codes.
package struct ReadAnswer: Sendable, Equatable {
    package let code: String
    package let values: [String]

    package init(code: String, values: [String]) {
        self.code = code
        self.values = values
    }

    /// A list of codes with values, or a map of them (GR-14.1).
    static func all(in fields: Fields) -> [ReadAnswer] {
        let map = fields.inner("attributes")
        if let members = map.value.members, map.word("code") == nil {
            return members.map { ReadAnswer(code: $0.key, values: map.texts($0.key)) }
                .filter { !$0.values.isEmpty }
        }
        return fields.objects("attributes").compactMap { row in
            let values = row.texts("value", "values")
            guard let code = row.word("code"), !values.isEmpty else { return nil }
            return ReadAnswer(code: code, values: values)
        }
    }
}

/// Where something began and whom it has passed, as a peer tells it; nobody has judged it yet.
package struct ReadWay: Sendable, Equatable {
    package let origin: String
    package let originID: String
    package let path: [String]
    /// When an update counts between changes of a status; `nil` if the peer does not tell.
    package let told: Date?
    /// The status that an update told, where `told` is; `nil` if it left the status.
    package let toldStatus: String?

    package init(
        origin: String, originID: String, path: [String], told: Date? = nil,
        toldStatus: String? = nil
    ) {
        self.origin = origin
        self.originID = originID
        self.path = path
        self.told = told
        self.toldStatus = toldStatus
    }

    /// Reads `origin`, `origin_id`, `path`, a list or a text with commas, `told` and `told_status`.
    init?(_ fields: Fields) {
        guard let origin = fields.word("origin"), let id = fields.word("origin_id") else {
            return nil
        }
        self.origin = origin
        originID = id
        path = fields.texts("path").flatMap { $0.split(separator: ",") }
            .compactMap { Fields.trimmed(String($0)) }
        told = fields.time("told").orNil
        toldStatus = fields.word("told_status")
    }
}

extension Reading {
    /// The reports of a list in the server's own words, each one read by itself, so that a bad one
    /// costs nobody else.
    package static func tickets(
        _ bytes: [UInt8], as format: Format, zone: ServerZone = .utc
    ) throws(ReadingError) -> [Result<ReadTicket, RowProblem>] {
        let rows = try objects(
            bytes, as: format, limits: .answer, "reports", identifiedBy: "service_request_id",
            in: reportWrappers, zone: zone)
        return rows.enumerated().map { index, row in
            do throws(Fields.Mistake) {
                let fields = row.value["properties"] == nil ? row : row.inner("properties")
                return .success(try ReadTicket(fields))
            } catch {
                return .failure(RowProblem(row: index + 1, problem: error.problem))
            }
        }
    }
}
