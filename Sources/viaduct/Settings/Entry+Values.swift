import Foundation
import GeoReport
import Outbound
import Reports

extension Entry {
    /// A name of a certain kind, or `nil` with a finding.
    func name<Name>(
        _ parse: (String) -> Name?, _ advice: String, _ findings: inout Findings
    ) -> Name? {
        guard let text = text(&findings) else { return nil }
        guard let name = parse(text) else {
            findings.add(advice, at: self)
            return nil
        }
        return name
    }

    /// The names of a list, each of a certain kind and none twice.
    func names<Name: Hashable>(
        _ parse: (String) -> Name?, _ advice: String, _ findings: inout Findings
    ) -> Set<Name> {
        var names: Set<Name> = []
        for child in list(&findings) {
            guard let name = child.name(parse, advice, &findings) else { continue }
            if !names.insert(name).inserted { findings.add("stands twice in the list", at: child) }
        }
        return names
    }

    /// A number, or `nil` with a finding.
    func number(in range: ClosedRange<Double>, _ findings: inout Findings) -> Double? {
        guard case .scalar(let scalar) = node, let number = Double(scalar.string),
            range.contains(number)
        else {
            findings.add(
                "needs a number from \(range.lowerBound) to \(range.upperBound)", at: self)
            return nil
        }
        return number
    }

    /// A day or a time, or `nil` with a finding.
    func time(_ findings: inout Findings) -> Date? {
        name(
            { DateTime.parse($0) },
            "needs a day or a time such as 2026-01-31 or 2026-01-31T08:00:00Z", &findings)
    }

    /// An address of a server, ending in a slash; `nil` with a finding.
    func base(_ findings: inout Findings) -> String? {
        guard let text = text(&findings) else { return nil }
        guard WebAddress.isBase(text), (try? Destination(text)) != nil else {
            findings.add(WebAddress.advice, at: self)
            return nil
        }
        return text.hasSuffix("/") ? text : text + "/"
    }

    /// The secret in the file that is named here, as seen from a directory; `nil` with a finding.
    func secret(from directory: String, _ findings: inout Findings) -> Secret? {
        guard let name = text(&findings) else { return nil }
        let path = name.hasPrefix("/") ? name : directory + "/" + name
        do {
            return try Secret(contentsOf: path)
        } catch {
            findings.add(error.advice(for: path), at: self, kind: error.kind)
            return nil
        }
    }
}
