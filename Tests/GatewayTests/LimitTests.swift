import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

@Suite struct LimitTests {
    private static func limited(
        _ rates: [Ration: Rate], peers: PeerCalls? = nil, _ body: (Fixture) async throws -> Void
    ) async throws {
        try await Fixture.with({
            $0.rationing = Rationing(rates)
            $0.peers = peers
        }) { try await body($0) }
    }

    private static let reports = Fixture.multi + "/requests.json?jurisdiction_id=sofia.example"

    @Test(arguments: ["json", "xml"])
    func `the sixty-first report of an hour is too many`(format: String) async throws {
        try await Self.limited([.reportsOfKey: Rate(60, in: .hour)]) { fixture in
            let target = Fixture.sofia + "/requests." + format
            for number in 1...60 {
                let response = await fixture.post(
                    target, fixture.form("&email=a\(number)@b.example"))
                #expect(response.status == 200)
                #expect(
                    response.header("RateLimit-Policy") == "\"reports_of_key\";q=60;w=3600")
                #expect(
                    response.header("RateLimit")?.hasPrefix(
                        "\"reports_of_key\";r=\(60 - number);t=")
                        == true)
            }
            let refused = await fixture.post(target, fixture.form("&email=z@b.example"))
            #expect(refused.status == 429)
            let wait = try #require(refused.header("Retry-After"))
            #expect((50...60).contains(try #require(Int(wait))))
            #expect(refused.header("RateLimit") == "\"reports_of_key\";r=0;t=\(wait)")
            #expect(refused.text.contains("429") && refused.text.contains("Too many reports"))
            #expect(refused.header("Content-Type")?.contains(format) == true)
            #expect(fixture.gateway.metrics.limited[.reportsOfKey]?.value == 1)
        }
    }

    @Test func `the eleventh wrong key of a minute is too many, and one in use still counts`()
        async throws
    {
        try await Self.limited([.wrongKeys: Rate(10, in: .minute)]) { fixture in
            let target = Fixture.sofia + "/requests.json"
            #expect(await fixture.post(target, fixture.form()).status == 200)
            for number in 1...10 {
                let wrong = number % 2 == 0 ? "guess" : try Fixture.freshKey().secret
                let response = await fixture.post(target, "api_key=\(wrong)&service_code=POTHOLE")
                #expect(response.status == 403)
            }
            let refused = await fixture.post(target, "api_key=guess&service_code=POTHOLE")
            #expect(refused.status == 429)
            #expect(refused.header("RateLimit")?.hasPrefix("\"wrong_keys\";r=0;t=") == true)
            #expect(await fixture.post(target, fixture.form("&description=B")).status != 429)
            let other = await fixture.gateway.respond(
                method: "POST", target: target,
                headers: [
                    ("Host", "gateway.example"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ], body: Array("api_key=guess".utf8), address: "203.0.113.7")
            #expect(other.status == 403)
        }
    }

    private static func post(_ fixture: Fixture, key: Key, from address: String, _ text: String)
        async -> Int
    {
        await fixture.gateway.respond(
            method: "POST", target: Fixture.sofia + "/requests.json",
            headers: [
                ("Host", "gateway.example"), ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: Array(
                "api_key=\(key.secret)&service_code=POTHOLE&lat=42.7&long=23.3&description=\(text)"
                    .utf8), address: address
        ).status
    }

    @Test func `a key in everybody's hands is counted by address, a whole 56 as one`() async throws
    {
        try await Self.limited([.reportsOfAddress: Rate(2, in: .hour)]) { fixture in
            let key = try Fixture.freshKey()
            _ = try await fixture.store.create(
                key: key, name: "an app", holder: .everybody, now: Date())
            var answers: [Int] = []
            for address in ["2001:db8:1:2::1", "2001:db8:1:ff::9", "2001:db8:1:2::3"] {
                answers.append(await Self.post(fixture, key: key, from: address, "a\(address)"))
            }
            #expect(answers == [200, 200, 429])
            #expect(await Self.post(fixture, key: key, from: "2001:db8:1:100::1", "b") == 200)
            #expect(await Self.post(fixture, key: key, from: "203.0.113.7", "c") == 200)
            #expect(await Self.post(fixture, key: key, from: "::ffff:203.0.113.7", "d") == 200)
            #expect(await Self.post(fixture, key: key, from: "203.0.113.7", "e") == 429)
            // A program of its own, behind the same address.
            let own = try Fixture.freshKey()
            _ = try await fixture.store.create(key: own, name: "a server", now: Date())
            #expect(await Self.post(fixture, key: own, from: "203.0.113.7", "f") == 200)
            let known = try await fixture.store.list().map(\.holder)
            #expect(known.sorted { "\($0)" < "\($1)" } == [.everybody, .program, .program])
        }
    }

    @Test func `lists are counted, single reports and services are not`() async throws {
        try await Self.limited([
            .listsOfAddress: Rate(1, in: .hour), .listsOfKey: Rate(2, in: .hour),
        ]) { fixture in
            let first = await fixture.get(Self.reports)
            #expect(first.status == 200 && first.header("RateLimit") != nil)
            #expect(await fixture.get(Self.reports).status == 429)
            for path in ["/services.json", "/requests/none.json", "/tokens/none.json"] {
                let response = await fixture.get(Fixture.sofia + path)
                #expect(response.status != 429 && response.header("RateLimit") == nil, "\(path)")
            }
            // With a key there is a ration of one's own.
            await fixture.gateway.keys.refresh()
            let keyed: [(name: String, value: String)] = [("X-API-Key", fixture.key)]
            #expect(await fixture.get(Self.reports, keyed).status == 200)
            #expect(
                await fixture.get(Fixture.sofia + "/servicerequestupdates.json", keyed).status
                    != 429)
            #expect(await fixture.get(Self.reports, keyed).status == 429)
        }
    }

    @Test func `what a peer tells is not rationed`() async throws {
        let key = try Fixture.freshKey()
        var peer = Peer(
            name: try #require(Peer.Name(rawValue: "parks")),
            authority: try #require(Authority(rawValue: "parks.example")), flow: [.updatesIn])
        peer.client = Client.ID(rawValue: key.clientID)
        let peering = Peering(node: try #require(Authority(rawValue: "node")), peers: [peer])
        try await Self.limited(
            [.reportsOfKey: Rate(1, in: .day), .listsOfKey: Rate(1, in: .day)],
            peers: PeerCalls(peering)
        ) { fixture in
            try await fixture.store.register(peering, now: Date())
            _ = try await fixture.store.create(key: key, name: "a peer", now: Date())
            var answers: [Int] = []
            for text in ["a", "b", "c"] {
                answers.append(await Self.post(fixture, key: key, from: "203.0.113.7", text))
            }
            #expect(answers == [200, 200, 200])
            await fixture.gateway.keys.refresh()
            for _ in 0..<3 {
                #expect(await fixture.get(Self.reports, [("X-API-Key", key.secret)]).status == 200)
            }
            #expect(
                await fixture.post(Fixture.sofia + "/requests.json", fixture.form()).status == 200)
            #expect(
                await fixture.post(
                    Fixture.sofia + "/requests.json", fixture.form("&email=a@b.example")
                )
                .status == 429)
        }
    }

    @Test func `while too many are being answered others are refused at once`() async throws {
        // The database is nowhere: whoever asked it would wait for longer.
        let fixture = try Fixture.withoutDatabase { $0.mostInFlight = 0 }
        let start = ContinuousClock.now
        let refused = [
            await fixture.get(Self.reports), await fixture.get(Fixture.sofia + "/requests/a.xml"),
            await fixture.post(Fixture.sofia + "/requests.json", fixture.form()),
        ]
        #expect(refused.map(\.status) == [503, 503, 503])
        #expect(refused.allSatisfy { $0.header("Retry-After") == "1" })
        #expect(start.duration(to: .now) < .milliseconds(100))
        #expect(await fixture.get(Fixture.sofia + "/services.json").status == 200)
    }
}
