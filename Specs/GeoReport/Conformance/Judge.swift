import GeoReport

/// A line of a vector that an answer does not meet.
package struct Failure: Sendable, Equatable {
    package let line: Int
    package let expected: String
    package let got: String

    package init(line: Int, expected: String, got: String) {
        self.line = line
        self.expected = expected
        self.got = got
    }
}

/// What became of one answer.
package enum Verdict: Sendable, Equatable {
    case fits
    case fails([Failure])
    /// A line speaks of every element of an empty list: nothing was shown.
    case unproven(line: Int)
}

/// Compares an answer with what a vector expects; pure.
package struct Judge: Sendable {
    package let response: VectorResponse
    /// `nil` if the body is no GeoReport document.
    package let tree: Tree?
    private let saved: [String: Tree]
    private let body: String

    package init(_ response: VectorResponse, saved: [String: Tree] = [:]) {
        self.response = response
        self.saved = saved
        body = String(decoding: response.body, as: UTF8.self)
        tree = Self.format(of: response.body).flatMap { format in
            (try? Reading.tree(response.body, as: format)).map(Tree.init)
        }
    }

    /// The format that the bytes show, whatever the header says.
    static func format(of body: [UInt8]) -> Format? {
        switch body.first(where: { !Self.blank.contains($0) }) {
        case UInt8(ascii: "<"): .xml
        case UInt8(ascii: "{"), UInt8(ascii: "["): .json
        default: nil
        }
    }

    private static let blank: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]

    /// Judges an answer; the lines have their placeholders filled in already.
    package func verdict(on expected: Exchange.Expected) -> Verdict {
        var failures = statusFailures(expected.statuses)
        for line in expected.headers {
            failures += HeaderCheck(line.text).map { judge($0, line) } ?? [unreadable(line)]
        }
        if let document = expected.document, let failure = differs(from: document) {
            failures.append(failure)
        }
        var unproven: Int?
        for line in expected.checks {
            guard let check = Check(line.text) else {
                failures.append(unreadable(line))
                continue
            }
            guard applies(check) else { continue }
            if speaksOfNothing(check) { unproven = unproven ?? line.number }
            failures += judge(check, line)
        }
        guard failures.isEmpty else { return .fails(failures) }
        return unproven.map { .unproven(line: $0) } ?? .fits
    }

    /// What a `save` line keeps, or `nil` if the answer does not have it.
    package func value(of source: Exchange.Save.Source) -> Tree? {
        switch source {
        case .path(let path):
            guard let tree else { return nil }
            let values = path.values(in: tree)
            return path.isPlural ? .array(values.compactMap { $0 }) : values.first ?? nil
        case .pattern(let pattern, let name):
            let text = name.map { response.header($0) } ?? body
            guard let text, let match = try? Regex(pattern).firstMatch(in: text),
                match.output.count > 1, let found = match.output[1].substring
            else { return nil }
            return .string(String(found))
        }
    }

    // MARK: Lines

    private func statusFailures(_ wanted: [Exchange.StatusPattern]) -> [Failure] {
        guard !wanted.contains(where: { $0.holds(response.status) }) else { return [] }
        let expected = wanted.map(\.description).joined(separator: " or ")
        return [
            Failure(line: 0, expected: "status \(expected)", got: "\(response.status) \(excerpt)")
        ]
    }

    private func judge(_ check: HeaderCheck, _ line: Exchange.Line) -> [Failure] {
        let value = response.header(check.name)
        let isMet =
            if case .equals(.text(let wanted)) = check.claim {
                value.map(Self.normal) == Self.normal(wanted)
            } else {
                value.map { meets(.string($0), check.claim) } ?? check.claim.holdsOfNothing
            }
        return isMet
            ? [] : [failure(line, got: value.map { "\(check.name): \($0)" } ?? "no \(check.name)")]
    }

    /// Header values are compared without regard to case and blanks (`charset=UTF-8`).
    private static func normal(_ value: String) -> String {
        value.lowercased().filter { !$0.isWhitespace }
    }

    private func judge(_ check: Check, _ line: Exchange.Line) -> [Failure] {
        switch check.subject {
        case .body:
            return meets(.string(body), check.claim) ? [] : [failure(line, got: excerpt)]
        case .path(let path):
            guard let tree else {
                return [failure(line, got: "no document: \(excerpt)")]
            }
            let values = path.values(in: tree)
            if check.claim.isAboutTheList {
                return meets(list(of: values, at: path), check.claim)
                    ? [] : [failure(line, got: show(list(of: values, at: path)))]
            }
            if path.isExistential {
                return values.contains { meets($0, check.claim) }
                    ? [] : [failure(line, got: "none of \(values.count) elements")]
            }
            let wrong = values.first { !meets($0, check.claim) }
            return wrong.map { [failure(line, got: show($0))] } ?? []
        }
    }

    private func applies(_ check: Check) -> Bool {
        guard let only = check.only else { return true }
        return Self.format(of: response.body) == (only == .json ? .json : .xml)
    }

    private func speaksOfNothing(_ check: Check) -> Bool {
        guard case .path(let path) = check.subject, let tree, path.isPlural,
            !path.isExistential, !check.claim.isAboutCount
        else { return false }
        return path.values(in: tree).isEmpty
    }

    /// What a claim about a list is about: the values of `[*].id`, or the array at `.`.
    private func list(of values: [Tree?], at path: TreePath) -> Tree? {
        path.isPlural ? .array(values.compactMap { $0 }) : values.first ?? nil
    }

    private func unreadable(_ line: Exchange.Line) -> Failure {
        failure(line, got: "a line that cannot be read")
    }

    private func failure(_ line: Exchange.Line, got: String) -> Failure {
        Failure(line: line.number, expected: line.text, got: got)
    }

    private func show(_ value: Tree?) -> String { value?.description ?? "nothing" }

    private var excerpt: String {
        let line = body.replacing("\n", with: " ")
        return line.count <= 240 ? line : line.prefix(237) + "…"
    }

    // MARK: The whole body

    private func differs(from document: String) -> Failure? {
        let wanted = Self.canonical(document)
        let got = Self.canonical(body)
        guard wanted != got else { return nil }
        let same = zip(wanted, got).prefix { $0 == $1 }.count
        let start = max(0, same - 30)
        return Failure(
            line: 0, expected: "the document … \(wanted.dropFirst(start).prefix(120))",
            got: "… \(got.dropFirst(start).prefix(120))")
    }

    /// The document without the white space between its tags or tokens, in its own order.
    private static func canonical(_ document: String) -> String {
        guard format(of: Array(document.utf8)) == .json else {
            return document.trimmed.replacing(#/>\s+</#, with: "><")
        }
        var text = ""
        var isInString = false
        var isEscaped = false
        for character in document.unicodeScalars {
            if !isInString, character.properties.isWhitespace { continue }
            text.unicodeScalars.append(character)
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = isInString
            } else if character == "\"" {
                isInString.toggle()
            }
        }
        return unescaped(text)
    }

    /// `\u003c` and `<` are one character to a reader of JSON.
    private static func unescaped(_ text: String) -> String {
        text.replacing(#/\\u(00(?:3[cCeE]|26))/#) { match in
            UInt32(match.output.1, radix: 16).flatMap(Unicode.Scalar.init).map { String($0) } ?? ""
        }
    }

    // MARK: Claims

    private func meets(_ value: Tree?, _ claim: Claim) -> Bool {
        switch claim {
        case .absent: value == nil
        case .present: value != nil
        case .filled: value.map { $0 != .null && $0 != .string("") && $0 != .array([]) } ?? false
        case .equals(.null): value == .null
        case .equals(.text(let text)): value?.text == text
        case .differs(.null): value != nil && value != .null
        case .differs(.text(let text)): value != nil && value?.text != text
        case .types(let types): hasType(value, in: types)
        case .count(let order, let number):
            value?.elements.map { order.holds($0.count, number) } ?? false
        case .names(let names): value?.names == names
        case .unique, .sorted, .same, .disjoint: meetsAsList(value, claim)
        default: value?.text.map { meets($0, claim) } ?? meetsAsContainer(value, claim)
        }
    }

    private func meets(_ text: String, _ claim: Claim) -> Bool {
        switch claim {
        case .matches(let pattern): (try? Regex(pattern).firstMatch(in: text)) != nil
        case .matchesNot(let pattern): (try? Regex(pattern).firstMatch(in: text)) == nil
        case .contains(let part): text.contains(part)
        case .lacks(let part): !text.contains(part)
        case .starts(let part): text.hasPrefix(part)
        case .oneOf(let texts): texts.contains(text)
        case .compares(let order, let other):
            if let one = Double(text), let other = Double(other) {
                order.holds(one, other)
            } else {
                order.holds(text, other)
            }
        default: false
        }
    }

    private func meetsAsContainer(_ value: Tree?, _ claim: Claim) -> Bool {
        switch claim {
        case .contains(let part): value?.elements?.contains { $0.text == part } ?? false
        case .lacks(let part): value?.elements.map { !$0.contains { $0.text == part } } ?? false
        case .matchesNot: value == .null
        default: false
        }
    }

    private func meetsAsList(_ value: Tree?, _ claim: Claim) -> Bool {
        if case .same(let name) = claim {
            guard let value, let saved = saved[name] else { return false }
            return value.says(the: saved)
        }
        guard let texts = value?.elements?.map({ $0.text ?? $0.description }) else { return false }
        switch claim {
        case .unique: return Set(texts).count == texts.count
        case .sorted(.ascending): return zip(texts, texts.dropFirst()).allSatisfy { $0 <= $1 }
        case .sorted(.descending): return zip(texts, texts.dropFirst()).allSatisfy { $0 >= $1 }
        case .disjoint(let name):
            guard let others = saved[name]?.elements else { return false }
            return Set(texts).isDisjoint(with: others.map { $0.text ?? $0.description })
        default: return false
        }
    }

    /// XML has no types but lists, objects, nothing and text.
    private func hasType(_ value: Tree?, in types: [String]) -> Bool {
        guard let value else { return false }
        let isText = Self.format(of: response.body) == .xml && value.text != nil
        return types.contains { type in
            switch type {
            case "integer":
                (isText || value.type == "number") && value.text.flatMap { Int($0) } != nil
            case "number" where isText: value.text.flatMap { Double($0) } != nil
            case "boolean" where isText: value.text == "true" || value.text == "false"
            case "string" where isText: true
            default: value.type == type
            }
        }
    }
}

extension Claim {
    /// Whether a header that is not there fits.
    var holdsOfNothing: Bool {
        switch self {
        case .absent, .matchesNot, .lacks, .differs: true
        default: false
        }
    }

    /// Whether the claim is about all values together.
    var isAboutTheList: Bool {
        switch self {
        case .count, .unique, .sorted, .same, .disjoint: true
        default: false
        }
    }

    /// Whether the claim holds of an empty list in earnest.
    var isAboutCount: Bool {
        switch self {
        case .count, .disjoint, .same: true
        default: false
        }
    }
}

extension Tree {
    /// A tree of what the reader of documents found.
    package init(_ value: JSONValue) {
        switch value {
        case .object(let members):
            self = .object(members.map { Member(name: $0.key, value: Tree($0.value)) })
        case .array(let elements): self = .array(elements.map { Tree($0) })
        case .string(let text): self = .string(text)
        case .number(let text): self = .number(text)
        case .bool(let value): self = .boolean(value)
        case .null: self = .null
        }
    }
}
