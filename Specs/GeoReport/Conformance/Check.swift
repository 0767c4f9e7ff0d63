/// Something that one line of a vector says about an answer.
protocol LineCheck {
    /// What the line says, or `nil` if it says nothing that can be checked.
    init?(_ line: String)
}

/// What a line says about the body of an answer.
package struct Check: LineCheck {
    package let subject: Subject
    package let claim: Claim
    /// The only format it is said of.
    package let only: Only?

    /// What the claim is about.
    package enum Subject: Sendable {
        case body
        case path(TreePath)
    }

    /// A format for which alone a line counts (`json: [*].metadata type boolean`).
    package enum Only: String, Sendable {
        case json
        case xml
    }

    package init?(_ line: String) {
        var line = line.trimmed
        var only: Only?
        for format in [Only.json, .xml] {
            guard let rest = line.dropping(prefix: "\(format.rawValue): ") else { continue }
            (only, line) = (format, rest)
        }
        guard let (subject, rest) = line.components(around: " "), let claim = Claim(rest) else {
            return nil
        }
        if subject == "body" {
            self.subject = .body
        } else if let path = TreePath(subject) {
            self.subject = .path(path)
        } else {
            return nil
        }
        (self.claim, self.only) = (claim, only)
    }
}

/// What is said of a value.
package enum Claim: Sendable, Equatable {
    case equals(Literal)
    case differs(Literal)
    case matches(String)
    case matchesNot(String)
    case contains(String)
    case lacks(String)
    case starts(String)
    case oneOf([String])
    case compares(Order, String)
    case count(Order, Int)
    case absent
    case present
    /// Neither absent nor null nor empty.
    case filled
    case types([String])
    case unique
    case sorted(Direction)
    /// The same as a value saved before.
    case same(String)
    /// Shares no value with a list saved before.
    case disjoint(String)
    /// An object's names, in this order and no others.
    case names([String])

    /// How two values are compared.
    package enum Order: String, Sendable {
        case equal = "="
        case atLeast = ">="
        case atMost = "<="
        case more = ">"
        case less = "<"

        func holds<V: Comparable>(_ one: V, _ other: V) -> Bool {
            switch self {
            case .equal: one == other
            case .atLeast: one >= other
            case .atMost: one <= other
            case .more: one > other
            case .less: one < other
            }
        }
    }

    /// Which way a list goes.
    package enum Direction: Sendable {
        case ascending
        case descending
    }

    /// A value as a vector writes it: `null`, or a text, in quotes where blanks or line ends matter.
    package enum Literal: Sendable, Equatable {
        case null
        case text(String)

        init(_ source: String) {
            self = source == "null" ? .null : .text(Self.unquoted(source))
        }

        static func unquoted(_ source: String) -> String {
            guard source.count >= 2, source.hasPrefix("\""), source.hasSuffix("\"") else {
                return source
            }
            var text = ""
            var escaped = false
            for character in source.dropFirst().dropLast() {
                if escaped {
                    text.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                    escaped = false
                } else if character == "\\" {
                    escaped = true
                } else {
                    text.append(character)
                }
            }
            return text
        }
    }

    /// Reads what stands behind the subject, such as `~ ^SOF-`.
    init?(_ source: String) {
        let parts = source.components(around: " ") ?? (source, "")
        let rest = parts.1.trimmed
        guard let claim = rest.isEmpty ? Self.bare(parts.0) : Self.saying(parts.0, rest) else {
            return nil
        }
        self = claim
    }

    private static func bare(_ verb: String) -> Claim? {
        switch verb {
        case "absent": .absent
        case "present": .present
        case "filled": .filled
        case "unique": .unique
        case "ascending": .sorted(.ascending)
        case "descending": .sorted(.descending)
        default: nil
        }
    }

    private static func saying(_ verb: String, _ rest: String) -> Claim? {
        let list = rest.split(separator: ",").map(\.trimmed)
        switch verb {
        case "=": return .equals(Literal(rest))
        case "!=": return .differs(Literal(rest))
        case "~": return (try? Regex(rest)).map { _ in .matches(rest) }
        case "!~": return (try? Regex(rest)).map { _ in .matchesNot(rest) }
        case "contains": return .contains(Literal.unquoted(rest))
        case "lacks": return .lacks(Literal.unquoted(rest))
        case "starts": return .starts(Literal.unquoted(rest))
        case "in": return .oneOf(list)
        case "names": return .names(list)
        case "type":
            return .types(rest.split(separator: " ").map(String.init).filter { $0 != "or" })
        case "same": return .same(rest)
        case "disjoint": return .disjoint(rest)
        case "count": return count(rest)
        default: return Order(rawValue: verb).map { .compares($0, rest) }
        }
    }

    private static func count(_ rest: String) -> Claim? {
        let words = rest.split(separator: " ").map(String.init)
        guard let last = words.last, let number = Int(last) else { return nil }
        guard words.count == 2 else { return words.count == 1 ? .count(.equal, number) : nil }
        return Order(rawValue: words[0]).map { .count($0, number) }
    }
}

/// What a line says about one header of an answer.
struct HeaderCheck: LineCheck {
    let name: String
    let claim: Claim

    init?(_ line: String) {
        if let (name, value) = line.components(around: ": "), !name.contains(" ") {
            (self.name, claim) = (name, .equals(.text(value.trimmed)))
        } else if let (name, rest) = line.components(around: " "), let claim = Claim(rest) {
            (self.name, self.claim) = (name, claim)
        } else {
            return nil
        }
    }
}
