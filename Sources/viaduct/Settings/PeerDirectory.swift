import Federation
import Foundation
import Reports

/// The peers' files of one directory, read and fit to be used together.
package struct PeerDirectory: Sendable {
    package var peering: Peering
    /// How each of them is reached.
    package var links: [Peer.Name: PeerLink]

    init(node: Authority, files: [PeerFile] = []) {
        peering = Peering(node: node, peers: files.map(\.peer))
        links = Dictionary(
            files.map { ($0.peer.name, $0.link) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads every `.yaml` of a directory in the order of their names, but for those that end in
    /// `.mapping.yaml`: the peers' files name them.
    static func read(
        _ directory: String, node: Authority, catalogue: Catalogue,
        adapters: [String: Adapters.Reader] = Adapters.all
    ) -> (PeerDirectory, [Problem]) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".mapping.yaml") }.sorted()
        } catch {
            let problem = Problem(
                file: directory, line: nil, key: "peers",
                text: "cannot be listed; make this directory, one YAML file a peer")
            return (PeerDirectory(node: node), [problem])
        }
        var files: [PeerFile] = []
        var problems: [Problem] = []
        for name in names {
            let (file, found) = PeerFile.read(
                directory + "/" + name, catalogue: catalogue, adapters: adapters)
            problems += found
            if let file { files.append(file) }
        }
        problems += rivalries(among: files, node: node)
        return (PeerDirectory(node: node, files: files), problems)
    }

    /// What two peers cannot have in common, and what none may share with ourselves.
    private static func rivalries(among files: [PeerFile], node: Authority) -> [Problem] {
        var problems: [Problem] = []
        func compare(_ key: String, _ word: (Peer) -> String?) {
            var first: [String: String] = [:]
            for file in files {
                guard let text = word(file.peer) else { continue }
                if let other = first[text] {
                    problems.append(file.problem(key, "\(text) is already used by \(other)"))
                } else {
                    first[text] = file.path
                }
            }
        }
        compare("name") { $0.name.rawValue }
        compare("authority") { $0.authority.rawValue }
        compare("client") { $0.client?.rawValue }
        for file in files where file.peer.authority == node {
            problems.append(
                file.problem(
                    "authority", "\(node) is our own name (node); two systems need two names"))
        }
        return problems
    }
}

/// How a peer is reached.
package struct PeerLink: Sendable {
    /// The file that says so.
    package let file: String
    /// The name of its adapter.
    package let kind: String
    /// Where the peer is, as operators are shown it.
    package let address: String
    /// How calls get there.
    let way: AdapterChoice.Way
    /// What both sides sign with, if they do, the newest first; several while they change.
    package let signingSecrets: [WebhookSecret]
    /// What the links of its people are made with, if they answer on a page.
    let answerKey: TokenKey?
    /// What must not be shown of what goes over the wire.
    package let secrets: [Secret]
    /// Its adapter. A function, so that nobody prints the key in it.
    let adapter: @Sendable (AdapterChoice.Use) -> any Adapter
}
