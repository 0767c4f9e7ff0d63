import Federation
import Foundation
import Reports
import Testing

@testable import viaduct

@Suite struct PeerFileTests {
    @Test func `a peer's file says everything about it`() throws {
        let space = try City.workspace([
            "roads.yaml": """
            name: roads
            adapter: paper
            address: https://roads.example/open311/v2
            api_key_file: key
            signing_secret_file: secret
            authority: roads.example
            client: o311_abc123
            mapping: roads.mapping.yaml
            flow: [reports_out, updates_out, updates_in]
            role: handler
            turn: 2
            rules:
              - jurisdictions: [city]
                services: [HOLE]
                area: square.geojson
                answers: {SIZE: [LARGE]}
                from: 2026-01-01
                until: 2026-07-01T12:00:00Z
            privacy: {allow: [contact, handler], purpose: to ask, relay_address: a@b.example}
            pace: {concurrency: 2, per_second: 0.5}
            retry: {pauses: [1s, 2s, 10m], attempts: 50, give_up: 7d}
            breaker: {failures: 20, probe: 5s}
            unanswered: resend
            polling: {interval: 30s, overlap: 5m, sweep: off}
            """, "key": "canary-key\n",
            "secret": "whsec_\(Data(repeating: 7, count: 32).base64EncodedString())\n",
            "square.geojson": City.square,
        ])
        chmod(space.path("key"), 0o600)
        chmod(space.path("secret"), 0o600)
        let (file, problems) = City.read(space.path("roads.yaml"))
        #expect(problems == [])
        let (peer, link) = try #require(file.map { ($0.peer, $0.link) })
        #expect(peer.authority.rawValue == "roads.example")
        #expect(peer.client?.rawValue == "o311_abc123")
        #expect(peer.flow == [.reportsOut, .updatesOut, .updatesIn])
        #expect(peer.role == .handler(turn: 2))
        #expect(peer.privacy.allowed == [.contact, .handlerOnly])
        #expect(peer.privacy.purpose == "to ask")
        #expect(peer.pace == Peer.Pace(concurrency: 2, perSecond: 0.5))
        #expect(peer.retry.schedule.pauses == [.seconds(1), .seconds(2), .seconds(600)])
        #expect(peer.retry.attempts == 50 && peer.retry.longest == .seconds(7 * 86_400))
        #expect(peer.breaker == Breaker(patience: 20, pause: .seconds(5)))
        #expect(peer.unanswered == .resend)
        #expect(
            peer.polling
                == Peer.Polling(interval: .seconds(30), overlap: .seconds(300), sweep: nil))
        let rule = try #require(peer.rules.first)
        #expect(rule.jurisdictions.map(\.rawValue) == ["city.example"])
        #expect(rule.answers.values.first == ["LARGE"])
        #expect(rule.until?.timeIntervalSince(rule.from ?? .now) == 181.5 * 86_400)
        let inside = try #require(Coordinate(latitude: 1.5, longitude: 1.5))
        #expect(rule.area?.contains(inside) == true)
        #expect(link.address == "https://roads.example/open311/v2/")
        #expect(link.signingSecrets.first?.bytes == [UInt8](repeating: 7, count: 32))
        #expect(!"\(link) \(peer)".contains("canary"))
    }

    @Test func `what is left out has the defaults of the contract`() throws {
        let space = try City.workspace(["p.yaml": City.peer])
        let peer = try #require(City.read(space.path("p.yaml")).0?.peer)
        #expect(peer.authority.rawValue == "roads")
        #expect(peer.role == .copy)
        #expect(peer.privacy == Peer.Privacy())
        #expect(peer.pace == Peer.Pace())
        #expect(peer.retry == Peer.Retry() && peer.retry.schedule == .standard)
        #expect(peer.breaker == .standard)
        #expect(peer.unanswered == .park)
        #expect(peer.polling == Peer.Polling())
        #expect(peer.client == nil)
    }

    @Test(arguments: [
        ("name: 1st", "name", "needs a letter, then up to 63 letters, digits, _ or -"),
        ("adapter: fax", "adapter", "needs one of paper"),
        (
            "address: roads.example", "address",
            "needs an address such as https://reports.example, without ? and #"
        ),
        (
            "flow: [reports]", "flow[1]",
            "needs one of reports_out, updates_out, reports_in, updates_in"
        ),
        (
            "flow: []", "flow",
            "needs at least one of reports_out, updates_out, reports_in, updates_in"
        ),
        ("role: owner", "role", "needs one of handler, copy"),
        ("turn: 1", "turn", "is for role: handler only; leave it out"),
        ("client: ''", "client", "needs a text that is not blank"),
        ("unanswered: hope", "unanswered", "needs one of park, resend"),
        (
            "privacy: {allow: [contact]}", "privacy.purpose",
            "is missing; contact data goes nowhere without a reason, so write one"
        ),
        (
            "privacy: {allow: [staff_note]}", "privacy.allow[1]", "needs one of handler, contact"
        ),
        (
            "privacy: {relay_address: us}", "privacy.relay_address", "needs an e-mail address"
        ),
        (
            "pace: {concurrency: 0}", "pace.concurrency", "is 0; write a number from 1 to 64"
        ),
        (
            "pace: {per_second: fast}", "pace.per_second", "needs a number from 0.01 to 10000.0"
        ),
        (
            "retry: {pauses: [5s, 1m, 30s]}", "retry.pauses[3]",
            "is shorter than the pause before it; pauses grow"
        ),
        ("retry: {pauses: [off]}", "retry.pauses[1]", "is too short; at least 1s"),
        ("retry: {pauses: [25h]}", "retry.pauses[1]", "is too long; at most 86400s"),
        (
            "retry: {pauses: []}", "retry.pauses",
            "needs 1 to 20 pauses, such as [5s, 1m, 10m]; the last repeats"
        ),
        (
            "retry: {pauses: 5s}", "retry.pauses",
            "needs a list: one `- ` line an item, or [a, b]"
        ),
        (
            "retry: {attempts: 0}", "retry.attempts", "is 0; write a number from 1 to 10000"
        ),
        ("retry: {give_up: 1s}", "retry.give_up", "is too short; at least 60s"),
        (
            "retry: {attempt: 3}", "retry.attempt", "is no known key; did you mean `attempts`?"
        ),
        ("breaker: {probe: off}", "breaker.probe", "is too short; at least 1s"),
        (
            "breaker: {failures: few}", "breaker.failures", "needs a whole number, such as 1"
        ),
        (
            "polling: {interval: 60}", "polling.interval",
            "needs a time with its unit, such as 120s, 5m, 2h or 30d"
        ),
        (
            "polling: {interval: off}", "polling.interval",
            "needs at least 1s; without updates_in nothing is read"
        ),
        ("rolle: copy", "rolle", "is no known key; did you mean `role`?"),
        ("rules: []", "rules", "needs at least one rule; `- {}` is all reports"),
        (
            "rules: [{jurisdictions: [moon.example]}]", "rules[1].jurisdictions[1]",
            "`moon.example` is no jurisdiction; known here: city.example"
        ),
        (
            "rules: [{services: [TREE]}]", "rules[1].services[1]",
            "`TREE` is no service of the rule's jurisdictions"
        ),
        (
            "rules: [{answers: {COLOUR: [RED]}}]", "rules[1].answers.COLOUR",
            "is asked by none of the rule's services"
        ),
        (
            "rules: [{answers: {SIZE: [HUGE]}}]", "rules[1].answers.SIZE[1]",
            "is no value of the list; known here: SMALL, LARGE"
        ),
        (
            "rules: [{from: 2026-02-30}]", "rules[1].from",
            "needs a day or a time such as 2026-01-31 or 2026-01-31T08:00:00Z"
        ),
        (
            "rules: [{from: 2026-02-02, until: 2026-02-01}]", "rules[1].until",
            "is not after `from`; no report would fit"
        ),
    ])
    func `a wrong peer is told with file, line and key`(
        line: String, key: String, text: String
    ) throws {
        let changed = line.prefix { $0 != ":" } + ":"
        let kept = City.peer.split(separator: "\n").filter { !$0.hasPrefix(changed) }
        let space = try City.workspace([
            "p.yaml": kept.joined(separator: "\n") + "\n" + line + "\n"
        ])
        let (file, problems) = City.read(space.path("p.yaml"))
        #expect(file == nil)
        let expected = Problem(
            file: space.path("p.yaml"), line: kept.count + 1, key: key, text: text)
        #expect(problems.contains(expected), "\(problems)")
    }

    @Test func `a peer that gets reports needs rules, and one that gets none has none`() throws {
        let bare = City.peer.split(separator: "\n").filter { !$0.hasPrefix("rules") }
            .joined(separator: "\n")
        let space = try City.workspace([
            "a.yaml": bare,
            "b.yaml": City.peer.replacing("[reports_out, updates_out]", with: "[updates_in]"),
        ])
        #expect(City.read(space.path("a.yaml")).1.map(\.key) == ["rules"])
        #expect(City.read(space.path("b.yaml")).1.map(\.key).contains("rules"))
    }

    @Test func `secrets come from files that only their owner may read`() throws {
        let space = try City.workspace([
            "p.yaml": City.peer + "api_key_file: key\nsigning_secret_file: secret\n",
            "key": "canary", "secret": "swordfish",
        ])
        chmod(space.path("key"), 0o644)
        chmod(space.path("secret"), 0o600)
        let problems = City.read(space.path("p.yaml")).1
        #expect(problems.map(\.key) == ["api_key_file", "signing_secret_file"])
        #expect(problems.first?.text.contains("chmod 600") == true)
        #expect(!"\(problems)".contains("canary") && !"\(problems)".contains("swordfish"))
    }

    @Test func `two peers share no name, authority or client, and none has ours`() throws {
        let space = try City.workspace([
            "a.yaml": City.peer + "client: o311_abc123\n",
            "b.yaml": City.peer + "client: o311_abc123\n",
            "c.yaml": City.peer.replacing("name: roads", with: "name: us"),
            "d.mapping.yaml": "services: {HOLE: x}",
        ])
        let node = try #require(Authority(rawValue: "us"))
        let (_, problems) = PeerDirectory.read(
            space.path, node: node, catalogue: City.catalogue(), adapters: City.adapters)
        #expect(
            problems.map { $0.description.replacing(space.path + "/", with: "") } == [
                "b.yaml:1: name: roads is already used by a.yaml",
                "b.yaml:1: authority: roads is already used by a.yaml",
                "b.yaml:9: client: o311_abc123 is already used by a.yaml",
                "c.yaml:1: authority: us is our own name (node); two systems need two names",
            ])
    }

    @Test func `who has peers has a name, and a wrong peer stops the start`() async throws {
        let space = try Workspace([
            "a.yaml": "contact: a\npeers: peers", "jurisdictions/.keep": "", "peers/.keep": "",
            "b.yaml": "contact: a\npeers: nowhere\nnode: us.example",
            "c.yaml": "contact: a\nnode: '?'",
            "d.yaml": "contact: a\npeers: peers\nnode: us.example",
        ])
        #expect(await problems(space.path("a.yaml")).map(\.key) == ["node"])
        #expect(await problems(space.path("b.yaml")).map(\.key) == ["peers"])
        #expect(await problems(space.path("c.yaml")).map(\.key) == ["node"])
        #expect(await problems(space.path("d.yaml")) == [])
    }

    private func problems(_ file: String) async -> [Problem] {
        let surroundings = Surroundings(variables: ["HOME": "/"], isRoot: false, directory: "/")
        do {
            _ = try await Settings.read(file: file, in: surroundings)
            return []
        } catch {
            return error.problems
        }
    }
}
