import FoundationEssentials
import Reports
import Testing

@testable import Federation

@Suite struct PeeringTests {
    private static let start = Date(timeIntervalSince1970: 1_000_000)

    private static func name<Name: Identifier>(_ text: String, as _: Name.Type = Name.self) -> Name
    {
        guard let name = Name(rawValue: text) else { preconditionFailure("no name: \(text)") }
        return name
    }

    private static func peer(
        _ name: String, rule: Rule = Rule(), role: Peer.Role = .copy,
        flow: Peer.Flow = [.reportsOut, .updatesOut], privacy: Peer.Privacy = Peer.Privacy()
    ) -> Peer {
        Peer(
            name: Self.name(name), authority: Self.name("\(name).example"), flow: flow,
            rules: [rule], role: role, privacy: privacy)
    }

    private static func subject(
        _ jurisdiction: String = "sofia.example", service: String = "POTHOLE",
        at coordinate: Coordinate? = Coordinate(latitude: 42.5, longitude: 23.5),
        answers: [Answer] = [], requested: Date = start, visibility: Visibility = .public
    ) -> Rule.Subject {
        Rule.Subject(
            jurisdiction: name(jurisdiction), service: name(service), coordinate: coordinate,
            answers: answers, requested: requested, visibility: visibility)
    }

    private static func answer(_ code: String, _ values: String...) -> Answer {
        Answer(code: name(code), values: values)
    }

    private static func fits(_ rule: Rule, _ subject: Rule.Subject) -> Bool {
        let peering = Peering(node: name("node"), peers: [peer("p", rule: rule)])
        return !peering.destinations(of: subject).all.isEmpty
    }

    @Test func `a rule that says nothing fits all, and one of several is enough`() {
        #expect(Self.fits(Rule(), Self.subject(at: nil)))
        var two = Self.peer("p", rule: Rule(services: [Self.name("NONE")]))
        #expect(
            Peering(node: Self.name("n"), peers: [two]).destinations(of: Self.subject()).all == [])
        two.rules.append(Rule(services: [Self.name("POTHOLE")]))
        #expect(
            Peering(node: Self.name("n"), peers: [two]).destinations(of: Self.subject()).all
                == [two.name])
        two.rules = []
        #expect(
            Peering(node: Self.name("n"), peers: [two]).destinations(of: Self.subject()).all == [])
    }

    @Test func `jurisdiction and service both count`() {
        let rule = Rule(
            jurisdictions: [Self.name("sofia.example")], services: [Self.name("POTHOLE")])
        #expect(Self.fits(rule, Self.subject()))
        #expect(!Self.fits(rule, Self.subject("varna.example")))
        #expect(!Self.fits(rule, Self.subject(service: "GRAFFITI")))
    }

    @Test func `a report lies in the area, outside, in its hole, or nowhere`() throws {
        func ring(_ low: Double, _ high: Double) -> Boundary.Ring {
            [(low, low), (low, high), (high, high), (high, low), (low, low)].compactMap {
                Coordinate(latitude: 42 + $0.0, longitude: 23 + $0.1)
            }
        }
        let area = try #require(Boundary(polygons: [[ring(0, 1), ring(0.2, 0.4)]]))
        let rule = Rule(area: area)
        #expect(Self.fits(rule, Self.subject()))
        for (latitude, longitude) in [(43.5, 23.5), (42.3, 23.3)] {
            let point = Coordinate(latitude: latitude, longitude: longitude)
            #expect(!Self.fits(rule, Self.subject(at: point)))
        }
        #expect(!Self.fits(rule, Self.subject(at: nil)))
    }

    @Test func `each question that a rule names must have one of its answers`() {
        let rule = Rule(answers: [
            Self.name("KIND"): ["BULKY", "PAPER"], Self.name("SIZE"): ["BIG"],
        ])
        let (bulky, big) = (Self.answer("KIND", "GLASS", "BULKY"), Self.answer("SIZE", "BIG"))
        #expect(Self.fits(rule, Self.subject(answers: [bulky, big])))
        #expect(!Self.fits(rule, Self.subject(answers: [bulky])))
        #expect(!Self.fits(rule, Self.subject(answers: [Self.answer("KIND", "GLASS"), big])))
        #expect(!Self.fits(rule, Self.subject()))
    }

    @Test func `a time begins with its first moment and ends before its last`() {
        let rule = Rule(from: Self.start, until: Self.start.addingTimeInterval(60))
        for (seconds, fits) in [(-1.0, false), (0, true), (59, true), (60, false)] {
            let time = Self.start.addingTimeInterval(seconds)
            #expect(Self.fits(rule, Self.subject(requested: time)) == fits)
        }
    }

    @Test func `of those who could handle it the one with the lowest turn does`() {
        let peering = Peering(
            node: Self.name("node"),
            peers: [
                Self.peer("late", role: .handler(turn: 3)), Self.peer("copy"),
                Self.peer("b", role: .handler(turn: 2)), Self.peer("a", role: .handler(turn: 2)),
            ])
        let subject = Self.subject()
        #expect(peering.destinations(of: subject).all.map(\.rawValue) == ["a", "copy"])
        var refused: Set<Peer.Name> = [Self.name("a")]
        #expect(peering.destinations(of: subject, refused: refused).handler?.rawValue == "b")
        refused.formUnion([Self.name("b"), Self.name("copy")])
        #expect(peering.destinations(of: subject, refused: refused).all.map(\.rawValue) == ["late"])
        refused.insert(Self.name("late"))
        #expect(peering.destinations(of: subject, refused: refused).handler == nil)
    }

    @Test func `nobody gets what has passed them, or began there`() {
        let peering = Peering(
            node: Self.name("node"),
            peers: [Self.peer("a", role: .handler(turn: 1)), Self.peer("b"), Self.peer("c")])
        let way = Provenance(
            origin: Self.name("b.example"), originID: "1",
            path: [Self.name("x.example"), Self.name("a.example")])
        #expect(peering.destinations(of: Self.subject(), by: way).all.map(\.rawValue) == ["c"])
        #expect(peering.audience(of: way, visibility: .public).map(\.rawValue) == ["c"])
        #expect(peering.path(by: way).map(\.rawValue) == ["x.example", "a.example", "node"])
    }

    @Test func `who has no such stream, or may not know of private reports, gets none`() {
        let peering = Peering(
            node: Self.name("node"),
            peers: [
                Self.peer("reads", flow: [.reportsIn, .updatesIn]),
                Self.peer("reports", flow: [.reportsOut]),
                Self.peer("trusted", privacy: Peer.Privacy(allowed: [.handlerOnly])),
            ])
        #expect(
            peering.destinations(of: Self.subject()).all.map(\.rawValue) == ["reports", "trusted"])
        #expect(
            peering.destinations(of: Self.subject(visibility: .private)).all.map(\.rawValue)
                == ["trusted"])
        #expect(peering.audience(of: nil, visibility: .public).map(\.rawValue) == ["trusted"])
        #expect(peering.updated.map(\.rawValue) == ["trusted"])
    }

    @Test func `what a peer tells has passed it, whether it says so or not`() {
        var peer = Self.peer("a")
        peer.client = Self.name("o311_aaaaaa")
        let peering = Peering(node: Self.name("node"), peers: [peer])
        let told = Provenance(
            origin: Self.name("x.example"), originID: "1", path: [Self.name("x.example")])
        let way = peering.provenance(told, from: Self.name("o311_aaaaaa"))
        #expect(way?.path.map(\.rawValue) == ["x.example", "a.example"])
        #expect(way?.originID == "1")
        #expect(
            peering.provenance(nil, from: Self.name("o311_aaaaaa"))?.hasPassed(
                Self.name("a.example")) == true)
        #expect(peering.peer(of: Self.name("peer-a"))?.name.rawValue == "a")
        #expect(peering.provenance(told, from: Self.name("o311_other1")) == told)
        #expect(peering.provenance(nil, from: Self.name("o311_other1")) == nil)
    }

    @Test func `an echo is known however the peer writes it`() {
        #expect(Echo.text("Work  is\nDone ").content == Echo.text("work is done").content)
        #expect(Echo.status("In Progress").content == Echo.status("IN_PROGRESS").content)
        #expect(Echo.status("done").content != Echo.text("done").content)
        #expect(Echo.text("done").content != Echo.text("done!").content)
    }
}
