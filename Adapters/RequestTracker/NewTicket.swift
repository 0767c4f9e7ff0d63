import Federation
import FoundationEssentials
import Reports

/// A ticket that is to be opened.
struct NewTicket: Encodable {
    let queue: String
    let subject: String
    let content: String
    /// Whom RT tells by mail; nobody, unless their data may go there.
    let requestor: String?
    /// Values by the names of custom fields.
    let fields: [String: FieldValue]
    let attachments: [NewAttachment]

    let contentType = "text/plain"

    static let longestSubject = 200

    private enum CodingKeys: String, CodingKey {
        case queue = "Queue"
        case subject = "Subject"
        case content = "Content"
        case contentType = "ContentType"
        case requestor = "Requestor"
        case fields = "CustomFields"
        case attachments = "Attachments"
    }
}

/// What is told about a ticket in public, with the status after it.
struct NewReply: Encodable {
    let subject: String
    let content: String
    let status: String?
    let attachments: [NewAttachment]

    let contentType = "text/plain"

    private enum CodingKeys: String, CodingKey {
        case subject = "Subject"
        case content = "Content"
        case contentType = "ContentType"
        case status = "Status"
        case attachments = "Attachments"
    }
}

struct NewStatus: Encodable {
    let status: String

    private enum CodingKeys: String, CodingKey {
        case status = "Status"
    }
}

struct NewAttachment: Encodable {
    let name: String
    let type: String
    /// In base64.
    let content: String

    init(_ picture: OutgoingPicture) {
        name = picture.name
        type = picture.mediaType
        content = Data(picture.bytes).base64EncodedString()
    }

    private enum CodingKeys: String, CodingKey {
        case name = "FileName"
        case type = "FileType"
        case content = "FileContent"
    }
}

/// One value of a custom field, or several.
struct FieldValue: Encodable, Equatable {
    let values: [String]

    init(_ values: String...) {
        self.values = values
    }

    init(_ values: [String]) {
        self.values = values
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let only = values.first, values.count == 1 else {
            return try container.encode(values)
        }
        try container.encode(only)
    }
}

extension NewTicket {
    /// A report as a ticket of the queue, with the pictures at hand.
    init(
        _ report: OutgoingReport, showing pictures: ShownPictures,
        by settings: RequestTrackerSettings
    ) {
        let names = settings.fields
        var fields = [
            names.id: FieldValue(report.id.rawValue), names.service: FieldValue(report.service),
        ]
        if let point = report.place?.coordinate {
            fields[names.latitude] = FieldValue(Self.degrees(point.latitude))
            fields[names.longitude] = FieldValue(Self.degrees(point.longitude))
        }
        if let address = report.place?.address { fields[names.address] = FieldValue(address) }
        // A citizen's answer never stands in the place of what we say.
        for answer in report.answers where !names.all.contains(answer.code) {
            fields[answer.code] = FieldValue(answer.values)
        }
        let person = [report.reporter.firstName, report.reporter.lastName, report.reporter.phone]
            .compactMap { $0 }.joined(separator: " ")
        let text = report.text(naming: pictures.addresses)
        queue = settings.queue
        subject = report.subject(most: Self.longestSubject)
        content = person.isEmpty ? text : text + "\n" + person
        requestor = report.reporter.email
        self.fields = fields
        attachments = pictures.files
    }

    /// Degrees to seven places, about a centimetre, without an exponent.
    static func degrees(_ value: Double) -> String {
        guard let scaled = Int64(exactly: (value * 10_000_000).rounded()) else { return "" }
        let (whole, rest) = abs(scaled).quotientAndRemainder(dividingBy: 10_000_000)
        let digits = String(String(10_000_000 + rest).dropFirst())
        let fraction = digits.reversed().drop { $0 == "0" }.reversed()
        let sign = scaled < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(fraction))"
    }
}

/// The pictures of a message: files where we have them, else their addresses.
struct ShownPictures {
    var files: [NewAttachment] = []
    var addresses: [String] = []

    init(_ media: [String], over wire: Wire) async throws(PeerError) {
        for address in media {
            if let picture = try await wire.picture(at: address) {
                files.append(NewAttachment(picture))
            } else {
                addresses.append(address)
            }
        }
    }
}
