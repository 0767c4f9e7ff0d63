import Reports

extension Sink {
    /// GR-4: all seven members always.
    mutating func services(_ call: ServicesCall, of jurisdiction: Jurisdiction) {
        let labels = Labels(of: jurisdiction, in: call.languages)
        beginList("services", as: .root)
        for service in jurisdiction.services where call.asks(for: service, of: jurisdiction) {
            self.service(service, labels: labels, dialects: call.dialects)
        }
        endList()
    }

    private mutating func service(
        _ service: Service, labels: Labels, dialects: Set<Client.Profile.Dialect>
    ) {
        beginObject("service", as: .item)
        text("service_code", service.code.rawValue)
        text("service_name", labels.name(of: service))
        text("description", labels.text(service.description))
        // There always is FixMyStreet's question, which it finds only where this is true (GR-13.4).
        truth("metadata", true)
        text("type", service.answersWith.type)
        text("keywords", service.publishedKeywords(for: dialects))
        text("group", labels.group(of: service))
        if dialects.contains(.fixmystreet) { groups(of: service, labels: labels) }
        endObject()
    }

    /// GR-A54: all headings, which only FixMyStreet knows how to read.
    private mutating func groups(of service: Service, labels: Labels) {
        beginList("groups", as: .member)
        for group in [labels.group(of: service)] + service.otherGroups.compactMap(labels.text) {
            item("group", group)
        }
        endList()
    }

    /// GR-5: the order is 1 to n without gaps, and only lists have values.
    mutating func definition(of service: Service, labels: Labels) {
        beginObject("service_definition", as: .root)
        text("service_code", service.code.rawValue)
        beginList("attributes", as: .member)
        // A catalogue taken over from elsewhere may have FixMyStreet's question already.
        let attributes = service.attributes.filter { !$0.code.isForeignNumber }
        for (index, attribute) in attributes.enumerated() {
            self.attribute(attribute, order: index + 1, labels: labels)
        }
        foreignNumber(order: attributes.count + 1, labels: labels)
        endList()
        endObject()
    }

    /// GR-13.4: asks FixMyStreet for its number of the report, and nobody else for anything.
    private mutating func foreignNumber(order: Int, labels: Labels) {
        beginObject("attribute", as: .item)
        truth("variable", false)
        text("code", ForeignNumber.code)
        text("datatype", "string")
        truth("required", false)
        text("datatype_description", nil)
        integer("order", order)
        text("description", labels.foreignNumber)
        text("automated", "server_set")
        endObject()
    }

    private mutating func attribute(_ attribute: Attribute, order: Int, labels: Labels) {
        beginObject("attribute", as: .item)
        truth("variable", attribute.purpose != .information)
        text("code", attribute.code.rawValue)
        text("datatype", attribute.datatype.name)
        truth("required", attribute.purpose == .required)
        text("datatype_description", labels.text(attribute.hint))
        integer("order", order)
        text("description", labels.text(attribute.question))
        if let values = attribute.datatype.values { self.values(values, labels: labels) }
        endObject()
    }

    private mutating func values(_ values: [Attribute.Value], labels: Labels) {
        beginList("values", as: .member)
        for value in values {
            beginObject("value", as: .item)
            text("key", value.key)
            text("name", labels.text(value.name) ?? value.key)
            endObject()
        }
        endList()
    }
}

extension Service {
    /// The keywords as one text without blanks around the commas, or `nil` if there are none.
    ///
    /// FixMyStreet takes these four words for commands, so they are never among them (GR-4); in its
    /// dialect it is told to keep reports private of which we would never show one.
    fileprivate func publishedKeywords(for dialects: Set<Client.Profile.Dialect>) -> String? {
        let commands = ["private", "inactive", "staff", "waste_only"]
        var words = keywords.filter { !commands.contains($0.lowercased()) }
        if dialects.contains(.fixmystreet), visibility == .private { words.append("private") }
        return words.isEmpty ? nil : words.joined(separator: ",")
    }
}

extension Service.Receipt {
    /// GeoReport's `type` of a service.
    fileprivate var type: String {
        switch self {
        case .realtime: "realtime"
        case .batch: "batch"
        }
    }
}

extension Attribute.Datatype {
    /// GeoReport's name of the datatype.
    var name: String {
        switch self {
        case .string: "string"
        case .number: "number"
        case .datetime: "datetime"
        case .text: "text"
        case .singleValueList: "singlevaluelist"
        case .multiValueList: "multivaluelist"
        }
    }
}
