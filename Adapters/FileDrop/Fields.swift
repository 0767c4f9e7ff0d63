import Federation
import FoundationEssentials
import Reports

/// What a message tells, by its fields; what it does not tell is left out.
struct Fields: Equatable {
    private(set) var values: [Field: String] = [:]
    /// Of an address or a picture there may be several.
    private(set) var media: [String] = []

    /// The fields of a message; `pictures` are the names of the files beside it.
    init(_ message: Message, pictures: [String], decimal: Character = ".") {
        switch message.content {
        case .report(let report): tell(report, decimal)
        case .update(let update): tell(update, about: message.ticket?.id)
        case .erasure(let erasure):
            values[.kind] = "erasure"
            values[.id] = message.ticket?.id
            values[.erased] = erasure.parts.map(\.rawValue).joined(separator: " ")
        }
        if !pictures.isEmpty { media = pictures }
        values[.media] = media.isEmpty ? nil : media.joined(separator: " ")
    }

    private mutating func tell(_ report: OutgoingReport, _ decimal: Character) {
        values[.kind] = "report"
        values[.id] = report.id.rawValue
        values[.service] = report.service
        values[.serviceName] = report.serviceName
        values[.title] = report.title
        values[.description] = report.description
        values[.lat] = report.place?.coordinate.map { Self.text($0.latitude, decimal) }
        values[.long] = report.place?.coordinate.map { Self.text($0.longitude, decimal) }
        values[.address] = report.place?.address
        values[.addressID] = report.place?.addressID
        values[.zipcode] = report.zipcode
        values[.told] = report.requested.formatted(.iso8601)
        values[.url] = report.address
        values[.visibility] = report.visibility.rawValue
        let answers = report.answers.map { "\($0.code)=\($0.values.joined(separator: ", "))" }
        values[.answers] = answers.isEmpty ? nil : answers.joined(separator: "; ")
        media = report.media
        tell(report.reporter)
    }

    private mutating func tell(_ update: OutgoingUpdate, about id: String?) {
        values[.kind] = "update"
        values[.id] = id ?? update.report?.rawValue
        values[.update] = update.id.rawValue
        values[.service] = update.service
        values[.status] = update.status
        values[.description] = update.description
        values[.told] = update.told.formatted(.iso8601)
        media = update.media
        tell(update.author)
    }

    private mutating func tell(_ person: Reporter) {
        values[.email] = person.email
        values[.firstName] = person.firstName
        values[.lastName] = person.lastName
        values[.phone] = person.phone
    }

    private static func text(_ degrees: Double, _ decimal: Character) -> String {
        "\(degrees)".replacing(".", with: String(decimal))
    }
}
