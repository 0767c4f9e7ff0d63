import Reports

/// The little JSON that `jsonb` columns hold: our own few shapes, and nothing that came from outside.
///
/// GeoReport's JSON is another module's business; this one may not know it.
enum JSONText {
    /// `[{"code": …, "values": […]}]`, or `nil` for no answers.
    static func of(_ answers: [Answer]) -> String? {
        guard !answers.isEmpty else { return nil }
        let items = answers.map { answer in
            "{\"code\":\(string(answer.code.rawValue)),\"values\":\(list(answer.values))}"
        }
        return "[\(items.joined(separator: ","))]"
    }

    /// `[{"name": …, "value": …}]`, or `nil` for none.
    static func of(_ unknown: [Report.Draft.Unknown]) -> String? {
        guard !unknown.isEmpty else { return nil }
        let items = unknown.map { item in
            "{\"name\":\(string(item.name)),\"value\":\(string(item.value))}"
        }
        return "[\(items.joined(separator: ","))]"
    }

    /// Reads what `of(_: [Unknown])` wrote, in the form that PostgreSQL keeps it in; `nil` if it is
    /// anything else.
    static func unknown(in text: String) -> [Report.Draft.Unknown]? {
        var reader = Reader(bytes: Array(text.utf8))
        var items: [Report.Draft.Unknown] = []
        guard reader.take("[") else { return nil }
        while !reader.take("]") {
            guard reader.take("{"), reader.string() == "name", reader.take(":"),
                let name = reader.string(), reader.take(","), reader.string() == "value",
                reader.take(":"), let value = reader.string(), reader.take("}")
            else { return nil }
            items.append(Report.Draft.Unknown(name: name, value: value))
            _ = reader.take(",")
        }
        return items
    }

    /// One member per language.
    static func of(_ texts: Localized) -> String {
        let members = texts.texts.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\(string($0.key.rawValue)):\(string($0.value))" }
        return "{\(members.joined(separator: ","))}"
    }

    /// A list of strings.
    static func list(_ texts: [String]) -> String {
        "[\(texts.map(string).joined(separator: ","))]"
    }

    private static func string(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        let digits = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads what `of(_: [Answer])` wrote, in the form that PostgreSQL keeps it in; `nil` if it is
    /// anything else.
    static func answers(in text: String) -> [Answer]? {
        var reader = Reader(bytes: Array(text.utf8))
        var answers: [Answer] = []
        guard reader.take("[") else { return nil }
        while !reader.take("]") {
            // PostgreSQL sorts members by length, then bytes: "code" stands before "values".
            guard reader.take("{"), reader.string() == "code", reader.take(":"),
                let code = reader.string().flatMap(Attribute.Code.init(rawValue:)),
                reader.take(","), reader.string() == "values", reader.take(":"),
                let values = reader.list(), reader.take("}")
            else { return nil }
            answers.append(Answer(code: code, values: values))
            _ = reader.take(",")
        }
        return answers
    }
}

/// Reads strings and the signs between them.
private struct Reader {
    let bytes: [UInt8]
    var position = 0

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Steps over the sign, and the blanks before it, if it comes next.
    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        while next == UInt8(ascii: " ") { position += 1 }
        guard next == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    mutating func list() -> [String]? {
        guard take("[") else { return nil }
        var items: [String] = []
        while !take("]") {
            guard let item = string() else { return nil }
            items.append(item)
            _ = take(",")
        }
        return items
    }

    mutating func string() -> String? {
        guard take("\"") else { return nil }
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = escape() else { return nil }
                content.append(escaped)
            default: content.append(byte)
            }
        }
        return nil
    }

    /// What follows a backslash: PostgreSQL escapes signs and controls only, each one byte.
    private mutating func escape() -> UInt8? {
        guard let letter = next else { return nil }
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { return nil }
            defer { position += 4 }
            let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
            return UInt8(digits, radix: 16)
        default: return letter
        }
    }
}
