import Foundation
import Reports

/// What the sample's reports say, by subject and language: `sample/texts.yaml`.
package struct SampleTexts: Sendable {
    /// Sentences by language.
    typealias Phrases = [Language: [String]]

    var wishes: Phrases = [:]
    /// What offices write: `working`, `done`, `refused`, `duplicate`.
    var notes: [String: Phrases] = [:]
    /// Answers to questions of text and number, by the attribute's code.
    var answers: [String: [String]] = [:]
    var themes: [Theme] = []

    /// One subject, for the services that are about it.
    struct Theme: Sendable {
        var services: Set<String>
        var weight = 5
        var scene: Scene?
        /// How many days it takes, usually.
        var days = 10
        var says: Phrases = [:]
        var more: Phrases = [:]
    }

    /// The theme of a service; one without texts of its own for services that have none.
    func theme(of service: Service) -> Theme {
        if let theme = themes.first(where: { $0.services.contains(service.code.rawValue) }) {
            return theme
        }
        return Theme(
            services: [service.code.rawValue], scene: .road,
            says: service.name.texts.mapValues { [$0] })
    }

    /// Reads the file; without one, reports say no more than the service's name.
    package static func read(_ path: String) throws(SettingsError) -> SampleTexts {
        var texts = SampleTexts()
        try SampleFile.read(path) { root, findings in
            texts.wishes = phrases(root.optional("wishes"), &findings)
            if var notes = root.optional("notes")?.keys(&findings) {
                for name in ["working", "done", "refused", "duplicate"] {
                    texts.notes[name] = phrases(notes.optional(name), &findings)
                }
                notes.finish(&findings)
            }
            for (code, entry) in root.optional("answers")?.keys(&findings)?.entries ?? [] {
                texts.answers[code] = entry.list(&findings).compactMap { $0.text(&findings) }
            }
            texts.themes = (root.optional("themes")?.list(&findings) ?? [])
                .compactMap { theme($0, &findings) }
        }
        return texts
    }

    private static func phrases(_ entry: Entry?, _ findings: inout Findings) -> Phrases {
        var phrases: Phrases = [:]
        for (name, child) in entry?.keys(&findings)?.entries ?? [] {
            guard let language = Language(rawValue: name) else {
                findings.add("is no language", at: child)
                continue
            }
            phrases[language] = child.list(&findings).compactMap { $0.text(&findings) }
        }
        return phrases
    }

    private static func theme(_ entry: Entry, _ findings: inout Findings) -> Theme? {
        guard var keys = entry.keys(&findings) else { return nil }
        let services = keys.required("services", "a list of service codes", &findings)
        var theme = Theme(
            services: Set(
                services?.list(&findings).compactMap { $0.text(&findings) } ?? []))
        if let weight = keys.optional("weight")?.integer(in: 0...1000, &findings) {
            theme.weight = weight
        }
        if let days = keys.optional("days")?.integer(in: 1...365, &findings) { theme.days = days }
        let scenes = Scene.allCases.map(\.rawValue)
        theme.scene = keys.optional("scene")?.choice(of: scenes + ["none"], &findings)
            .flatMap(Scene.init(rawValue:))
        theme.says = phrases(keys.optional("says"), &findings)
        theme.more = phrases(keys.optional("more"), &findings)
        keys.finish(&findings)
        return theme
    }
}

/// Where a jurisdiction's sample lies: `sample/<slug>.yaml`.
package struct SamplePlaces: Sendable {
    var city = Localized([:])
    var languages: [(item: Language, weight: Int)] = []
    var centres: [(item: Centre, weight: Int)] = []
    var streets: [Localized] = []

    /// A place where many reports come from.
    struct Centre: Sendable {
        let point: Coordinate
        /// Metres: two thirds of the reports lie nearer.
        let spread: Double
    }

    /// Reads the file of a jurisdiction; without one, reports are spread over its boundary.
    package static func read(
        _ path: String, for jurisdiction: Jurisdiction
    ) throws(SettingsError) -> SamplePlaces {
        var places = SamplePlaces()
        try SampleFile.read(path) { root, findings in
            var reader = JurisdictionReader(
                findings: findings, directory: "", languages: jurisdiction.languages)
            if let city = root.optional("city").flatMap({ reader.localized($0) }) {
                places.city = city
            }
            places.streets = (root.optional("streets")?.list(&reader.findings) ?? [])
                .compactMap { reader.localized($0) }
            findings = reader.findings
            for (name, entry) in root.optional("languages")?.keys(&findings)?.entries ?? [] {
                guard let language = Language(rawValue: name),
                    let weight = entry.integer(in: 0...1000, &findings)
                else { continue }
                places.languages.append((language, weight))
            }
            places.centres = (root.optional("centres")?.list(&findings) ?? [])
                .compactMap { centre($0, &findings) }
        }
        return places
    }

    private static func centre(
        _ entry: Entry, _ findings: inout Findings
    ) -> (item: Centre, weight: Int)? {
        guard var keys = entry.keys(&findings) else { return nil }
        let point = keys.required("point", "[longitude, latitude]", &findings)
        let weight = keys.optional("weight")?.integer(in: 0...1000, &findings) ?? 1
        let spread = keys.optional("spread")?.integer(in: 1...100_000, &findings) ?? 1000
        keys.finish(&findings)
        let numbers = point?.node.sequence?.compactMap { $0.string.flatMap(Double.init) } ?? []
        guard numbers.count == 2,
            let point = Coordinate(latitude: numbers[1], longitude: numbers[0])
        else {
            findings.add("needs point: [longitude, latitude]", at: entry)
            return nil
        }
        return (Centre(point: point, spread: Double(spread)), weight)
    }
}

/// A file of the sample; one that is not there leaves everything as it is.
private enum SampleFile {
    static func read(
        _ path: String, _ take: (inout Keys, inout Findings) -> Void
    ) throws(SettingsError) {
        guard let bytes = FileManager.default.contents(atPath: path) else { return }
        var findings = Findings(file: path)
        if let root = Entry.root(of: String(decoding: bytes, as: UTF8.self), &findings),
            var keys = root.keys(&findings)
        {
            take(&keys, &findings)
            keys.finish(&findings)
        }
        guard findings.problems.isEmpty else { throw SettingsError(problems: findings.problems) }
    }
}
