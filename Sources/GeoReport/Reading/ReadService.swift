/// A service as another server tells it (GR-4).
package struct ReadService: Sendable, Equatable {
    package var code: String
    /// Its code, if the server tells no name.
    package var name: String
    package var description: String?
    /// Whether there is a definition to ask for.
    package var hasMetadata: Bool
    package var kind: Kind
    package var keywords: [String]
    /// The first of its headings.
    package var group: String? { groups.first }
    package var groups: [String]

    /// What the server answers a POST with.
    package enum Kind: String, Sendable, CaseIterable {
        case realtime
        case batch
        case blackbox
    }

    /// A service with what every service has.
    package init(code: String, name: String) {
        self.code = code
        self.name = name
        hasMetadata = false
        kind = .realtime
        keywords = []
        groups = []
    }

    /// Reads one item of a list, or `nil` if it has no code.
    init?(_ fields: Fields) {
        guard let code = fields.word("service_code") else { return nil }
        self.init(code: code, name: fields.text("service_name") ?? code)
        description = fields.text("description")
        hasMetadata = fields.truth("metadata") ?? false
        kind = fields.word("type").flatMap { Kind(rawValue: $0.lowercased()) } ?? .realtime
        keywords = fields.texts("keywords").flatMap { $0.split(separator: ",") }
            .compactMap { Fields.trimmed(String($0)) }
        groups = fields.texts("groups", "group")
    }
}

/// The questions of a service as another server tells them (GR-5).
package struct ReadDefinition: Sendable, Equatable {
    package var serviceCode: String?
    /// In the order in which they are asked.
    package var attributes: [ReadAttribute]

    /// Reads a definition, or `nil` if an attribute has no code.
    init?(_ fields: Fields) {
        serviceCode = fields.word("service_code")
        // Early servers put the attributes under the root, without a container (GR-5).
        let rows = fields.objects("attributes", "attribute")
        let read = rows.compactMap(ReadAttribute.init)
        guard read.count == rows.count else { return nil }
        let places = read.enumerated().sorted { one, other in
            (one.element.order ?? .max, one.offset) < (other.element.order ?? .max, other.offset)
        }
        attributes = places.map(\.element)
    }
}

/// One question of a service as another server tells it.
package struct ReadAttribute: Sendable, Equatable {
    package var code: String
    /// Whether there is something to answer.
    package var isVariable: Bool
    package var isRequired: Bool
    package var datatype: Datatype
    package var hint: String?
    package var order: Int?
    package var question: String?
    /// The choices of a list.
    package var values: [Value]

    /// GeoReport's six datatypes.
    package enum Datatype: String, Sendable, CaseIterable {
        case string
        case number
        case datetime
        case text
        case singlevaluelist
        case multivaluelist
    }

    /// One choice of a list.
    package struct Value: Sendable, Equatable {
        package let key: String
        package let name: String
    }

    /// Reads one attribute, or `nil` if it has no code.
    init?(_ fields: Fields) {
        guard let code = fields.word("code") else { return nil }
        self.code = code
        isVariable = fields.truth("variable") ?? true
        isRequired = fields.truth("required") ?? false
        hint = fields.text("datatype_description")
        order = fields.word("order").flatMap(Calls.wholeNumber)
        question = fields.text("description")
        values = fields.objects("values").compactMap { row in
            guard let key = row.word("key") ?? row.word("name") else { return nil }
            return Value(key: key, name: row.text("name") ?? key)
        }
        // What a city calls its own datatypes is a list if it has choices, and else a line.
        datatype =
            fields.word("datatype").flatMap { Datatype(rawValue: $0.lowercased()) }
            ?? (values.isEmpty ? .string : .singlevaluelist)
    }
}

/// What a POST, or a token, was answered with (GR-6.3, GR-7).
package struct ReadReceipt: Sendable, Equatable {
    package var id: String?
    package var token: String?
    package var notice: String?
    package var accountID: String?

    /// Reads the answer; nothing in it has to be there.
    init(_ fields: Fields) {
        id = fields.word("service_request_id")
        token = fields.word("token")
        notice = fields.text("service_notice")
        accountID = fields.word("account_id")
    }
}

/// Where a server's endpoints are (GR-3).
package struct ReadDiscovery: Sendable, Equatable {
    package var changeset: String?
    package var contact: String?
    package var keyService: String?
    package var endpoints: [Endpoint]

    /// One base address of a server.
    package struct Endpoint: Sendable, Equatable {
        package var specification: String?
        package var url: String?
        package var changeset: String?
        package var type: String?
        package var formats: [String]
    }

    /// Reads a discovery document; nothing in it has to be there.
    init(_ fields: Fields) {
        changeset = fields.word("changeset")
        contact = fields.text("contact")
        keyService = fields.text("key_service")
        endpoints = fields.objects("endpoints").map { endpoint in
            Endpoint(
                specification: endpoint.word("specification"), url: endpoint.word("url"),
                changeset: endpoint.word("changeset"), type: endpoint.word("type"),
                formats: endpoint.texts("formats"))
        }
    }
}
