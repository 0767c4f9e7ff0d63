import FoundationEssentials

/// A ticket as RT shows it; merged into another, it is shown as the other.
struct TicketDocument: Decodable {
    let id: Label
    let subject: String?
    let status: String?
    let lastUpdated: String?
    /// When it was closed first; 1970 is never.
    let resolved: String?
    let fields: [Field]?

    struct Field: Decodable {
        let name: String?
        let values: [Label]?
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case subject = "Subject"
        case status = "Status"
        case lastUpdated = "LastUpdated"
        case resolved = "Resolved"
        case fields = "CustomFields"
    }

    /// What a custom field holds; empty if there is none of this name.
    func values(of name: String) -> [String] {
        (fields ?? []).filter { $0.name == name }.flatMap { $0.values ?? [] }.compactMap(\.text)
    }

    /// Whether it has ever been closed.
    var wasClosed: Bool { resolved.map { !$0.hasPrefix("1970-01-01") } ?? false }
}

/// A part of a list.
struct ListDocument<Item: Decodable>: Decodable {
    let items: [Item]
}

/// What only its id is wanted of.
struct Reference: Decodable {
    let id: Label
}

/// One thing that happened to a ticket.
struct TransactionDocument: Decodable {
    let id: Label
    let type: String?
    let field: String?
    var oldValue: Label?
    let newValue: Label?
    let ticket: Label?
    let created: String?

    private enum CodingKeys: String, CodingKey {
        case id
        case type = "Type"
        case field = "Field"
        case oldValue = "OldValue"
        case newValue = "NewValue"
        case ticket = "ObjectId"
        case created = "Created"
    }
}

/// A part of what somebody said: its text, a picture, or what holds them together.
struct AttachmentDocument: Decodable {
    let id: Label
    let subject: String?
    let mediaType: String?
    let name: String?
    let headers: String?
    /// In base64 with line breaks; only where one attachment is asked for.
    let content: String?

    private enum CodingKeys: String, CodingKey {
        case id
        case subject = "Subject"
        case mediaType = "ContentType"
        case name = "Filename"
        case headers = "Headers"
        case content = "Content"
    }

    var bytes: [UInt8]? {
        content.flatMap { Data(base64Encoded: $0, options: .ignoreUnknownCharacters) }
            .map { Array($0) }
    }
}

struct QueueDocument: Decodable {
    let id: Label
    let name: String?
    let fields: [Field]?

    struct Field: Decodable {
        let name: String?
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case name = "Name"
        case fields = "TicketCustomFields"
    }
}

/// A text or a number: RT writes ids as both. What is neither is nothing.
struct Label: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.text = text
        } else {
            text = (try? container.decode(Int64.self)).map(String.init)
        }
    }
}
