import GeoReport

/// A document's values without its format: XML and JSON of one answer give one tree.
package indirect enum Tree: Sendable, Equatable {
    case object([Member])
    case array([Tree])
    case string(String)
    /// The number's text as it was written.
    case number(String)
    case boolean(Bool)
    case null

    /// One named value of an object.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: Tree

        package init(name: String, value: Tree) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a name.
    package func member(_ name: String) -> Tree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The names of an object, in the order of the document.
    package var names: [String]? {
        guard case .object(let members) = self else { return nil }
        return members.map(\.name)
    }

    /// The elements of an array.
    package var elements: [Tree]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The text of a string, number or boolean.
    package var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .object, .array, .null: nil
        }
    }

    /// The name of the JSON type.
    package var type: String {
        switch self {
        case .object: "object"
        case .array: "array"
        case .string: "string"
        case .number: "number"
        case .boolean: "boolean"
        case .null: "null"
        }
    }

    /// Whether two trees hold the same values: a number or boolean equals its text, because XML
    /// has only text.
    package func says(the same: Tree) -> Bool {
        switch (self, same) {
        case (.object(let mine), .object(let others)):
            mine.count == others.count
                && zip(mine, others).allSatisfy {
                    $0.name == $1.name && $0.value.says(the: $1.value)
                }
        case (.array(let mine), .array(let others)):
            mine.count == others.count && zip(mine, others).allSatisfy { $0.says(the: $1) }
        case (.null, .null): true
        default: text != nil && text == same.text
        }
    }
}

extension Tree: CustomStringConvertible {
    /// The value as compact JSON, cut where it gets long.
    package var description: String {
        let whole = json
        return whole.count <= 160 ? whole : whole.prefix(157) + "…"
    }

    private var json: String {
        switch self {
        case .object(let members):
            "{"
                + members.prefix(20).map { "\"\($0.name)\":\($0.value.json)" }
                .joined(separator: ",") + "}"
        case .array(let elements):
            "[" + elements.prefix(20).map(\.json).joined(separator: ",") + "]"
        case .string(let text): "\"\(text)\""
        case .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        }
    }
}
