import GeoReport

/// Why a vector file cannot be read.
package struct VectorSyntaxError: Error, Equatable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let problem: String

    package var description: String { "\(file).http:\(line): \(problem)" }
}

extension Vector {
    /// Reads a vector file (`Specs/GeoReport/README.md` describes the format).
    package init(parsing text: String, id: String) throws(VectorSyntaxError) {
        var reader = VectorReader(text: text, file: id)
        self = try reader.vector()
    }
}

/// Reads one vector file from top to bottom.
private struct VectorReader {
    private let file: String
    private let lines: [String]
    private var position = 0

    init(text: String, file: String) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    mutating func vector() throws(VectorSyntaxError) -> Vector {
        guard let assertion = Int(file.prefix(3)) else {
            throw error("the file's name does not begin with the assertion's number")
        }
        let title = try comment().split(separator: "·").map(\.trimmed)
        guard title.count == 3, let level = Vector.Level(rawValue: title[1]),
            title[2] == "assertion \(assertion)"
        else { throw error("expected '# GR-… · MUST|SHOULD|EXT · assertion \(assertion)'") }
        let sentence = try comment()
        let header = try self.header()
        var exchanges: [Exchange] = []
        repeat { exchanges.append(try exchange()) } while position < lines.count
        return Vector(
            id: file, requirements: title[0].split(separator: ",").map(\.trimmed), level: level,
            assertion: assertion, sentence: sentence, needs: header.needs, writes: header.writes,
            runs: header.runs, given: header.given, exchanges: exchanges,
            formats: lines.contains { $0.contains("{f}") } ? [.xml, .json] : [])
    }

    // MARK: The comment at the head

    private typealias Header = (
        needs: Vector.Needs, writes: Bool, runs: Vector.Place, given: [String]
    )

    private mutating func header() throws(VectorSyntaxError) -> Header {
        var header: Header = (.any, false, .everywhere, [])
        var seen: Set<String> = []
        while position < lines.count, lines[position].hasPrefix("#") {
            for entry in try comment().split(separator: "·").map(\.trimmed) {
                let halves = entry.split(separator: ":", maxSplits: 1).map(\.trimmed)
                guard halves.count == 2 else { throw error("expected 'name: value'") }
                seen.insert(halves[0])
                try read(halves[1], named: halves[0], into: &header)
            }
        }
        guard seen.isSuperset(of: ["needs", "writes", "runs"]) else {
            throw error("the head says 'needs', 'writes' and 'runs'")
        }
        return header
    }

    private func read(
        _ value: String, named name: String, into header: inout Header
    ) throws(VectorSyntaxError) {
        switch (name, value) {
        case ("writes", "yes"): header.writes = true
        case ("writes", "no"): header.writes = false
        case ("given", _): header.given = value.split(separator: ",").map(\.trimmed)
        case ("needs", _):
            guard let needs = Vector.Needs(rawValue: value) else {
                throw error("needs '\(value)'?")
            }
            header.needs = needs
        case ("runs", _):
            guard let place = Vector.Place(rawValue: value) else { throw error("runs '\(value)'?") }
            header.runs = place
        default: throw error("'\(name): \(value)' means nothing")
        }
    }

    private mutating func comment() throws(VectorSyntaxError) -> String {
        guard position < lines.count, lines[position].hasPrefix("#") else {
            throw error("expected a comment line")
        }
        defer { position += 1 }
        return lines[position].dropFirst().trimmed
    }

    // MARK: Exchanges

    private mutating func exchange() throws(VectorSyntaxError) -> Exchange {
        skipBlankLines()
        let act = word(after: "do ")
        let loop = try word(after: "for ").map { text throws(VectorSyntaxError) in
            try self.loop(text)
        }
        skipBlankLines()
        if position >= lines.count || lines[position] == "====" {
            guard act != nil else { throw error("expected a request") }
            position += 1
            return Exchange(act: act, loop: loop, request: nil, expected: .init())
        }
        let request = try self.request()
        return Exchange(act: act, loop: loop, request: request, expected: try expected())
    }

    private func loop(_ text: String) throws(VectorSyntaxError) -> Exchange.Loop {
        let halves = text.components(around: " in ")
        guard let halves else { throw error("expected 'for NAME in LIST'") }
        let isList = halves.1.contains("|")
        return Exchange.Loop(
            variable: halves.0.trimmed,
            source: isList
                ? .values(halves.1.split(separator: "|").map(\.trimmed))
                : .saved(halves.1.trimmed))
    }

    private mutating func request() throws(VectorSyntaxError) -> Exchange.RequestTemplate {
        let words = lines[position].split(separator: " ", maxSplits: 1).map(\.trimmed)
        guard words.count == 2, words[0].allSatisfy({ $0.isUppercase }) else {
            throw error("expected 'METHOD target'")
        }
        position += 1
        var target = words[1]
        while position < lines.count, lines[position].hasPrefix("  ") {
            target += lines[position].trimmed
            position += 1
        }
        let headers = headerLines(until: "----")
        let isForm = !headers.contains {
            let line = $0.text.lowercased()
            return line.hasPrefix("content-type: ") && !line.contains("x-www-form-urlencoded")
        }
        var body: [String] = []
        while position < lines.count, lines[position] != "----" {
            body.append(lines[position])
            position += 1
        }
        guard position < lines.count else { throw error("expected '----' and the answer") }
        position += 1
        return Exchange.RequestTemplate(
            method: words[0], target: target, headers: headers,
            body: Self.join(body, headers: headers, isForm: isForm), isForm: isForm)
    }

    /// A form is one line on the wire, a multipart body has CRLF, all else LF.
    private static func join(
        _ body: [String], headers: [Exchange.Line], isForm: Bool
    ) -> String {
        if isForm { return body.map(\.trimmed).joined() }
        let isMultipart = headers.contains { $0.text.lowercased().contains("multipart/") }
        return body.joined(separator: isMultipart ? "\r\n" : "\n")
    }

    /// The lines up to a blank one or the given one; the blank line is passed.
    private mutating func headerLines(until end: String?) -> [Exchange.Line] {
        var found: [Exchange.Line] = []
        while position < lines.count, !lines[position].trimmed.isEmpty, lines[position] != end,
            lines[position] != "===="
        {
            found.append(Exchange.Line(number: position + 1, text: lines[position]))
            position += 1
        }
        if position < lines.count, lines[position].trimmed.isEmpty { position += 1 }
        return found
    }

    // MARK: The expected answer

    private mutating func expected() throws(VectorSyntaxError) -> Exchange.Expected {
        guard position < lines.count else { throw error("expected a status") }
        var expected = Exchange.Expected()
        try readStatus(lines[position].trimmed, into: &expected)
        position += 1
        expected.headers = headerLines(until: nil)
        for line in expected.headers { try check(HeaderCheck.self, line) }
        while position < lines.count, lines[position] != "====" {
            let line = Exchange.Line(number: position + 1, text: lines[position])
            if line.text == "is" {
                expected.document = document()
                continue
            }
            position += 1
            if let save = line.text.dropping(prefix: "save ") {
                expected.saves.append(try self.save(save, at: line.number))
            } else if !line.text.trimmed.isEmpty {
                try check(Check.self, line)
                expected.checks.append(line)
            }
        }
        position += 1
        return expected
    }

    /// `200`, `200 or 201`, `2xx`, `200 within 5s`.
    private func readStatus(
        _ text: String, into expected: inout Exchange.Expected
    ) throws(VectorSyntaxError) {
        var text = text
        if let halves = text.components(around: " within ") {
            guard halves.1.hasSuffix("s"), let seconds = Int(halves.1.dropLast()) else {
                throw error("expected 'within 5s'")
            }
            expected.patience = .seconds(seconds)
            text = halves.0
        }
        for word in text.split(separator: " ") where word != "or" {
            if word.count == 3, let status = Int(word) {
                expected.statuses.append(.exactly(status))
            } else if word.count == 3, word.hasSuffix("xx"), let digit = Int(word.prefix(1)) {
                expected.statuses.append(.family(digit))
            } else {
                throw error("'\(word)' is no status")
            }
        }
    }

    private mutating func document() -> String {
        position += 1
        let rest = lines[position...].prefix { $0 != "====" }
        position += rest.count
        return rest.joined(separator: "\n").trimmed
    }

    private func save(_ text: String, at line: Int) throws(VectorSyntaxError) -> Exchange.Save {
        guard let halves = text.components(around: " = ") else {
            throw error("expected 'save x = …'")
        }
        let source = halves.1.trimmed
        let name = halves.0.trimmed
        if let pattern = source.dropping(prefix: "body ~ ") {
            return .init(name: name, line: line, source: .pattern(pattern, header: nil))
        }
        if let rest = source.dropping(prefix: "header "), let parts = rest.components(around: " ~ ")
        {
            return .init(name: name, line: line, source: .pattern(parts.1, header: parts.0))
        }
        guard let path = TreePath(source) else { throw error("'\(source)' is no path") }
        return .init(name: name, line: line, source: .path(path))
    }

    private func check<C: LineCheck>(
        _ type: C.Type, _ line: Exchange.Line
    ) throws(VectorSyntaxError) {
        guard C(line.text) != nil else {
            throw VectorSyntaxError(
                file: file, line: line.number, problem: "cannot be read: \(line.text)")
        }
    }

    // MARK: Lines

    private mutating func skipBlankLines() {
        while position < lines.count, lines[position].trimmed.isEmpty { position += 1 }
    }

    private mutating func word(after prefix: String) -> String? {
        guard position < lines.count, let rest = lines[position].dropping(prefix: prefix) else {
            return nil
        }
        position += 1
        return rest.trimmed
    }

    private func error(_ problem: String) -> VectorSyntaxError {
        VectorSyntaxError(file: file, line: position + 1, problem: problem)
    }
}

extension StringProtocol {
    /// The text without white space at its ends.
    var trimmed: String {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }

    /// What follows the prefix, or `nil` if the text begins otherwise.
    func dropping(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }

    /// What stands before and behind the first occurrence of the separator.
    func components(around separator: String) -> (String, String)? {
        guard let found = firstRange(of: separator) else { return nil }
        return (String(self[..<found.lowerBound]), String(self[found.upperBound...]))
    }

    private func firstRange(of separator: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(separator) {
                return start..<index(start, offsetBy: separator.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
