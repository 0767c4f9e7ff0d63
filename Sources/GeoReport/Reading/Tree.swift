import XML

/// GeoReport documents as one kind of tree, whichever format they came in.
///
/// XML becomes what its server would have said in JSON: the root's name disappears, containers
/// become arrays even with one child or none, repeated elements become arrays, empty elements
/// become null, and text becomes what its field is (GR-11.1 to 11.3). Answers that say the same in
/// both formats are equal here.
enum Tree {
    /// A document and the name of its root, which only XML has.
    struct Document {
        let root: String?
        let value: JSONValue
    }

    static func document(
        _ bytes: [UInt8], as format: Format, limits: ReadingLimits
    ) throws(ReadingError) -> Document {
        switch format.plain {
        case .xml:
            let root = try element(bytes, limits: limits)
            return Document(root: root.name, value: value(of: root, in: nil))
        default:
            return Document(root: nil, value: try json(bytes, limits: limits))
        }
    }

    static func element(
        _ bytes: [UInt8], limits: ReadingLimits
    ) throws(ReadingError) -> XMLElement {
        var bounds = XMLLimits()
        if limits == .file {
            bounds.document = 256 << 20
            bounds.elements = 20_000_000
        }
        do {
            return try XMLReader.parse(bytes, limits: bounds)
        } catch {
            throw ReadingError(error)
        }
    }

    private static func json(
        _ bytes: [UInt8], limits: ReadingLimits
    ) throws(ReadingError) -> JSONValue {
        var bounds = JSONLimits.document
        if limits == .answer { bounds.bytes = 8 << 20 }
        do {
            return try JSONReader.parse(bytes, limits: bounds)
        } catch {
            throw .malformed("not JSON at byte \(error.offset): \(error.reason.rawValue)")
        }
    }

    private static func value(of element: XMLElement, in parent: String?) -> JSONValue {
        if element.attribute("nil") == "true" { return .null }
        if containers.contains(element.name) {
            return .array(element.children.map { value(of: $0, in: element.name) })
        }
        guard element.children.isEmpty else { return object(of: element) }
        return scalar(element.text, of: element.name, in: parent)
    }

    /// The children by name, in the order in which each name came first.
    private static func object(of element: XMLElement) -> JSONValue {
        var names: [String] = []
        var values: [String: [JSONValue]] = [:]
        for child in element.children {
            if values[child.name] == nil { names.append(child.name) }
            values[child.name, default: []].append(value(of: child, in: element.name))
        }
        return .object(
            names.map { name in
                let all = values[name] ?? []
                return JSONValue.Member(key: name, value: all.count == 1 ? all[0] : .array(all))
            })
    }

    /// Ids, codes, keys and postcodes stay text, however much they look like numbers (GR-11.2).
    private static func scalar(
        _ text: String, of name: String, in parent: String?
    ) -> JSONValue {
        if text.isEmpty { return .null }
        switch name {
        case "metadata", "variable", "required", "duplicate":
            return text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        case "lat", "long", "order", "supports", "distance", "non_public":
            return DecimalDegrees.parse(text) == nil ? .string(text) : .number(text: text)
        case "code" where parent == "error":
            return Calls.wholeNumber(text) == nil ? .string(text) : .number(text: text)
        default:
            return .string(text)
        }
    }

    /// The elements whose children are all of one kind.
    static let containers: Set<String> = [
        "attributes", "endpoints", "error_messages", "errors", "formats", "groups", "media_urls",
        "notes", "requests", "service_request_updates", "service_requests", "services", "values",
    ]
}

extension ReadingError {
    fileprivate init(_ error: XMLError) {
        switch error {
        case .tooLarge(let bound): self = .malformed("beyond the limit of \(bound.rawValue)")
        case .refused(let construct): self = .malformed("holds a forbidden \(construct.rawValue)")
        case .malformed: self = .malformed("not well-formed XML")
        }
    }
}
