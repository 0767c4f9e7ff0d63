import Federation
import FoundationEssentials
import Reports

/// A row of the outbox; its members are the columns.
struct OutboxRow: Encodable {
    let key: String
    let kind: String
    let report: String
    var service: String?
    var status: String?
    var title: String?
    var description: String?
    var latitude: Double?
    var longitude: Double?
    var address: String?
    var zipcode: String?
    var email: String?
    var firstName: String?
    var lastName: String?
    var phone: String?
    var answers: [String: [String]] = [:]
    var media: [String] = []
    var url: String?
    var told: String?
    var parts: [String] = []

    private enum CodingKeys: String, CodingKey {
        case key, kind, report, service, status, title, description, latitude, longitude, address
        case zipcode, email, firstName = "first_name", lastName = "last_name", phone, answers
        case media, url, told, parts
    }

    /// The row of a message; `nil` if it is about a report that the peer does not have.
    init?(_ message: Message) {
        switch message.content {
        case .report(let told): self.init(told, as: message.key)
        case .update(let said):
            guard let id = message.ticket?.id else { return nil }
            self.init(said, about: id, as: message.key)
        case .erasure(let erasure):
            guard let id = message.ticket?.id else { return nil }
            self.init(as: message.key, kind: "erasure", of: id)
            parts = erasure.parts.map(\.rawValue)
        }
    }

    private init(as key: String, kind: String, of report: String) {
        self.key = key
        self.kind = kind
        self.report = report
    }

    private init(_ told: OutgoingReport, as key: String) {
        self.init(as: key, kind: "report", of: told.id.rawValue)
        service = told.service
        title = told.title
        description = told.description
        latitude = told.place?.coordinate?.latitude
        longitude = told.place?.coordinate?.longitude
        address = told.place?.address
        zipcode = told.zipcode
        answers = Dictionary(
            told.answers.map { ($0.code, $0.values) }, uniquingKeysWith: { $0 + $1 })
        media = told.media
        url = told.address
        self.told = told.requested.formatted(.iso8601)
        name(told.reporter)
    }

    private init(_ said: OutgoingUpdate, about id: String, as key: String) {
        self.init(as: key, kind: "update", of: id)
        service = said.service
        status = said.status
        description = said.description
        media = said.media
        told = said.told.formatted(.iso8601)
        name(said.author)
    }

    private mutating func name(_ person: Reporter) {
        email = person.email
        firstName = person.firstName
        lastName = person.lastName
        phone = person.phone
    }
}

/// A row of the inbox.
struct InboxRow: Decodable {
    let number: Int64
    let report: String
    let status: String?
    let description: String?
    let media: [String]
    let told: String
    let writtenBy: String

    private enum CodingKeys: String, CodingKey {
        case number, report, status, description, media, told, writtenBy = "written_by"
    }

    var place: InboxPlace? {
        UInt64(writtenBy).map { InboxPlace(transaction: $0, number: number) }
    }

    /// The change that it tells; `nil` if its time is none.
    var update: IncomingUpdate? {
        guard let told = try? Date(told, strategy: .iso8601) else { return nil }
        return IncomingUpdate(
            id: "\(number)", report: report, status: status, description: description,
            media: media.filter { $0.hasPrefix("https://") || $0.hasPrefix("http://") }, told: told)
    }
}
