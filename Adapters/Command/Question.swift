import Federation
import FoundationEssentials
import Reports

/// The line that a program is given.
struct Question: Encodable {
    let `do`: Verb
    var key: String?
    var ticket: String?
    var report: Told?
    var update: Said?
    /// What of the report is to be forgotten.
    var erasure: [String]?
    var pictures: [Picture]?
    /// The cursor of the last reading.
    var after: String?
    /// The picture that is asked for.
    var name: String?

    enum Verb: String, Encodable {
        case deliver, find, collect, picture, check
    }

    init(_ verb: Verb) {
        self.do = verb
    }

    init(picture name: String) {
        self.do = .picture
        self.name = name
    }

    init(after cursor: Cursor?) {
        self.do = .collect
        after = cursor?.text
    }

    init(_ verb: Verb, _ message: Message) {
        self.do = verb
        key = message.key
        ticket = message.ticket?.id
        switch message.content {
        case .report(let report): self.report = Told(report)
        case .update(let update): self.update = Said(update)
        case .erasure(let erasure): self.erasure = erasure.parts.map(\.rawValue).sorted()
        }
    }

    /// A report in the program's words; the names are GeoReport's where it has one.
    struct Told: Encodable {
        let id: String
        let url: String
        let serviceCode: String
        let serviceName: String?
        let title: String?
        let description: String?
        let lat: Double?
        let long: Double?
        let addressString: String?
        let addressId: String?
        let zipcode: String?
        let answers: [String: [String]]
        let media: [String]
        let requestedDatetime: String
        let reporter: Person?
        let visibility: String

        private enum CodingKeys: String, CodingKey {
            case id, url, serviceCode = "service_code", serviceName = "service_name", title
            case description, lat, long, addressString = "address_string"
            case addressId = "address_id", zipcode, answers, media
            case requestedDatetime = "requested_datetime", reporter, visibility
        }

        init(_ report: OutgoingReport) {
            id = report.id.rawValue
            url = report.address
            serviceCode = report.service
            serviceName = report.serviceName
            title = report.title
            description = report.description
            lat = report.place?.coordinate?.latitude
            long = report.place?.coordinate?.longitude
            addressString = report.place?.address
            addressId = report.place?.addressID
            zipcode = report.zipcode
            answers = Dictionary(
                report.answers.map { ($0.code, $0.values) }, uniquingKeysWith: { $0 + $1 })
            media = report.media
            requestedDatetime = report.requested.formatted(.iso8601)
            reporter = Person(report.reporter)
            visibility = report.visibility.rawValue
        }
    }

    /// An update in the program's words.
    struct Said: Encodable {
        let id: String
        let report: String?
        let status: String?
        let detail: String
        let description: String?
        let media: [String]
        let updatedDatetime: String
        let author: Person?

        private enum CodingKeys: String, CodingKey {
            case id, report, status, detail, description, media
            case updatedDatetime = "updated_datetime", author
        }

        init(_ update: OutgoingUpdate) {
            id = update.id.rawValue
            report = update.report?.rawValue
            status = update.status
            detail = update.detail.rawValue
            description = update.description
            media = update.media
            updatedDatetime = update.told.formatted(.iso8601)
            author = Person(update.author)
        }
    }

    /// Whom the peer may know of.
    struct Person: Encodable {
        let email: String?
        let firstName: String?
        let lastName: String?
        let phone: String?

        private enum CodingKeys: String, CodingKey {
            case email, firstName = "first_name", lastName = "last_name", phone
        }

        init?(_ reporter: Reporter) {
            email = reporter.email
            firstName = reporter.firstName
            lastName = reporter.lastName
            phone = reporter.phone
            let texts = [email, firstName, lastName, phone]
            guard texts.contains(where: { $0 != nil }) else { return nil }
        }
    }

    /// A picture as a file.
    struct Picture: Encodable {
        let name: String
        let url: String
        let type: String
        let base64: String

        init(_ picture: OutgoingPicture, at address: String) {
            name = picture.name
            url = address
            type = picture.mediaType
            base64 = Data(picture.bytes).base64EncodedString()
        }
    }
}
