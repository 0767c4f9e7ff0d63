/// One thing that is wrong in a settings file, told so that it can be put right.
package struct Problem: Error, Equatable, CustomStringConvertible {
    package let file: String
    /// From 1; `nil` if no line of the file is to blame.
    package let line: Int?
    /// The path of the key, such as `http.port` or `services[2].code`.
    package let key: String
    /// What is wrong, and what to write instead.
    package let text: String
    package var kind = Kind.setting

    /// What it is about.
    package enum Kind: Sendable {
        case setting
        /// A secret that others may read.
        case openSecret
    }

    /// `file:line: key: what is wrong and what to write`.
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.isEmpty ? "\(place): \(text)" : "\(place): \(key): \(text)"
    }
}

/// Why Viaduct does not start: every problem of the settings at once.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package let problems: [Problem]

    package init(problems: [Problem]) {
        self.problems = problems
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// What was found wrong while one file was read; reading goes on, so that all of it is told at
/// once.
package struct Findings {
    package let file: String
    private var found: [Problem] = []

    package init(file: String) {
        self.file = file
    }

    /// What was found, in the order of the lines.
    package var problems: [Problem] {
        found.enumerated()
            .sorted { ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset) }
            .map(\.element)
    }

    /// Notes a problem at a line.
    package mutating func add(_ text: String, line: Int?, key: String) {
        found.append(Problem(file: file, line: line, key: key, text: text))
    }

    /// Notes a problem at an entry.
    package mutating func add(
        _ text: String, at entry: Entry, kind: Problem.Kind = .setting
    ) {
        found.append(
            Problem(file: file, line: entry.line, key: entry.key, text: text, kind: kind))
    }
}
