import Reports

/// A JSON object as parameters: the same names as in a form, `attribute` as a map (GR-15.2).
enum JSONBody {
    /// Parameters that are numbers in JSON, and only numbers (bad input 81).
    private static let numbers: Set = ["lat", "long", "lon", "lng"]
    /// Parameters that are text, whatever they look like.
    private static let texts: Set = [
        "api_key", "jurisdiction_id", "service_code", "address_string", "address", "address_id",
        "zipcode", "zip_code", "title", "description", "email", "first_name", "last_name", "phone",
        "device_id", "deviceid", "account_id", "client_request_id",
    ]
    /// Parameters that are text or a list of texts.
    private static let lists: Set = [
        "jurisdictions", "kinds", "media", "media[]", "media_url", "media_url[]", "services",
    ]

    /// The parameters, or a fault that names the one at fault.
    static func items(_ bytes: [UInt8]) throws(Fault) -> [Parameters.Item] {
        let value: JSONValue
        do {
            value = try JSONReader.parse(bytes)
        } catch {
            throw Fault(.malformed, "body is not JSON that can be read: \(problem(error))")
        }
        guard let members = value.members else {
            throw Fault(.malformed, "body must be a JSON object")
        }
        var items: [Parameters.Item] = []
        for member in members { items += try self.items(member) }
        return items
    }

    private static func items(_ member: JSONValue.Member) throws(Fault) -> [Parameters.Item] {
        let name = member.key
        // Before any comparison: Unicode's takes time quadratic in a run of combining marks.
        guard name.utf8.count <= Parameters.longestName else { throw Parameters.Item.longName }
        if name == "attribute" { return try answers(member.value) }
        if name.hasPrefix("attribute[") { return try answer(name, member.value) }
        if name.isEmpty || member.value == .null { return [] }
        switch member.value {
        case .number(let text) where !texts.contains(name) && !lists.contains(name):
            return [try item(name, text)]
        case .string(let text) where !numbers.contains(name):
            return [try item(name, text)]
        case .array(let elements) where lists.contains(name):
            return try elements.map { element throws(Fault) in
                guard let text = element.string else { throw wrong(name, "text") }
                return try item(name, text)
            }
        case .bool(let flag) where !isKnown(name):
            return [try item(name, flag ? "true" : "false")]
        default:
            // An object or a list under a name we do not know means nothing to us (bad input 92).
            guard isKnown(name) else { return [] }
            throw wrong(name, numbers.contains(name) ? "a number" : "text")
        }
    }

    /// The map of answers.
    private static func answers(_ value: JSONValue) throws(Fault) -> [Parameters.Item] {
        if value == .null { return [] }
        guard let members = value.members else { throw wrong("attribute", "an object") }
        var items: [Parameters.Item] = []
        for member in members {
            guard let code = Attribute.Code(rawValue: member.key) else {
                throw Fault(.malformed, "attribute has a code that is none")
            }
            items += try answer("attribute[\(code)]", member.value)
        }
        return items
    }

    /// One answer: text, a number, a flag, or a list of these.
    private static func answer(
        _ name: String, _ value: JSONValue
    ) throws(Fault) -> [Parameters.Item] {
        switch value {
        case .null: return []
        case .string(let text), .number(let text): return [try item(name, text)]
        case .bool(let flag): return [try item(name, flag ? "true" : "false")]
        case .array(let elements):
            var items: [Parameters.Item] = []
            for element in elements {
                if case .array = element { throw wrong(name, "text or a list of texts") }
                items += try answer(name, element)
            }
            return items
        case .object: throw wrong(name, "text or a list of texts")
        }
    }

    private static func item(_ name: String, _ text: String) throws(Fault) -> Parameters.Item {
        try .checked(Array(name.utf8)[...], Array(text.utf8)[...], source: .body)
    }

    private static func isKnown(_ name: String) -> Bool {
        numbers.contains(name) || texts.contains(name) || lists.contains(name)
    }

    private static func wrong(_ name: String, _ kind: String) -> Fault {
        Fault(.malformed, "\(Parameters.Item.label(name)) must be \(kind) in JSON")
    }

    private static func problem(_ error: JSONError) -> String {
        switch error.reason {
        case .syntax: "syntax error at byte \(error.offset)"
        case .encoding: "invalid UTF-8 or half a surrogate pair at byte \(error.offset)"
        case .duplicateKey: "a key stands twice in one object"
        case .number: "a number is too long or too large at byte \(error.offset)"
        case .nul: "a text holds a NUL character"
        case .depth: "it is nested too deeply"
        case .size: "it is too large"
        }
    }
}
