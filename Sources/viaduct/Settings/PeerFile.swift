import Federation
import Foundation
import Reports

/// One peer as its file says, with the lines to point at.
package struct PeerFile {
    package let path: String
    package let peer: Peer
    package let link: PeerLink
    private let lines: [String: Int]

    /// Reads a file; `nil` with the problems if it is not a peer.
    static func read(
        _ path: String, catalogue: Catalogue, adapters: [String: Adapters.Reader] = Adapters.all
    ) -> (PeerFile?, [Problem]) {
        var findings = Findings(file: path)
        guard let bytes = FileManager.default.contents(atPath: path) else {
            findings.add("cannot be read", line: nil, key: "")
            return (nil, findings.problems)
        }
        guard let root = Entry.root(of: String(decoding: bytes, as: UTF8.self), &findings),
            let keys = root.keys(&findings)
        else { return (nil, findings.problems) }
        var reader = PeerReader(
            findings: findings, directory: (path as NSString).deletingLastPathComponent,
            catalogue: catalogue, adapters: adapters)
        let read = reader.peer(keys)
        guard reader.problems.isEmpty, let read else { return (nil, reader.problems) }
        let lines = keys.entries.compactMap { name, entry in entry.line.map { (name, $0) } }
        let file = PeerFile(
            path: path, peer: read.peer, link: read.link,
            lines: Dictionary(lines, uniquingKeysWith: { first, _ in first }))
        return (file, [])
    }

    /// A problem at one of its keys; at the name, if the key is left out.
    func problem(_ key: String, _ text: String) -> Problem {
        Problem(file: path, line: lines[key] ?? lines["name"], key: key, text: text)
    }
}

/// Reads the keys of a peer's file.
struct PeerReader {
    var findings: Findings
    /// What is wrong in its mapping, if that is a file of its own.
    private(set) var mappingProblems: [Problem] = []
    /// Where files named in the file are looked for.
    let directory: String
    let catalogue: Catalogue
    let adapters: [String: Adapters.Reader]

    init(
        findings: Findings, directory: String, catalogue: Catalogue,
        adapters: [String: Adapters.Reader]
    ) {
        self.findings = findings
        self.directory = directory
        self.catalogue = catalogue
        self.adapters = adapters
    }

    var problems: [Problem] { findings.problems + mappingProblems }

    /// The peer and the way to it, or `nil` with findings.
    mutating func peer(_ root: Keys) -> (peer: Peer, link: PeerLink)? {
        var keys = root
        let name = keys.required("name", "a short name such as roads", &findings)?
            .name(Peer.Name.init, Self.nameAdvice, &findings)
        let authority = keys.optional("authority")?
            .name(Authority.init, PeerReader.authorityAdvice, &findings)
        let client = keys.optional("client")?
            .name(
                Client.ID.init(shown:), "needs a client as `viaduct key list` shows it", &findings)
        let flow = keys.required("flow", "a list such as [reports_out, updates_in]", &findings)
            .map { readFlow($0) }
        let role = readRole(&keys)
        let rules = readRules(keys.optional("rules"), flow ?? [], at: keys.entry)
        let privacy = keys.optional("privacy").map { readPrivacy($0) }
        let pace = keys.optional("pace").map { readPace($0) }
        let retry = keys.optional("retry").map { readRetry($0) }
        let breaker = keys.optional("breaker").map { readBreaker($0) }
        let polling = keys.optional("polling").map { readPolling($0) }
        let unanswered = keys.optional("unanswered")?
            .choice(of: Peer.Unanswered.allCases.map(\.rawValue), &findings)
            .flatMap(Peer.Unanswered.init)
        let way = readWay(
            &keys, name: name, flow: flow ?? [], polling: polling ?? Peer.Polling())
        let mapping = keys.required("mapping", "the name of a mapping file", &findings)
            .flatMap { readMapping($0, flow ?? [], rules, way?.words ?? PeerWords()) }
        keys.finish(&findings)
        guard problems.isEmpty, let name, let flow, let way, let mapping else { return nil }
        guard let own = authority ?? Authority(rawValue: name.rawValue) else { return nil }
        let peer = Peer(
            name: name, authority: own, flow: flow, rules: rules, role: role, mapping: mapping,
            privacy: privacy ?? Peer.Privacy(), pace: pace ?? Peer.Pace(),
            retry: retry ?? Peer.Retry(), breaker: breaker ?? .standard,
            unanswered: unanswered ?? .park, polling: polling ?? Peer.Polling(), client: client)
        return (peer, way.link(file: findings.file))
    }

    private static let nameAdvice = "needs a letter, then up to 63 letters, digits, _ or -"
    static let authorityAdvice =
        "needs a letter or digit, then up to 63 letters, digits, dots, colons, _ or -"

    private mutating func readFlow(_ entry: Entry) -> Peer.Flow {
        let words = Peer.Stream.allCases.map(\.rawValue).joined(separator: ", ")
        let flow = entry.names(Peer.Stream.init, "needs one of \(words)", &findings)
        if flow.isEmpty { findings.add("needs at least one of \(words)", at: entry) }
        return flow
    }

    private mutating func readRole(_ keys: inout Keys) -> Peer.Role {
        let role = keys.optional("role")?.choice(of: ["handler", "copy"], &findings)
        let turn = keys.optional("turn")
        guard role == "handler" else {
            if let turn { findings.add("is for role: handler only; leave it out", at: turn) }
            return .copy
        }
        return .handler(turn: turn?.integer(in: 1...1000, &findings) ?? 1)
    }

    private mutating func readPrivacy(_ entry: Entry) -> Peer.Privacy {
        guard var keys = entry.keys(&findings) else { return Peer.Privacy() }
        let words = Peer.Privacy.Class.allCases.map(\.rawValue).joined(separator: ", ")
        let allowed = keys.optional("allow")?
            .names(Peer.Privacy.Class.init, "needs one of \(words)", &findings)
        let purpose = keys.optional("purpose")?.text(&findings)
        let relay = keys.optional("relay_address")?
            .name({ $0.contains("@") ? $0 : nil }, "needs an e-mail address", &findings)
        keys.finish(&findings)
        if allowed?.contains(.contact) == true, purpose == nil {
            findings.add(
                "is missing; contact data goes nowhere without a reason, so write one",
                line: entry.line, key: entry.key + ".purpose")
        }
        return Peer.Privacy(allowed: allowed ?? [], purpose: purpose, relayAddress: relay)
    }

    private mutating func readPace(_ entry: Entry) -> Peer.Pace {
        guard var keys = entry.keys(&findings) else { return Peer.Pace() }
        var pace = Peer.Pace()
        pace.concurrency =
            keys.optional("concurrency")?.integer(in: 1...64, &findings) ?? pace.concurrency
        pace.perSecond = keys.optional("per_second")?.number(in: 0.01...10_000, &findings)
        keys.finish(&findings)
        return pace
    }

    private mutating func readPolling(_ entry: Entry) -> Peer.Polling {
        guard var keys = entry.keys(&findings) else { return Peer.Polling() }
        var polling = Peer.Polling()
        if let interval = keys.optional("interval") {
            polling.interval =
                interval.duration(upTo: .seconds(86_400), &findings) ?? polling.interval
            if polling.interval < .seconds(1) {
                findings.add("needs at least 1s; without updates_in nothing is read", at: interval)
            }
        }
        polling.overlap =
            keys.optional("overlap")?.duration(upTo: .seconds(7 * 86_400), &findings)
            ?? polling.overlap
        if let sweep = keys.optional("sweep")?.duration(upTo: .seconds(3660 * 86_400), &findings) {
            polling.sweep = sweep > .zero ? sweep : nil
        }
        keys.finish(&findings)
        return polling
    }

    /// The mapping: in the file itself, or in a file beside it.
    private mutating func readMapping(
        _ entry: Entry, _ flow: Peer.Flow, _ rules: [Rule], _ words: PeerWords
    ) -> Mapping? {
        var reader = MappingReader(
            findings: findings, catalogue: catalogue, flow: flow, rules: rules, words: words)
        guard case .scalar = entry.node else {
            defer { findings = reader.findings }
            return reader.mapping(entry)
        }
        guard let name = entry.text(&findings) else { return nil }
        let path = name.hasPrefix("/") ? name : directory + "/" + name
        guard let bytes = FileManager.default.contents(atPath: path) else {
            findings.add("\(path) cannot be read; put the mapping file there", at: entry)
            return nil
        }
        reader.findings = Findings(file: path)
        let root = Entry.root(of: String(decoding: bytes, as: UTF8.self), &reader.findings)
        let mapping = root.flatMap { reader.mapping($0) }
        mappingProblems = reader.findings.problems
        return mapping
    }
}

extension Client.ID {
    /// A client by its name or by the beginning of its key, of which the name is a part.
    fileprivate init?(shown text: String) {
        self.init(rawValue: text.hasPrefix("o311_") ? String(text.prefix(11)) : text)
    }
}
