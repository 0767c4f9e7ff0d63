import FoundationEssentials
import Reports

/// A dated change to a report as a peer tells it (GR-13.1).
package struct ReadUpdate: Sendable, Equatable {
    package var id: String
    /// The peer's id of the report.
    package var report: String
    /// The number under which the sender of the report knows it.
    package var foreignReport: String?
    /// The status after it, as it stands there.
    package var word: String?
    package var description: String?
    package var media: [String]
    package var updated: Date
    package var externalStatus: String?
    package var customerReference: String?
    package var way: ReadWay?

    /// Reads one item of a list.
    init(_ fields: Fields) throws(Fields.Mistake) {
        guard let id = fields.word("update_id") else {
            throw Fields.Mistake(problem: "update_id is missing")
        }
        foreignReport = fields.word("fixmystreet_id")
        guard let report = fields.word("service_request_id") ?? foreignReport else {
            throw Fields.Mistake(problem: "service_request_id is missing")
        }
        guard let updated = fields.time("updated_datetime").orNil else {
            throw Fields.Mistake(problem: "updated_datetime is no date and time")
        }
        self.id = id
        self.report = report
        self.updated = updated
        word = fields.word("status")
        description = fields.text("description")
        media = ReadReport.addresses(fields)
        externalStatus = fields.word("external_status_code")
        customerReference = fields.word("customer_reference")
        way = ReadWay(fields.inner("extras")) ?? ReadWay(fields.inner("extended_attributes"))
    }
}

/// What a POST of an update was answered with (GR-13.2).
package struct ReadUpdateReceipt: Sendable, Equatable {
    package let id: String?
    package let token: String?

    init(_ fields: Fields) {
        id = fields.word("update_id")
        token = fields.word("token")
    }
}

extension Reading {
    private static let updateWrappers = [
        "service_request_updates", "request_updates", "request_update", "updates", "data",
    ]

    /// The updates of a list, each one read by itself.
    package static func updates(
        _ bytes: [UInt8], as format: Format, zone: ServerZone = .utc
    ) throws(ReadingError) -> [Result<ReadUpdate, RowProblem>] {
        let rows = try objects(
            bytes, as: format, limits: .answer, "updates", identifiedBy: "update_id",
            in: updateWrappers, zone: zone)
        return rows.enumerated().map { index, row in
            do throws(Fields.Mistake) {
                return .success(try ReadUpdate(row))
            } catch {
                return .failure(RowProblem(row: index + 1, problem: error.problem))
            }
        }
    }

    /// What a POST of an update was answered with; FixMyStreet leaves out what is around the id
    /// (GR-13.2).
    package static func updateReceipt(
        _ bytes: [UInt8], as format: Format
    ) throws(ReadingError) -> ReadUpdateReceipt {
        let rows = try objects(
            bytes, as: format, limits: .answer, "a receipt", identifiedBy: "update_id",
            in: updateWrappers)
        guard let row = rows.first else { throw .unexpected("there is no receipt in the answer") }
        guard row.value.members == nil else { return ReadUpdateReceipt(row) }
        let root = try Tree.element(bytes, limits: .answer)
        let bare = root.children.map { JSONValue.Member(key: $0.name, value: .string($0.text)) }
        return ReadUpdateReceipt(Fields(.object(bare), isPadded: true))
    }
}
