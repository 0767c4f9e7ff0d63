import Federation
import Foundation
import Reports

/// The words that a kind of peer is known to use, which a mapping file may change.
struct PeerWords {
    var statusesOut: [Detail: String] = [:]
    var statusesIn: [Mapping.StatusWord: Mapping.Meaning] = [:]
}

/// Reads a mapping: our words and a peer's, both ways, so that none is missing (DESIGN 5).
struct MappingReader {
    var findings: Findings
    let catalogue: Catalogue
    let flow: Peer.Flow
    let rules: [Rule]
    let words: PeerWords

    /// The mapping, or `nil` with findings.
    mutating func mapping(_ entry: Entry) -> Mapping? {
        guard var keys = entry.keys(&findings) else { return nil }
        var mapping = Mapping()
        readServices(&keys, into: &mapping)
        mapping.statusesOut = readStatusesOut(keys.optional("statuses_out"), at: entry)
        mapping.statusesIn = readStatusesIn(keys.optional("statuses_in"))
        checkReturn(of: mapping, at: keys.optional("statuses_in") ?? entry)
        mapping.questions = readQuestions(&keys)
        keys.finish(&findings)
        return findings.problems.isEmpty ? mapping : nil
    }

    private var all: Set<Service.Code> {
        Set(catalogue.jurisdictions.flatMap(\.services).map(\.code))
    }

    /// Whether anything is read from the peer.
    private var isRead: Bool { flow.contains(.updatesIn) || flow.contains(.reportsIn) }

    private mutating func readServices(_ keys: inout Keys, into mapping: inout Mapping) {
        let out = keys.optional("services")
        mapping.servicesOut = out.map { readServicesOut($0) } ?? [:]
        if flow.contains(.reportsOut) {
            let needed = Set(rules.flatMap { catalogue.services(of: $0) }.map(\.code))
            let missing = needed.subtracting(mapping.servicesOut.keys).map(\.rawValue).sorted()
            if !missing.isEmpty {
                findings.add(
                    "names no code for \(missing.joined(separator: ", ")); "
                        + "the rules send reports of these services",
                    line: out?.line ?? keys.entry.line, key: path("services", in: keys.entry))
            }
        }
        let given = keys.optional("services_in")
        mapping.servicesIn = given.map { readServicesIn($0) } ?? [:]
        guard flow.contains(.reportsIn) else { return }
        addInverse(to: &mapping, at: out)
        if mapping.servicesIn.isEmpty {
            findings.add(
                "is missing; flow names reports_in, so write the peer's codes and our services",
                line: keys.entry.line, key: path("services_in", in: keys.entry))
        }
    }

    private func path(_ name: String, in entry: Entry) -> String {
        entry.key.isEmpty ? name : "\(entry.key).\(name)"
    }

    /// Our services and the peer's codes; `same` if both are called alike.
    private mutating func readServicesOut(_ entry: Entry) -> [Service.Code: String] {
        if entry.node.string == "same" {
            return Dictionary(uniqueKeysWithValues: all.map { ($0, $0.rawValue) })
        }
        var codes: [Service.Code: String] = [:]
        for (name, child) in entry.keys(&findings)?.entries ?? [] {
            guard let code = ourService(name, at: child) else { continue }
            codes[code] = child.text(&findings)
        }
        return codes
    }

    private mutating func readServicesIn(_ entry: Entry) -> [String: Service.Code] {
        var codes: [String: Service.Code] = [:]
        for (name, child) in entry.keys(&findings)?.entries ?? [] {
            guard let text = child.text(&findings) else { continue }
            codes[name] = ourService(text, at: child)
        }
        return codes
    }

    private mutating func ourService(_ text: String, at entry: Entry) -> Service.Code? {
        guard let code = Service.Code(rawValue: text), all.contains(code) else {
            findings.add("`\(text)` is no service of any jurisdiction here", at: entry)
            return nil
        }
        return code
    }

    /// What comes back under a code that we send means the service that we send it for, unless two
    /// of ours share it.
    private mutating func addInverse(to mapping: inout Mapping, at entry: Entry?) {
        let shared = Dictionary(grouping: mapping.servicesOut.keys) {
            mapping.servicesOut[$0] ?? ""
        }
        for (theirs, ours) in shared.sorted(by: { $0.key < $1.key })
        where mapping.servicesIn[theirs] == nil {
            guard let only = ours.first, ours.count == 1 else {
                let names = ours.map(\.rawValue).sorted().joined(separator: ", ")
                findings.add(
                    "`\(theirs)` stands for \(names); write in services_in which of them it means",
                    line: entry?.line, key: entry?.key ?? "services")
                continue
            }
            mapping.servicesIn[theirs] = only
        }
    }
}
