import Yams

/// A value of a YAML file, with the key that led to it and the line it stands on.
package struct Entry {
    package let node: Node
    package let key: String
    /// The line of its key, so that an empty value is found too.
    package let line: Int?

    init(node: Node, key: String, line: Int?) {
        self.node = node
        self.key = key
        self.line = line
    }

    /// The value of a variable of the environment, as if it stood in a file.
    init(variable: String, value: String) {
        self.init(
            node: .scalar(Node.Scalar(value, .implicit, .plain)), key: variable, line: nil)
    }

    /// Whether nothing is written there, or `null`.
    package var isNull: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The root of a file, or `nil` with a finding if it is not YAML or holds nothing.
    package static func root(of text: String, _ findings: inout Findings) -> Entry? {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                findings.add("is empty; write settings as `key: value` lines", line: 1, key: "")
                return nil
            }
            return Entry(node: node, key: "", line: node.mark?.line)
        } catch let error as YamlError {
            let (line, text) = error.finding
            findings.add(text, line: line, key: "")
        } catch {
            findings.add("is not YAML", line: nil, key: "")
        }
        return nil
    }

    /// A text as it is written, or `nil` with a finding.
    package func text(_ findings: inout Findings) -> String? {
        guard case .scalar(let scalar) = node, !isNull else {
            findings.add("needs a text", at: self)
            return nil
        }
        let text = scalar.string
        guard text.contains(where: { !$0.isWhitespace }) else {
            findings.add("needs a text that is not blank", at: self)
            return nil
        }
        return text
    }

    /// A whole number in a range, or `nil` with a finding.
    package func integer(in range: ClosedRange<Int>, _ findings: inout Findings) -> Int? {
        guard case .scalar(let scalar) = node, let number = Int(scalar.string) else {
            findings.add("needs a whole number, such as \(range.lowerBound)", at: self)
            return nil
        }
        guard range.contains(number) else {
            findings.add(
                "is \(number); write a number from \(range.lowerBound) to \(range.upperBound)",
                at: self)
            return nil
        }
        return number
    }

    /// `true` or `false`, or `nil` with a finding.
    package func flag(_ findings: inout Findings) -> Bool? {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let flag = Bool(scalar.string.lowercased())
        else {
            findings.add("needs true or false", at: self)
            return nil
        }
        return flag
    }

    /// One of the given words, or `nil` with a finding.
    package func choice(of words: [String], _ findings: inout Findings) -> String? {
        guard case .scalar(let scalar) = node, words.contains(scalar.string) else {
            findings.add("needs one of \(words.joined(separator: ", "))", at: self)
            return nil
        }
        return scalar.string
    }

    /// A time such as `120s`, `5m`, `2h` or `30d`, or `nil` with a finding.
    package func duration(upTo limit: Duration, _ findings: inout Findings) -> Duration? {
        guard case .scalar(let scalar) = node, let duration = Duration(reading: scalar.string)
        else {
            findings.add("needs a time with its unit, such as 120s, 5m, 2h or 30d", at: self)
            return nil
        }
        guard duration <= limit else {
            findings.add("is too long; at most \(limit.components.seconds)s", at: self)
            return nil
        }
        return duration
    }

    /// The same for a time that must not be too short either.
    package func duration(
        from least: Duration, upTo limit: Duration, _ findings: inout Findings
    ) -> Duration? {
        guard let duration = duration(upTo: limit, &findings) else { return nil }
        guard duration >= least else {
            findings.add("is too short; at least \(least.components.seconds)s", at: self)
            return nil
        }
        return duration
    }

    /// The entries of a list, or an empty list with a finding.
    package func list(_ findings: inout Findings) -> [Entry] {
        guard case .sequence(let sequence) = node else {
            findings.add("needs a list: one `- ` line an item, or [a, b]", at: self)
            return []
        }
        return sequence.enumerated().map { index, node in
            Entry(node: node, key: "\(key)[\(index + 1)]", line: node.mark?.line ?? line)
        }
    }

    /// The keys below this one, or `nil` with a finding.
    package func keys(_ findings: inout Findings) -> Keys? {
        guard case .mapping(let mapping) = node else {
            findings.add("needs `key: value` lines below it", at: self)
            return nil
        }
        return Keys(self, mapping)
    }
}

/// The keys of a mapping; a key that nobody asked for is a problem.
package struct Keys {
    package let entry: Entry
    /// In the order written.
    package let entries: [(name: String, entry: Entry)]
    private var known: Set<String> = []

    init(_ entry: Entry, _ mapping: Node.Mapping) {
        self.entry = entry
        entries = mapping.map { key, value in
            let name = key.scalar?.string ?? "?"
            let path = entry.key.isEmpty ? name : "\(entry.key).\(name)"
            return (name, Entry(node: value, key: path, line: key.mark?.line))
        }
    }

    /// The entry of a key; `nil` if it is left out or empty.
    package mutating func optional(_ name: String) -> Entry? {
        known.insert(name)
        return entries.first { $0.name == name && !$0.entry.isNull }?.entry
    }

    /// The entry of a key, or `nil` with a finding that tells what to write.
    package mutating func required(
        _ name: String, _ advice: String, _ findings: inout Findings
    ) -> Entry? {
        if let entry = optional(name) { return entry }
        let path = entry.key.isEmpty ? name : "\(entry.key).\(name)"
        findings.add("is missing; write \(advice)", line: entry.line, key: path)
        return nil
    }

    /// Names every key that was not asked for.
    package func finish(_ findings: inout Findings) {
        for (name, entry) in entries where !known.contains(name) {
            let near = known.min { name.distance(to: $0) < name.distance(to: $1) }
            let advice = near.flatMap { name.distance(to: $0) <= 2 ? "did you mean `\($0)`?" : nil }
            findings.add(
                "is no known key; "
                    + (advice ?? "known here: \(known.sorted().joined(separator: ", "))"),
                at: entry)
        }
    }
}

extension Duration {
    /// A time such as `120s`, `5m`, `2h` or `30d`; `off` is none at all.
    package init?(reading text: String) {
        guard text != "off" else {
            self = .zero
            return
        }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), text.utf8.count <= 9,
            let count = Int64(text.dropLast()), count >= 0
        else { return nil }
        self = .seconds(count * unit)
    }
}

extension String {
    /// How many letters have to be added, left out or changed to make one word of the other.
    func distance(to other: String) -> Int {
        let target = Array(other)
        var row = Array(0...target.count)
        for (i, letter) in enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in target.indices {
                let change = diagonal + (letter == target[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(change, diagonal + 1, row[j] + 1)
            }
        }
        return row[target.count]
    }
}

extension YamlError {
    /// Where the file stops being YAML, in a sentence.
    var finding: (line: Int?, text: String) {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark.line, "is not YAML here: \(problem); check the indentation, quotes and colons")
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                context.mark.line,
                "\(duplicates.joined(separator: ", ")): stands twice; keep one of them"
            )
        case .reader(let problem, _, _, _):
            (nil, "cannot be read as text: \(problem); save it as UTF-8")
        default:
            (nil, "is not YAML")
        }
    }
}
