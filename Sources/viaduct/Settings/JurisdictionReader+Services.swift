import Reports

extension JurisdictionReader {
    /// The services, with no code and no name twice: clients tell them apart by either (GR-4).
    ///
    /// `services: []` is an authority that publishes nothing yet (GR-A8).
    mutating func readServices(_ entry: Entry) -> [Service] {
        let entries = entry.list(&findings)
        var codes: [Service.Code: Int] = [:]
        var names: [String: Service.Code] = [:]
        return entries.compactMap { entry in
            guard let service = service(entry) else { return nil }
            if let line = codes[service.code] {
                findings.add(
                    "\(service.code) is already the code of the service in line \(line)", at: entry)
            }
            codes[service.code] = entry.line ?? 0
            for (language, text) in service.name.texts.sorted(by: {
                $0.key.rawValue < $1.key.rawValue
            }) {
                let key = language.rawValue + ":" + text
                if let other = names[key], other != service.code {
                    findings.add("`\(text)` is already the name of \(other)", at: entry)
                }
                names[key] = service.code
            }
            return service
        }
    }

    /// One service, or `nil` with findings.
    mutating func service(_ entry: Entry) -> Service? {
        guard var keys = entry.keys(&findings) else { return nil }
        let code = keys.required("code", "a code such as POTHOLE", &findings).flatMap {
            name($0, Service.Code.init, "needs up to 128 characters, no comma")
        }
        let title = keys.required("name", "its name in each language", &findings)
            .flatMap { localized($0) }
        let description = keys.optional("description").map { localized($0) }
        let group = keys.optional("group").map { localized($0) }
        let otherGroups = keys.optional("other_groups").map { readGroups($0) }
        let keywords = keys.optional("keywords").map { readKeywords($0) }
        let receipt = readReceipt(&keys)
        let isPrivate = keys.optional("private")?.flag(&findings)
        let precision = readPrecision(&keys)
        let notice = keys.optional("notice").map { localized($0) }
        let agency = keys.optional("agency").map { localized($0) }
        let attributes = keys.optional("attributes").map { readAttributes($0) }
        keys.finish(&findings)
        guard let code, let title else { return nil }
        return Service(
            code: code, name: title, description: (description ?? nil) ?? Localized([:]),
            group: (group ?? nil) ?? OtherGroup.name, otherGroups: otherGroups ?? [],
            keywords: keywords ?? [], answersWith: receipt,
            visibility: isPrivate == true ? .private : .public, precision: precision,
            notice: (notice ?? nil) ?? Localized([:]), agency: (agency ?? nil) ?? Localized([:]),
            attributes: attributes ?? [])
    }

    /// Tags that FixMyStreet reads as orders, not as words (GR-4).
    static let refusedKeywords: Set<String> = ["private", "inactive", "staff", "waste_only"]

    private mutating func readGroups(_ entry: Entry) -> [Localized] {
        entry.list(&findings).compactMap { localized($0) }
    }

    private mutating func readKeywords(_ entry: Entry) -> [String] {
        entry.list(&findings).compactMap { child in
            guard let word = child.text(&findings) else { return nil }
            guard !word.contains(where: { $0.isWhitespace || $0 == "," }) else {
                findings.add("must hold no blank and no comma", at: child)
                return nil
            }
            guard !Self.refusedKeywords.contains(word) else {
                findings.add("`\(word)` switches clients' behaviour; write another word", at: child)
                return nil
            }
            return word
        }
    }

    private mutating func readReceipt(_ keys: inout Keys) -> Service.Receipt {
        let type = keys.optional("type")?.choice(of: ["realtime", "batch"], &findings)
        let delay = keys.optional("resolves_after")
        guard type == "batch" else {
            if let delay {
                findings.add("is for type: batch only; leave it out", at: delay)
            }
            return .realtime
        }
        let duration = delay?.duration(upTo: .seconds(30 * 86_400), &findings)
        return .batch(resolvesAfter: duration ?? .seconds(60))
    }

    private mutating func readAttributes(_ entry: Entry) -> [Attribute] {
        var seen: Set<Attribute.Code> = []
        return entry.list(&findings).compactMap { child in
            guard let attribute = attribute(child) else { return nil }
            if !seen.insert(attribute.code).inserted {
                findings.add("\(attribute.code) is already asked; take another code", at: child)
            }
            return attribute
        }
    }

    private mutating func attribute(_ entry: Entry) -> Attribute? {
        guard var keys = entry.keys(&findings) else { return nil }
        let code = keys.required("code", "a code such as SIZE", &findings).flatMap {
            name($0, Attribute.Code.init, "needs 1 to 64 bytes without [ and ]")
        }
        if let text = keys.optional("information") {
            let information = localized(text)
            keys.finish(&findings)
            guard let code, let information else { return nil }
            return Attribute(
                code: code, datatype: .string, purpose: .information, question: information)
        }
        let question = keys.required("question", "what is asked, in each language", &findings)
            .flatMap { localized($0) }
        let hint = keys.optional("hint").map { localized($0) }
        let isRequired = keys.optional("required")?.flag(&findings)
        let isPrivate = keys.optional("private")?.flag(&findings)
        let datatype = datatype(&keys)
        keys.finish(&findings)
        guard let code, let question, let datatype else { return nil }
        return Attribute(
            code: code, datatype: datatype, purpose: isRequired == true ? .required : .optional,
            question: question, hint: (hint ?? nil) ?? Localized([:]),
            visibility: isPrivate == true ? .private : .public)
    }

    private mutating func datatype(_ keys: inout Keys) -> Attribute.Datatype? {
        let words = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
        let entry = keys.required("datatype", "one of \(words.joined(separator: ", "))", &findings)
        let values = keys.optional("values")
        guard let word = entry?.choice(of: words, &findings) else { return nil }
        guard word.hasSuffix("list") else {
            if let values {
                findings.add("are for lists only; write datatype: singlevaluelist", at: values)
            }
            switch word {
            case "number": return .number
            case "datetime": return .datetime
            case "text": return .text
            default: return .string
            }
        }
        guard let values else {
            findings.add(
                "needs `values:` with at least one `- {key: …, name: …}`",
                line: keys.entry.line, key: keys.entry.key)
            return nil
        }
        let choices = readValues(values)
        return word == "singlevaluelist" ? .singleValueList(choices) : .multiValueList(choices)
    }

    private mutating func readValues(_ entry: Entry) -> [Attribute.Value] {
        let entries = entry.list(&findings)
        if entries.isEmpty { findings.add("needs at least one value", at: entry) }
        var seen: Set<String> = []
        return entries.compactMap { child in
            guard var keys = child.keys(&findings) else { return nil }
            let key = keys.required("key", "what is submitted, such as LARGE", &findings)?
                .text(&findings)
            let title = keys.required("name", "what is shown, in each language", &findings)
                .flatMap { localized($0) }
            keys.finish(&findings)
            guard let key, let title else { return nil }
            if !seen.insert(key).inserted {
                findings.add("`\(key)` stands twice; keep one of them", at: child)
            }
            return Attribute.Value(key: key, name: title)
        }
    }
}

/// The heading of services that name none: it must never be empty (GR-4).
enum OtherGroup {
    static let name = Localized(
        Dictionary(
            uniqueKeysWithValues: [
                ("bg", "Други"), ("sq", "Të tjera"), ("sr", "Ostalo"), ("en", "Other"),
                ("de", "Sonstiges"), ("fr", "Autres"), ("es", "Otros"), ("it", "Altro"),
                ("mk", "Други"), ("hr", "Ostalo"), ("tr", "Diğer"), ("fi", "Muut"),
            ].compactMap { code, text in Language(rawValue: code).map { ($0, text) } }))
}
