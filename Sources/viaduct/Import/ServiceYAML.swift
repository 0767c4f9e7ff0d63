import Reports

/// Services as they stand in a jurisdiction's file.
struct ServiceYAML {
    /// The jurisdiction's languages; a text in the first one only stands by itself.
    let languages: [Language]

    /// One item of `services:`, with a line break at its end.
    func item(_ service: Service) -> String {
        var lines = "  - code:" + YAMLText.value(service.code.rawValue, indent: 6) + "\n"
        lines += text("name", service.name, indent: 4)
        lines += text("description", service.description, indent: 4)
        if service.group != OtherGroup.name { lines += text("group", service.group, indent: 4) }
        lines += groups(service.otherGroups)
        if !service.keywords.isEmpty {
            lines +=
                "    keywords: [\(service.keywords.map(YAMLText.item).joined(separator: ", "))]\n"
        }
        if case .batch(let delay) = service.answersWith {
            lines += "    type: batch\n    resolves_after: \(delay.components.seconds)s\n"
        }
        if service.visibility == .private { lines += "    private: true\n" }
        lines += text("notice", service.notice, indent: 4)
        lines += text("agency", service.agency, indent: 4)
        if !service.attributes.isEmpty { lines += "    attributes:\n" }
        return lines + service.attributes.map(attribute).joined()
    }

    private func groups(_ groups: [Localized]) -> String {
        guard !groups.isEmpty else { return "" }
        return "    other_groups: [\(groups.compactMap(flow).joined(separator: ", "))]\n"
    }

    private func attribute(_ attribute: Attribute) -> String {
        var lines = "      - code:" + YAMLText.value(attribute.code.rawValue, indent: 10) + "\n"
        if attribute.purpose == .information {
            return lines + text("information", attribute.question, indent: 8)
        }
        lines += "        datatype: \(Self.word(attribute.datatype))\n"
        if attribute.purpose == .required { lines += "        required: true\n" }
        lines += text("question", attribute.question, indent: 8)
        lines += text("hint", attribute.hint, indent: 8)
        guard let values = attribute.datatype.values else { return lines }
        lines += "        values:\n"
        for value in values {
            let flow = flow(value.name) ?? "\n"
            let short = "          - {key: \(YAMLText.item(value.key)), name: \(flow)}"
            guard short.contains("\n") || short.count > 100 else {
                lines += short + "\n"
                continue
            }
            lines += "          - key:" + YAMLText.value(value.key, indent: 14) + "\n"
            lines += text("name", value.name, indent: 12)
        }
        return lines
    }

    private static func word(_ datatype: Attribute.Datatype) -> String {
        switch datatype {
        case .string: "string"
        case .number: "number"
        case .datetime: "datetime"
        case .text: "text"
        case .singleValueList: "singlevaluelist"
        case .multiValueList: "multivaluelist"
        }
    }

    /// All languages on one line, or `nil` if a text has several lines.
    private func flow(_ localized: Localized) -> String? {
        let texts = languages.compactMap { language in
            localized.texts[language].map { (language, $0) }
        }
        guard !texts.contains(where: { $0.1.contains("\n") }) else { return nil }
        if texts.count == 1, let first = texts.first, first.0 == languages.first {
            return YAMLText.item(first.1)
        }
        let pairs = texts.map { "\($0): \(YAMLText.item($1))" }
        return "{" + pairs.joined(separator: ", ") + "}"
    }

    /// A key with its text in each language; nothing if there is none.
    func text(_ key: String, _ localized: Localized, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        let texts = languages.compactMap { language in
            localized.texts[language].map { (language, $0) }
        }
        guard let first = texts.first else { return "" }
        if texts.count == 1, first.0 == languages.first {
            return margin + key + ":" + YAMLText.value(first.1, indent: indent + 2) + "\n"
        }
        if let flow = flow(localized), margin.count + key.count + 2 + flow.count <= 100 {
            return "\(margin)\(key): \(flow)\n"
        }
        return margin + key + ":\n"
            + texts.map { language, text in
                "\(margin)  \(language):" + YAMLText.value(text, indent: indent + 4) + "\n"
            }.joined()
    }
}
