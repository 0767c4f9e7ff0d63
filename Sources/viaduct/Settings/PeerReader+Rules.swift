import Federation
import Foundation
import Reports

extension PeerReader {
    /// Which reports the peer gets; a peer that gets none needs no rule.
    mutating func readRules(_ entry: Entry?, _ flow: Peer.Flow, at root: Entry) -> [Rule] {
        guard let entry else {
            if flow.contains(.reportsOut) {
                findings.add(
                    "is missing; flow names reports_out, so write which reports, or `- {}` for all",
                    line: root.line, key: "rules")
            }
            return []
        }
        if !flow.contains(.reportsOut) {
            findings.add("are for reports_out only; add it to flow, or leave them out", at: entry)
        }
        let rules = entry.list(&findings).compactMap { rule($0) }
        if case .sequence(let sequence) = entry.node, sequence.isEmpty {
            findings.add("needs at least one rule; `- {}` is all reports", at: entry)
        }
        return rules
    }

    private mutating func rule(_ entry: Entry) -> Rule? {
        guard var keys = entry.keys(&findings) else { return nil }
        var rule = Rule()
        if let child = keys.optional("jurisdictions") { rule.jurisdictions = jurisdictions(child) }
        if let child = keys.optional("services") { rule.services = services(child, rule) }
        rule.area = keys.optional("area").flatMap { BoundaryReader.read($0, directory, &findings) }
        if let child = keys.optional("answers") { rule.answers = answers(child, rule) }
        rule.from = keys.optional("from")?.time(&findings)
        if let child = keys.optional("until") {
            rule.until = child.time(&findings)
            if let from = rule.from, let until = rule.until, until <= from {
                findings.add("is not after `from`; no report would fit", at: child)
            }
        }
        keys.finish(&findings)
        return rule
    }

    /// The jurisdictions of a list, by their ids or aliases.
    private mutating func jurisdictions(_ entry: Entry) -> Set<Jurisdiction.ID> {
        var ids: Set<Jurisdiction.ID> = []
        for child in entry.list(&findings) {
            guard let text = child.text(&findings) else { continue }
            guard let id = Jurisdiction.ID(rawValue: text),
                let jurisdiction = catalogue.jurisdiction(id)
            else {
                let known = catalogue.jurisdictions.map(\.id.rawValue).joined(separator: ", ")
                findings.add("`\(text)` is no jurisdiction; known here: \(known)", at: child)
                continue
            }
            ids.insert(jurisdiction.id)
        }
        return ids
    }

    /// The services of a list: each must be known in one of the rule's jurisdictions.
    private mutating func services(_ entry: Entry, _ rule: Rule) -> Set<Service.Code> {
        let known = Set(catalogue.services(of: rule).map(\.code))
        var codes: Set<Service.Code> = []
        for child in entry.list(&findings) {
            guard let text = child.text(&findings) else { continue }
            guard let code = Service.Code(rawValue: text), known.contains(code) else {
                findings.add("`\(text)` is no service of the rule's jurisdictions", at: child)
                continue
            }
            codes.insert(code)
        }
        return codes
    }

    /// The answers of a rule: questions and, of lists, values that the services know.
    private mutating func answers(
        _ entry: Entry, _ rule: Rule
    ) -> [Attribute.Code: Set<String>] {
        let asked = catalogue.services(of: rule).flatMap(\.attributes)
        var answers: [Attribute.Code: Set<String>] = [:]
        for (name, child) in entry.keys(&findings)?.entries ?? [] {
            let questions = asked.filter { $0.code.rawValue == name }
            guard let code = questions.first?.code else {
                findings.add("is asked by none of the rule's services", at: child)
                continue
            }
            let values = questions.compactMap(\.datatype.values).flatMap { $0.map(\.key) }
            let isList = questions.contains { $0.datatype.values != nil }
            let advice = "is no value of the list; known here: \(values.joined(separator: ", "))"
            let parse = { (text: String) in !isList || values.contains(text) ? text : nil }
            answers[code] = child.names(parse, advice, &findings)
        }
        return answers
    }
}

extension Catalogue {
    /// The services whose reports a rule may let through.
    func services(of rule: Rule) -> [Service] {
        jurisdictions
            .filter { rule.jurisdictions.isEmpty || rule.jurisdictions.contains($0.id) }
            .flatMap(\.services)
            .filter { rule.services.isEmpty || rule.services.contains($0.code) }
    }
}
