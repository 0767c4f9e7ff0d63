import FoundationEssentials

/// A page of another Viaduct's change feed.
package struct ReadChanges: Sendable, Equatable {
    /// In the feed's order.
    package let changes: [ReadChange]
    /// Where the next page begins.
    package let next: String
}

/// One change as another Viaduct tells it: thin, the report says the rest.
package struct ReadChange: Sendable, Equatable {
    package let report: String
    /// `report.updated` and the like.
    package let type: String
    package let update: String?
    package let recorded: Date?
}

extension Reading {
    /// A page of a change feed, which there is in JSON only.
    package static func changes(_ bytes: [UInt8]) throws(ReadingError) -> ReadChanges {
        let document = try answer(bytes, as: .json)
        let fields = Fields(document.value, isPadded: false)
        guard case .array(let rows)? = document.value["changes"], let next = fields.word("next")
        else { throw .unexpected("this is no page of a change feed") }
        var changes: [ReadChange] = []
        for row in rows {
            let fields = Fields(row, isPadded: false)
            guard let report = fields.word("service_request_id"), let type = fields.word("type")
            else { throw .unexpected("a change does not say which report it is about") }
            changes.append(
                ReadChange(
                    report: report, type: type, update: fields.word("update_id"),
                    recorded: fields.time("datetime").orNil))
        }
        return ReadChanges(changes: changes, next: next)
    }
}
