import FoundationEssentials

/// The fields of one object as servers really write them (GR-11.3).
///
/// Every scalar may be a text, a number, a truth value, null, `""` or missing, under more than one
/// spelling of its name.
struct Fields {
    let value: JSONValue
    /// Whether white space around a text is the document's own, as in indented XML.
    let isPadded: Bool
    /// What a time without a zone means.
    let zone: ServerZone

    init(_ value: JSONValue, isPadded: Bool, zone: ServerZone = .utc) {
        self.value = value
        self.isPadded = isPadded
        self.zone = zone
    }

    /// A name, code or id: never with white space around it.
    func word(_ names: String...) -> String? {
        first(names) { Self.trimmed(Self.scalar($0)) }
    }

    /// A text as it was written; one of white space only is none.
    func text(_ names: String...) -> String? {
        first(names) { value in
            guard let text = Self.scalar(value), let trimmed = Self.trimmed(text) else {
                return nil
            }
            return isPadded ? trimmed : text
        }
    }

    /// A time, by all forms that a W3C date has.
    func time(_ names: String...) -> Found<Date> {
        guard let text = first(names, { Self.trimmed(Self.scalar($0)) }) else { return .absent }
        return zone.time(text).map(Found.value) ?? .unreadable
    }

    /// A finite number.
    func number(_ names: String...) -> Found<Double> {
        guard let text = first(names, { Self.trimmed(Self.scalar($0)) }) else { return .absent }
        let allowed = "0123456789.+-eE".utf8
        guard text.utf8.count <= 64, text.utf8.allSatisfy(allowed.contains),
            let number = Double(text), number.isFinite
        else { return .unreadable }
        return .value(number)
    }

    /// `true`, `"True"`, `1` and their opposites.
    func truth(_ names: String...) -> Bool? {
        switch first(names, { Self.trimmed(Self.scalar($0)) })?.lowercased() {
        case "true", "1", "yes": true
        case "false", "0", "no": false
        default: nil
        }
    }

    /// All texts under a name, however deep they are wrapped.
    func texts(_ names: String...) -> [String] {
        for name in names {
            if let texts = value[name].map(Self.texts(in:)), !texts.isEmpty { return texts }
        }
        return []
    }

    /// The objects of a list, bare or in a container of its own.
    func objects(_ names: String...) -> [Fields] {
        for name in names {
            guard let value = value[name] else { continue }
            switch value {
            case .array(let elements): return elements.map(inner)
            case .object(let members) where members.count == 1:
                if case .array(let elements) = members[0].value { return elements.map(inner) }
                return [inner(value)]
            case .object: return [inner(value)]
            case .string, .number, .bool, .null: continue
            }
        }
        return []
    }

    /// The fields of an object in this one.
    func inner(_ name: String) -> Fields {
        inner(value[name] ?? .null)
    }

    private func inner(_ value: JSONValue) -> Fields {
        Fields(value, isPadded: isPadded, zone: zone)
    }

    /// A value that may be missing, and may be wrong.
    enum Found<Value> {
        case absent
        case unreadable
        case value(Value)

        /// The value; `nil` if there is none.
        var orNil: Value? {
            if case .value(let value) = self { value } else { nil }
        }

        /// The value, `nil` if there is none, and a problem if there is one that cannot be read.
        func optional(_ problem: String) throws(Mistake) -> Value? {
            if case .unreadable = self { throw Mistake(problem: problem) }
            return orNil
        }
    }

    /// Why an object cannot be used.
    struct Mistake: Error {
        let problem: String
    }

    private func first<Value>(_ names: [String], _ read: (JSONValue) -> Value?) -> Value? {
        for name in names {
            if let found = value[name], let value = read(found) { return value }
        }
        return nil
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let text): text
        case .bool(let truth): truth ? "true" : "false"
        case .array(let elements): elements.lazy.compactMap(scalar).first
        case .null, .object: nil
        }
    }

    private static func texts(in value: JSONValue) -> [String] {
        switch value {
        case .array(let elements): return elements.flatMap(texts(in:))
        case .object(let members): return members.flatMap { texts(in: $0.value) }
        case .null: return []
        case .string, .number, .bool: return trimmed(scalar(value)).map { [$0] } ?? []
        }
    }

    static func trimmed(_ text: String?) -> String? {
        guard let trimmed = text.map(CleanText.trimmed), !trimmed.isEmpty else { return nil }
        return trimmed
    }
}
