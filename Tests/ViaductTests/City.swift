import Federation
import Foundation
import Reports

@testable import viaduct

/// A city with two services, and a kind of peer that is only spoken of.
enum City {
    static let file = """
        id: city.example
        aliases: [city]
        slug: city
        name: City
        contact: us
        languages: [en]
        time_zone: Europe/Berlin
        services:
          - code: HOLE
            name: Hole
            attributes:
              - code: SIZE
                question: How large
                datatype: singlevaluelist
                values: [{key: SMALL, name: small}, {key: LARGE, name: large}]
              - {code: DEPTH, question: How deep, datatype: number}
          - {code: LAMP, name: Lamp}

        """

    static let peer = """
        name: roads
        adapter: paper
        address: https://roads.example/
        flow: [reports_out, updates_out]
        rules: [{services: [HOLE]}]
        mapping:
          services: {HOLE: '12'}
          statuses_out: {}


        """.replacing("\n\n", with: "\n")

    static let mapping = "services: {HOLE: '12', LAMP: '13'}\nstatuses_in: {closed: FIXED}\n"

    static let square = """
        {"type": "Polygon", "coordinates": [[[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]]}
        """

    static func workspace(_ files: [String: String]) throws -> Workspace {
        try Workspace(files.merging(["roads.mapping.yaml": mapping]) { own, _ in own })
    }

    static func catalogue() -> Catalogue {
        var findings = Findings(file: "city.yaml")
        guard let root = Entry.root(of: file, &findings)?.keys(&findings) else { return .empty }
        var reader = JurisdictionReader(findings: findings, directory: "/")
        let city = reader.jurisdiction(root)
        return (try? Catalogue(city.map { [$0] } ?? [])) ?? .empty
    }

    static func read(_ path: String) -> (PeerFile?, [Problem]) {
        PeerFile.read(path, catalogue: catalogue(), adapters: adapters)
    }

    /// A kind of peer that is told `open` and `closed`, and says the same.
    static let adapters: [String: Adapters.Reader] = [
        "paper": { entry in
            var words = PeerWords()
            for detail in Detail.allCases { words.statusesOut[detail] = detail.status.rawValue }
            for detail in [Detail.open, .closed] {
                let word = Mapping.StatusWord(detail.status.rawValue)
                words.statusesIn[word] = Mapping.Meaning(detail: detail)
            }
            if entry.own?.optional("wordless") != nil { words = PeerWords() }
            return AdapterChoice(address: entry.base() ?? "", words: words) { _ in Paper() }
        }
    ]
}

/// An adapter that is only spoken of.
struct Paper: Adapter {
    let traits = AdapterTraits(resend: .none, carries: [.reports])

    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket {
        Ticket(id: message.key)
    }

    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        Page(items: [], next: Cursor(text: ""), isLast: true)
    }

    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        PeerReport(software: "paper", services: nil)
    }
}
