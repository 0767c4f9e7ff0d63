import Federation
import Reports

extension MappingReader {
    /// What we tell the peer of each detail.
    mutating func readStatusesOut(_ entry: Entry?, at root: Entry) -> [Detail: String] {
        var statuses = words.statusesOut
        for (name, child) in entry?.keys(&findings)?.entries ?? [] {
            guard let detail = detail(named: name, at: child) else { continue }
            statuses[detail] = child.text(&findings)
        }
        let missing = Detail.allCases.filter { statuses[$0] == nil }.map(\.rawValue)
        if flow.contains(.updatesOut), !missing.isEmpty {
            findings.add(
                "names no word for \(missing.joined(separator: ", "))",
                line: entry?.line ?? root.line, key: entry?.key ?? "statuses_out")
        }
        return statuses
    }

    /// What the peer's words mean.
    mutating func readStatusesIn(_ entry: Entry?) -> [Mapping.StatusWord: Mapping.Meaning] {
        var statuses = words.statusesIn
        var lines: [Mapping.StatusWord: Int] = [:]
        for (name, child) in entry?.keys(&findings)?.entries ?? [] {
            let word = Mapping.StatusWord(name)
            if let line = lines[word] {
                findings.add("is the same word as the one in line \(line)", at: child)
            }
            lines[word] = child.line ?? 0
            statuses[word] = meaning(child)
        }
        return statuses
    }

    /// What we tell a peer it shows us again: such a word is known to come.
    mutating func checkReturn(of mapping: Mapping, at entry: Entry) {
        guard flow.contains(.updatesIn) || flow.contains(.reportsIn) else { return }
        let told = flow.contains(.updatesOut) ? Set(mapping.statusesOut.values) : []
        let unknown = told.filter { mapping.statusesIn[Mapping.StatusWord($0)] == nil }.sorted()
        guard mapping.statusesIn.isEmpty || !unknown.isEmpty else { return }
        findings.add(
            mapping.statusesIn.isEmpty
                ? "needs the peer's words for a status and what they mean"
                : "does not say what \(unknown.joined(separator: ", ")) means, which we send; "
                    + "the peer will show it to us",
            line: entry.line, key: entry.key.isEmpty ? "statuses_in" : entry.key)
    }

    private mutating func meaning(_ entry: Entry) -> Mapping.Meaning? {
        if case .scalar = entry.node {
            guard let detail = detail(of: entry) else { return nil }
            return Mapping.Meaning(detail: detail)
        }
        guard var keys = entry.keys(&findings) else { return nil }
        var meaning = Mapping.Meaning(detail: nil)
        if let child = keys.optional("detail") { meaning.detail = detail(of: child) }
        if let child = keys.optional("text") { meaning.text = localized(child) }
        if keys.optional("notify")?.flag(&findings) == false { meaning.tells = .nobody }
        if keys.optional("refuses")?.flag(&findings) == true { meaning.verdict = .refuses }
        keys.finish(&findings)
        return meaning
    }

    private mutating func detail(of entry: Entry) -> Detail? {
        guard let text = entry.text(&findings) else { return nil }
        return detail(named: text, at: entry)
    }

    /// A text for the public in each language.
    private mutating func localized(_ entry: Entry) -> Localized? {
        var texts: [Language: String] = [:]
        for (name, child) in entry.keys(&findings)?.entries ?? [] {
            guard let language = Language(rawValue: name) else {
                findings.add("needs a language tag such as bg or en", at: child)
                continue
            }
            texts[language] = child.text(&findings)
        }
        return texts.isEmpty ? nil : Localized(texts)
    }

    private mutating func detail(named text: String, at entry: Entry) -> Detail? {
        guard let detail = Detail(reading: text) else {
            let known = Detail.allCases.map(\.rawValue).joined(separator: ", ")
            findings.add("`\(text)` is no detail of a status; known: \(known)", at: entry)
            return nil
        }
        return detail
    }

    /// Our questions and the peer's; `same`, also for services that are, asks alike.
    mutating func readQuestions(_ keys: inout Keys) -> [Attribute.Code: Mapping.Question] {
        let asked = catalogue.jurisdictions.flatMap(\.services).flatMap(\.attributes)
            .filter { $0.purpose != .information }
        let entry = keys.optional("questions")
        guard (entry ?? keys.optional("services"))?.node.string != "same" else {
            let alike = asked.map { ($0.code, Mapping.Question(code: $0.code.rawValue)) }
            return Dictionary(alike, uniquingKeysWith: { first, _ in first })
        }
        var questions: [Attribute.Code: Mapping.Question] = [:]
        for (name, child) in entry?.keys(&findings)?.entries ?? [] {
            let ours = asked.filter { $0.code.rawValue == name }
            guard let code = ours.first?.code else {
                findings.add("is asked by no service here", at: child)
                continue
            }
            questions[code] = question(child, ours)
        }
        return questions
    }

    private mutating func question(_ entry: Entry, _ ours: [Attribute]) -> Mapping.Question? {
        if case .scalar = entry.node {
            return entry.text(&findings).map { Mapping.Question(code: $0) }
        }
        guard var keys = entry.keys(&findings) else { return nil }
        let code = keys.required("code", "the peer's code of the question", &findings)?
            .text(&findings)
        let values = keys.optional("values").map { readValues($0, ours) }
        keys.finish(&findings)
        return code.map { Mapping.Question(code: $0, values: values ?? [:]) }
    }

    /// Our answers and the peer's: all values of a list, or none.
    private mutating func readValues(_ entry: Entry, _ ours: [Attribute]) -> [String: String] {
        let keys = ours.compactMap(\.datatype.values).flatMap { $0.map(\.key) }
        var values: [String: String] = [:]
        for (name, child) in entry.keys(&findings)?.entries ?? [] {
            if !keys.isEmpty, !keys.contains(name) {
                findings.add("is no value of the list", at: child)
            }
            values[name] = child.text(&findings)
        }
        let missing = Set(keys).subtracting(values.keys).sorted()
        if !missing.isEmpty {
            findings.add("names no value for \(missing.joined(separator: ", "))", at: entry)
        }
        return values
    }
}
