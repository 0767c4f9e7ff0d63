/// What an examination found wrong: what, where, and what to do about it.
struct Complaint: Sendable, Equatable {
    /// How bad it is.
    enum Level: String, Sendable, Encodable {
        case warning, wrong
    }

    let examination: Examination
    let level: Level
    /// The file, and where in it: the line from 1, and the key.
    var file: String?
    var line: Int?
    var key: String?
    let text: String
    /// What to do; empty if the text says so already.
    var advice = ""

    init(
        _ examination: Examination, _ level: Level, _ text: String, advice: String = ""
    ) {
        self.examination = examination
        self.level = level
        self.text = text
        self.advice = advice
    }

    /// A problem of the settings.
    init(_ problem: Problem) {
        self.init(problem.kind == .openSecret ? .secrets : .settings, .wrong, problem.text)
        file = problem.file
        line = problem.line
        key = problem.key.isEmpty ? nil : problem.key
    }

    /// The same, with where it is.
    func at(_ file: String, line: Int? = nil, key: String? = nil) -> Complaint {
        var placed = self
        placed.file = file
        placed.line = line
        placed.key = key
        return placed
    }

    /// `file:line: key: what is wrong; what to do`.
    var sentence: String {
        let place = file.map { file in line.map { "\(file):\($0)" } ?? file }
        let remedy = advice.isEmpty ? "" : text.hasSuffix(".") ? " \(advice)" : "; \(advice)"
        return [place, key, text + remedy].compactMap(\.self).joined(separator: ": ")
    }
}

/// All that the doctor has found so far.
struct Chart: Sendable {
    /// What is fine, for people who want to see that something was looked at.
    private(set) var notes: [(examination: Examination, text: String)] = []
    private(set) var complaints: [Complaint] = []
    /// What could not be looked at, and why.
    private(set) var skipped: [Examination: String] = [:]

    mutating func note(_ examination: Examination, _ text: String) {
        notes.append((examination, text))
    }

    mutating func add(_ complaint: Complaint) {
        complaints.append(complaint)
    }

    mutating func skip(_ examinations: [Examination], because reason: String) {
        for examination in examinations { skipped[examination] = reason }
    }

    /// What was found by one examination.
    func complaints(of examination: Examination) -> [Complaint] {
        complaints.filter { $0.examination == examination }
    }

    /// Whether something is worse than a warning.
    var isWrong: Bool { complaints.contains { $0.level == .wrong } }
}

extension Chart {
    /// As JSON, for programs.
    var page: ChartPage { ChartPage(self) }
}

/// What the doctor found, as JSON.
struct ChartPage: Encodable {
    let version: String
    let isFine: Bool
    let findings: Int
    let checks: [Check]

    struct Check: Encodable {
        let name: String
        let about: String
        /// `ok`, `warning`, `wrong` or `skipped`.
        let result: String
        /// Why it was skipped.
        let reason: String?
        let findings: [Finding]
    }

    struct Finding: Encodable {
        let level: Complaint.Level
        let file: String?
        let line: Int?
        let key: String?
        let text: String
        let advice: String?
    }

    init(_ chart: Chart) {
        version = Viaduct.version
        isFine = chart.complaints.isEmpty
        findings = chart.complaints.count
        checks = Examination.allCases.map { examination in
            let found = chart.complaints(of: examination)
            let reason = chart.skipped[examination]
            let worst = found.contains { $0.level == .wrong } ? "wrong" : "warning"
            return Check(
                name: examination.rawValue, about: examination.about,
                result: !found.isEmpty ? worst : reason == nil ? "ok" : "skipped", reason: reason,
                findings: found.map(Finding.init))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case version, findings, checks
        case isFine = "fine"
    }
}

extension ChartPage.Finding {
    fileprivate init(_ complaint: Complaint) {
        level = complaint.level
        file = complaint.file
        line = complaint.line
        key = complaint.key
        text = complaint.text
        advice = complaint.advice.isEmpty ? nil : complaint.advice
    }
}
