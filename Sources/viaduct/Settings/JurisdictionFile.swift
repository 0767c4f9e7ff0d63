import Foundation
import Reports

/// One jurisdiction as its file says, with the lines to point at.
package struct JurisdictionFile {
    package let path: String
    package let jurisdiction: Jurisdiction
    private let lines: [String: Int]

    /// Reads a file; `nil` with the problems if it is not a jurisdiction.
    package static func read(_ path: String) -> (JurisdictionFile?, [Problem]) {
        var findings = Findings(file: path)
        guard let bytes = FileManager.default.contents(atPath: path) else {
            findings.add("cannot be read", line: nil, key: "")
            return (nil, findings.problems)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let root = Entry.root(of: text, &findings), let mapping = root.keys(&findings)
        else { return (nil, findings.problems) }
        let directory = (path as NSString).deletingLastPathComponent
        var reader = JurisdictionReader(findings: findings, directory: directory)
        let jurisdiction = reader.jurisdiction(mapping)
        guard reader.findings.problems.isEmpty, let jurisdiction else {
            return (nil, reader.findings.problems)
        }
        let lines = mapping.entries.compactMap { name, entry in entry.line.map { (name, $0) } }
        let file = JurisdictionFile(
            path: path, jurisdiction: jurisdiction,
            lines: Dictionary(lines, uniquingKeysWith: { first, _ in first }))
        return (file, [])
    }

    /// A problem at one of its keys.
    func problem(_ key: String, _ text: String) -> Problem {
        Problem(file: path, line: lines[key], key: key, text: text)
    }
}

/// Reads the keys of a jurisdiction's file.
struct JurisdictionReader {
    var findings: Findings
    /// Where files named in the file are looked for.
    let directory: String
    private var languages: [Language] = []

    init(findings: Findings, directory: String, languages: [Language] = []) {
        self.findings = findings
        self.directory = directory
        self.languages = languages
    }

    /// The jurisdiction, or `nil` with findings.
    mutating func jurisdiction(_ root: Keys) -> Jurisdiction? {
        var keys = root
        let languageEntry = keys.required("languages", "a list such as [bg, en]", &findings)
        languages = languageEntry.map { readLanguages($0) } ?? []
        let id = keys.required("id", "the city's domain, such as city.example", &findings)
            .flatMap { name($0, Jurisdiction.ID.init, Self.idAdvice) }
        let aliases = keys.optional("aliases").map { entry in
            entry.list(&findings).compactMap { name($0, Jurisdiction.ID.init, Self.idAdvice) }
        }
        let slug = keys.required("slug", "a short name such as city", &findings)
            .flatMap { name($0, Jurisdiction.Slug.init, Self.slugAdvice) }
        let title = keys.required("name", "its name in each language", &findings)
            .flatMap { localized($0) }
        let contact = keys.required("contact", "how people reach the operator", &findings)?
            .text(&findings)
        let zone = keys.required("time_zone", "a zone such as Europe/Berlin", &findings)
            .flatMap { timeZone($0) }
        let boundary = keys.optional("boundary").map {
            BoundaryReader.read($0, directory, &findings)
        }
        let window = keys.optional("repeat_window")?.duration(upTo: .seconds(86_400), &findings)
        let strict = keys.optional("strict_90_days")?.flag(&findings)
        let privacy = keys.optional("privacy").map { readPrivacy($0) }
        let services = keys.required("services", "a list of services", &findings)
            .map { readServices($0) }
        keys.finish(&findings)
        guard findings.problems.isEmpty, let id, let slug, let title, let contact, let zone,
            let services, !languages.isEmpty
        else { return nil }
        return Jurisdiction(
            id: id, slug: slug, aliases: aliases ?? [], name: title, contact: contact,
            languages: languages, timeZone: zone, boundary: boundary ?? nil, services: services,
            repeatWindow: window ?? .seconds(120), windowLimit: strict == true ? .refused : .served,
            privacy: privacy ?? Privacy())
    }

    private static let idAdvice = "needs 1 to 64 letters, digits, dots, hyphens or colons"
    private static let slugAdvice =
        "needs 2 to 24 small letters or digits, a letter first; "
        + "\(Jurisdiction.Slug.reserved.sorted().joined(separator: ", ")) are taken"

    /// A name of a certain kind, or `nil` with a finding.
    mutating func name<Name>(
        _ entry: Entry, _ parse: (String) -> Name?, _ advice: String
    ) -> Name? {
        guard let text = entry.text(&findings) else { return nil }
        guard let name = parse(text) else {
            findings.add(advice, at: entry)
            return nil
        }
        return name
    }

    private mutating func readLanguages(_ entry: Entry) -> [Language] {
        let entries = entry.list(&findings)
        let languages = entries.compactMap {
            name($0, Language.init, "needs a language tag such as bg or en")
        }
        if entries.isEmpty { findings.add("needs at least one language", at: entry) }
        if Set(languages).count < languages.count {
            findings.add("names a language twice; keep one of them", at: entry)
        }
        return languages
    }

    /// A text per language, or one text for the default language; `nil` with a finding.
    mutating func localized(_ entry: Entry) -> Localized? {
        guard let first = languages.first else { return nil }
        if case .scalar = entry.node {
            return entry.text(&findings).map { Localized([first: $0]) }
        }
        guard let mapping = entry.keys(&findings) else { return nil }
        var texts: [Language: String] = [:]
        for (name, child) in mapping.entries where !child.isNull {
            guard let language = Language(rawValue: name), languages.contains(language) else {
                findings.add(
                    "is not among the jurisdiction's languages "
                        + "(\(languages.map(\.rawValue).joined(separator: ", ")))", at: child)
                continue
            }
            if let text = child.text(&findings) { texts[language] = text }
        }
        guard texts[first] != nil else {
            findings.add("needs a text in \(first), the first of the languages", at: entry)
            return nil
        }
        return Localized(texts)
    }

    /// A name of the time zone database; abbreviations such as EST are none.
    private mutating func timeZone(_ entry: Entry) -> String? {
        guard let text = entry.text(&findings) else { return nil }
        guard text == "UTC" || text.contains("/"), TimeZone(identifier: text) != nil else {
            findings.add("is no time zone; write one such as Europe/Berlin", at: entry)
            return nil
        }
        return text
    }
}
