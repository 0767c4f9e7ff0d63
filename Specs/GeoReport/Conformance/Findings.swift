import GeoReport

/// What became of one vector in one format.
package struct Finding: Sendable {
    package let vector: Vector
    /// `nil`: the vector speaks of no particular format.
    package let format: Format?
    package let outcome: Outcome

    /// Whether the endpoint does what the vector says.
    package enum Outcome: Sendable, Equatable {
        case passed
        case failed([Failure])
        case skipped(String)

        /// The outcome in one word.
        package var word: String {
            switch self {
            case .passed: "passed"
            case .failed: "failed"
            case .skipped: "skipped"
            }
        }
    }

    package init(vector: Vector, format: Format?, outcome: Outcome) {
        self.vector = vector
        self.format = format
        self.outcome = outcome
    }

    /// Whether the endpoint breaks what it must or should do.
    package var breaks: Bool {
        guard case .failed = outcome else { return false }
        return vector.level != .ext
    }
}

/// What became of all vectors.
package struct Findings: Sendable {
    package var items: [Finding]

    package init(items: [Finding] = []) {
        self.items = items
    }

    /// Whether an assertion that binds (MUST or SHOULD) failed.
    package var failed: Bool { items.contains { $0.breaks } }

    /// How many findings have this outcome (`passed`, `failed`, `skipped`).
    package func count(_ word: String, _ level: Vector.Level? = nil) -> Int {
        items.count { $0.outcome.word == word && (level == nil || $0.vector.level == level) }
    }
}

// MARK: As text

extension Findings {
    /// A table for people: a line a finding, the reasons under it, and the sums.
    package func table(width: Int = 100) -> String {
        let rows = items.map(Self.cells)
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (item, row) in zip(items, rows) {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let head = cells.joined(separator: "  ") + "  "
            lines.append(Self.cut(head + item.vector.sentence, to: width))
            lines += Self.reasons(item.outcome, indented: 4, width)
        }
        return (lines + [""] + sums).joined(separator: "\n") + "\n"
    }

    private static func cells(_ item: Finding) -> [String] {
        let mark =
            switch item.outcome {
            case .passed: "✓"
            case .failed: "✗"
            case .skipped: "–"
            }
        let number = String(item.vector.id.prefix(3))
        return [
            "\(mark) \(number)", item.vector.level.rawValue,
            item.vector.requirements.joined(separator: ", "), item.format?.rawValue ?? "",
        ]
    }

    private static func reasons(
        _ outcome: Finding.Outcome, indented: Int, _ width: Int
    ) -> [String] {
        let indent = String(repeating: " ", count: indented)
        switch outcome {
        case .passed: return []
        case .skipped(let reason): return [cut(indent + "skipped: " + reason, to: width)]
        case .failed(let failures):
            return failures.flatMap { failure in
                let place = failure.line > 0 ? "line \(failure.line): " : ""
                return [
                    cut(indent + place + "expected " + failure.expected, to: width * 2),
                    cut(indent + "got " + failure.got, to: width * 3),
                ]
            }
        }
    }

    private var sums: [String] {
        Vector.Level.allCases.map { level in
            let numbers = ["passed", "failed", "skipped"].map { "\(count($0, level)) \($0)" }
            let name = level.rawValue + String(repeating: " ", count: 6 - level.rawValue.count)
            return "  " + name + "  " + numbers.joined(separator: ", ")
        }
    }

    private static func cut(_ line: String, to width: Int) -> String {
        line.count <= width ? line : line.prefix(width - 1) + "…"
    }
}

// MARK: As JSON

extension Findings {
    /// The findings for programs: an object with the list `results`.
    package func json() -> [UInt8] {
        let objects = items.map { item in
            var members = [
                ("vector", Self.quoted(item.vector.id)),
                ("requirements", Self.list(item.vector.requirements.map(Self.quoted))),
                ("level", Self.quoted(item.vector.level.rawValue)),
                ("sentence", Self.quoted(item.vector.sentence)),
                ("format", item.format.map { Self.quoted($0.rawValue) } ?? "null"),
                ("outcome", Self.quoted(item.outcome.word)),
            ]
            switch item.outcome {
            case .passed: break
            case .skipped(let reason): members.append(("reason", Self.quoted(reason)))
            case .failed(let failures):
                members.append(("failures", Self.list(failures.map(Self.object))))
            }
            return Self.object(members)
        }
        return Array(("{\"results\":" + Self.list(objects, separator: ",\n") + "}\n").utf8)
    }

    private static func object(_ failure: Failure) -> String {
        object([
            ("line", "\(failure.line)"), ("expected", quoted(failure.expected)),
            ("got", quoted(failure.got)),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
    }

    private static func list(_ elements: [String], separator: String = ",") -> String {
        "[" + elements.joined(separator: separator) + "]"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                quoted += "\\"
                quoted.unicodeScalars.append(scalar)
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
