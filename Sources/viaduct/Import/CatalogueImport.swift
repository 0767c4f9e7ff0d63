import GeoReport
import Reports

/// Makes services of ours of a server's catalogue, and tells what had to be changed.
struct CatalogueImport {
    /// The language that the catalogue is written in.
    let language: Language
    /// The jurisdiction's default language, in which every text must be.
    let fallback: Language
    private var changes: [String] = []
    /// Services whose definitions were not found.
    private var undefined: [String] = []
    /// Services of which a text stands in the default language's place.
    private var untranslated: [String] = []

    /// What had to be changed, in sentences.
    var remarks: [String] {
        var remarks = changes
        if !undefined.isEmpty {
            remarks.append(
                "No definition was found for \(Self.some(undefined)): "
                    + "they ask nothing until you add attributes.")
        }
        if !untranslated.isEmpty {
            remarks.append(
                "\(Self.some(untranslated)): the text in \(language) stands for \(fallback), too; "
                    + "translate it.")
        }
        return remarks
    }

    private static func some(_ codes: [String]) -> String {
        let more = codes.count > 5 ? " and \(codes.count - 5) more" : ""
        return codes.prefix(5).joined(separator: ", ") + more
    }

    init(language: Language, fallback: Language) {
        self.language = language
        self.fallback = fallback
    }

    /// The services, each with its definition if there is one; what is held already keeps what a
    /// catalogue does not say.
    mutating func services(
        _ read: [ReadService], definitions: [String: ReadDefinition], held: [Service]
    ) -> [Service] {
        var codes: Set<Service.Code> = []
        var names: [String: Service.Code] = [:]
        for service in held where !read.contains(where: { $0.code == service.code.rawValue }) {
            if let name = service.name.texts[language] { names[name] = service.code }
        }
        return read.compactMap { item in
            guard let code = code(of: item) else { return nil }
            guard codes.insert(code).inserted else {
                changes.append("\(code) stands twice in the catalogue; the first one was taken.")
                return nil
            }
            let old = held.first { $0.code == code }
            var name = CleanText.safe(item.name)
            if let other = names[name], other != code {
                changes.append(
                    "\(other) and \(code) have the same name; the second got its code behind it.")
                name += " (\(code))"
            }
            names[name] = code
            return service(item, code, name, definitions[item.code], over: old)
        }
    }

    /// The code; a comma in it would cut it in two wherever codes are listed (GR-A17).
    private mutating func code(of item: ReadService) -> Service.Code? {
        let safe = item.code.replacing(",", with: "_")
        if safe != item.code { changes.append("\(item.code) became \(safe): a code has no comma.") }
        guard let code = Service.Code(rawValue: safe) else {
            changes.append("A service was left out: its code is too long or not printable.")
            return nil
        }
        return code
    }

    private mutating func service(
        _ item: ReadService, _ code: Service.Code, _ name: String, _ definition: ReadDefinition?,
        over old: Service?
    ) -> Service {
        if item.kind == .blackbox {
            changes.append(
                "\(code) was of type blackbox, which is not offered; it became realtime.")
        }
        if item.hasMetadata, definition == nil, old == nil { undefined.append(code.rawValue) }
        var receipt = old?.answersWith ?? .realtime
        switch (item.kind, receipt) {
        case (.batch, .realtime): receipt = .batch(resolvesAfter: .seconds(60))
        case (.realtime, _), (.blackbox, _): receipt = .realtime
        case (.batch, .batch): break
        }
        if language != fallback, old?.name.texts[fallback] == nil {
            untranslated.append(code.rawValue)
        }
        let keywords = keywords(item, code)
        return Service(
            code: code, name: text(name, over: old?.name),
            description: text(item.description, over: old?.description),
            group: item.group.map { text($0, over: old?.group) } ?? old?.group ?? OtherGroup.name,
            otherGroups: old?.otherGroups ?? [], keywords: keywords, answersWith: receipt,
            visibility: old?.visibility ?? .public,
            notice: old?.notice ?? Localized([:]), agency: old?.agency ?? Localized([:]),
            attributes: definition.map { attributes($0, of: code, over: old) }
                ?? old?.attributes ?? [])
    }

    private mutating func keywords(_ item: ReadService, _ code: Service.Code) -> [String] {
        item.keywords.compactMap { word in
            let safe = word.split(whereSeparator: { $0.isWhitespace || $0 == "," })
                .joined(separator: "-")
            guard !safe.isEmpty else { return nil }
            guard !JurisdictionReader.refusedKeywords.contains(safe) else {
                changes.append(
                    "\(code): the keyword \(safe) was left out, clients take it as an order.")
                return nil
            }
            return safe
        }
    }

    private mutating func attributes(
        _ definition: ReadDefinition, of service: Service.Code, over old: Service?
    ) -> [Attribute] {
        var codes: Set<Attribute.Code> = []
        return definition.attributes.compactMap { item in
            guard let code = Attribute.Code(rawValue: item.code), codes.insert(code).inserted else {
                changes.append(
                    "\(service): an attribute was left out: its code is taken or not fit.")
                return nil
            }
            let held = old?.attributes.first { $0.code == code }
            let question = text(item.question ?? item.code, over: held?.question)
            guard item.isVariable else {
                return Attribute(
                    code: code, datatype: .string, purpose: .information, question: question)
            }
            return Attribute(
                code: code, datatype: datatype(item, of: service, over: held?.datatype),
                purpose: item.isRequired ? .required : .optional, question: question,
                hint: text(item.hint, over: held?.hint))
        }
    }

    private mutating func datatype(
        _ item: ReadAttribute, of service: Service.Code, over held: Attribute.Datatype?
    ) -> Attribute.Datatype {
        switch item.datatype {
        case .string: return .string
        case .number: return .number
        case .datetime: return .datetime
        case .text: return .text
        case .singlevaluelist, .multivaluelist: break
        }
        var keys: Set<String> = []
        let values = item.values.filter { keys.insert($0.key).inserted }.map { value in
            let old = held?.values?.first { $0.key == value.key }
            return Attribute.Value(key: value.key, name: text(value.name, over: old?.name))
        }
        guard !values.isEmpty else {
            changes.append("\(service): \(item.code) is a list without values; it became a text.")
            return .string
        }
        return item.datatype == .singlevaluelist
            ? .singleValueList(values) : .multiValueList(values)
    }

    /// A text in the catalogue's language; the other languages keep theirs.
    private func text(_ text: String?, over held: Localized?) -> Localized {
        var texts = held?.texts ?? [:]
        if let text = text.map({ CleanText.safe($0) }), !text.isEmpty {
            texts[language] = text
            if texts[fallback] == nil { texts[fallback] = text }
        }
        return Localized(texts)
    }
}
