import GeoReport
import XML

/// What peers answer and clients post as documents.
enum Documents {
    static func json(_ bytes: [UInt8]) {
        if let value = try? JSONReader.parse(bytes) {
            var text: [UInt8] = []
            write(value, to: &text)
            // Escaped, it may be longer than a body may be.
            if let again = try? JSONReader.parse(text) {
                demand(again == value, "JSON that is written again is the same")
            }
        }
        if let parameters = try? Parameters(query: nil, body: .json(bytes)) {
            Calling.judge(parameters)
            Calling.tell(parameters)
        }
        read(bytes, as: .json)
        _ = try? Reading.changes(bytes)
    }

    static func xml(_ bytes: [UInt8]) {
        var limits = XMLLimits()
        limits.encodings = Set(XMLLimits.Encoding.allCases)
        if let root = try? XMLReader.parse(bytes, limits: limits) {
            demand(depth(root) <= limits.depth, "a document is not too deep")
            judge(root, limits)
            let text = "<?xml version=\"1.0\"?>" + written(root)
            // Two prefixes less may be one attribute twice; escapes may be longer than a tag may be.
            if isPlain(root), let again = try? XMLReader.parse(Array(text.utf8), limits: limits) {
                demand(again == root, "XML that is written again is the same")
            }
        }
        read(bytes, as: .xml)
        _ = try? Reading.root(bytes)
    }

    static func csv(_ bytes: [UInt8]) {
        var reader = BulkReader()
        var rows = 0
        reader.read(bytes) { _ in rows += 1 }
        _ = reader.finish { _ in rows += 1 }
        demand(rows <= bytes.count, "a row takes a byte at least")
        read(bytes, as: .csv)
    }

    /// Reads a document as each that a peer may answer with.
    private static func read(_ bytes: [UInt8], as format: Format) {
        _ = try? Reading.reports(bytes, as: format)
        guard format != .csv else { return }
        _ = try? Reading.updates(bytes, as: format)
        _ = try? Reading.updateReceipt(bytes, as: format)
        _ = try? Reading.tickets(bytes, as: format)
        _ = try? Reading.services(bytes, as: format)
        _ = try? Reading.definition(bytes, as: format)
        _ = try? Reading.receipt(bytes, as: format)
        _ = try? Reading.discovery(bytes, as: format)
        _ = try? Reading.faults(bytes, as: format)
    }
}

extension Documents {
    private static func write(_ value: JSONValue, to text: inout [UInt8]) {
        switch value {
        case .object(let members):
            list(members, between: "{", "}", to: &text) { member, text in
                write(.string(member.key), to: &text)
                text.append(UInt8(ascii: ":"))
                write(member.value, to: &text)
            }
        case .array(let elements): list(elements, between: "[", "]", to: &text, write)
        case .number(let digits): text += Array(digits.utf8)
        case .bool(let isTrue): text += Array("\(isTrue)".utf8)
        case .null: text += Array("null".utf8)
        case .string(let string):
            text.append(UInt8(ascii: "\""))
            for unit in string.utf16 {
                let digits = String(unit, radix: 16)
                text += Array(
                    ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            }
            text.append(UInt8(ascii: "\""))
        }
    }

    private static func list<Element>(
        _ elements: [Element], between start: StaticString, _ end: StaticString,
        to text: inout [UInt8], _ write: (Element, inout [UInt8]) -> Void
    ) {
        text += Array("\(start)".utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            write(element, &text)
        }
        text += Array("\(end)".utf8)
    }

    private static func depth(_ element: XMLElement) -> Int {
        1 + (element.children.map(depth).max() ?? 0)
    }

    private static func judge(_ element: XMLElement, _ limits: XMLLimits) {
        demand(element.attributes.count <= limits.attributes, "an element has few attributes")
        demand(element.name.utf8.count <= limits.name, "a name has its length")
        for child in element.children { judge(child, limits) }
    }

    private static func isPlain(_ element: XMLElement) -> Bool {
        let names = element.attributes.map(\.name)
        return Set(names).count == names.count
            && ([element.name] + names).allSatisfy { !$0.contains(":") && $0 != "xmlns" }
            && element.children.allSatisfy(isPlain)
    }

    private static func written(_ element: XMLElement) -> String {
        let attributes = element.attributes.map { " \($0.name)=\"\(escaped($0.value))\"" }
        let content = escaped(element.text) + element.children.map(written).joined()
        return "<\(element.name)\(attributes.joined())>\(content)</\(element.name)>"
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "\t", "\n", "\r": "&#\(scalar.value);"
            default: String(scalar)
            }
        }.joined()
    }
}
