import FoundationEssentials

/// A ticket as Redmine shows it.
struct Issue: Decodable, Sendable {
    let id: Int
    let project: Named?
    let tracker: Named?
    let status: Named
    let subject: String?
    let description: String?
    let isPrivate: Bool?
    let fields: [Field]?
    let created: String
    let updated: String
    let journals: [Journal]?
    let attachments: [Attachment]?
    let relations: [Relation]?
    /// What our account may make of its status.
    let allowedStatuses: [Named]?

    enum CodingKeys: String, CodingKey {
        case id, project, tracker, status, subject, description, journals, attachments, relations
        case isPrivate = "is_private"
        case fields = "custom_fields"
        case created = "created_on"
        case updated = "updated_on"
        case allowedStatuses = "allowed_statuses"
    }

    /// What a custom field holds; none if it is blank, or not shown.
    func values(of number: Int) -> [String] {
        fields?.first { $0.id == number }?.values.filter { !$0.isEmpty } ?? []
    }

    func value(of number: Int?) -> String? {
        number.flatMap { values(of: $0).first }
    }

    /// Whether staff call it the duplicate of another ticket.
    var isDuplicate: Bool {
        relations?.contains { $0.issue == id && $0.type == "duplicates" } ?? false
    }

    /// Of two tickets: what the first one is to the other.
    struct Relation: Decodable, Sendable {
        let issue: Int
        let type: String

        enum CodingKeys: String, CodingKey {
            case issue = "issue_id"
            case type = "relation_type"
        }
    }

    /// A thing by its number, often with its name.
    struct Named: Decodable, Sendable {
        let id: Int
        let name: String?
        /// Of a status: what Redmine itself says, whatever its name.
        let isClosed: Bool?

        enum CodingKeys: String, CodingKey {
            case id, name
            case isClosed = "is_closed"
        }
    }

    /// A custom field of it: one value, or a list where several may be chosen.
    struct Field: Decodable, Sendable {
        let id: Int
        let values: [String]

        enum CodingKeys: String, CodingKey {
            case id, value
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id = try container.decode(Int.self, forKey: .id)
            if let list = try? container.decode([String].self, forKey: .value) {
                values = list
            } else {
                let value = try? container.decodeIfPresent(String.self, forKey: .value)
                values = value.map { [$0] } ?? []
            }
        }
    }

    /// One entry of its history.
    struct Journal: Decodable, Sendable {
        let id: Int
        let user: Named?
        let notes: String?
        let created: String
        let isPrivate: Bool?
        let details: [Change]?

        enum CodingKeys: String, CodingKey {
            case id, user, notes, details
            case created = "created_on"
            case isPrivate = "private_notes"
        }
    }

    /// What an entry changed: `attr`, `cf`, `attachment` or `relation`, with numbers for values.
    struct Change: Decodable, Sendable {
        let property: String
        let name: String
        let old: String?
        let new: String?

        enum CodingKeys: String, CodingKey {
            case property, name
            case old = "old_value"
            case new = "new_value"
        }

        /// What concerns us are texts; whatever else a plug-in puts there costs no history.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            property = (try? container.decode(String.self, forKey: .property)) ?? ""
            name = (try? container.decode(String.self, forKey: .name)) ?? ""
            old = try? container.decode(String.self, forKey: .old)
            new = try? container.decode(String.self, forKey: .new)
        }
    }

    struct Attachment: Decodable, Sendable {
        let id: Int
        let filename: String?
        let contentType: String?
        let description: String?
        let author: Named?

        enum CodingKeys: String, CodingKey {
            case id, filename, description, author
            case contentType = "content_type"
        }
    }
}

extension Issue {
    /// A time of Redmine's: always UTC, whatever the account's zone.
    static func time(_ text: String) -> Date? {
        try? Date(text, strategy: .iso8601)
    }
}

extension Issue.Attachment {
    /// Whether it is a picture of a kind that we keep.
    var isPicture: Bool {
        let types = ["image/jpeg", "image/png", "image/webp"]
        if let contentType, types.contains(contentType) { return true }
        return Self.namesPicture(filename ?? "")
    }

    static func namesPicture(_ filename: String) -> Bool {
        let name = filename.lowercased()
        return [".jpg", ".jpeg", ".png", ".webp"].contains { name.hasSuffix($0) }
    }
}

/// A part of a list that is read whether or not the others can be.
struct Row<Value: Decodable & Sendable>: Decodable, Sendable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}

/// Lists and single things, each below its own name.
enum Answer {
    struct Issues: Decodable, Sendable {
        let issues: [Row<Issue>]
        let total: Int

        enum CodingKeys: String, CodingKey {
            case issues
            case total = "total_count"
        }
    }

    struct OneIssue: Decodable, Sendable {
        let issue: Issue
    }

    struct Statuses: Decodable, Sendable {
        let statuses: [Issue.Named]

        enum CodingKeys: String, CodingKey {
            case statuses = "issue_statuses"
        }
    }

    struct User: Decodable, Sendable {
        let user: Account

        struct Account: Decodable, Sendable {
            let id: Int
            let login: String?
        }
    }

    struct OneProject: Decodable, Sendable {
        let project: Project

        struct Project: Decodable, Sendable {
            let id: Int
            let name: String?
            let trackers: [Issue.Named]?
        }
    }

    struct Upload: Decodable, Sendable {
        let upload: Token

        struct Token: Decodable, Sendable {
            let token: String
        }
    }

    struct Mistakes: Decodable, Sendable {
        let errors: [String]
    }
}
