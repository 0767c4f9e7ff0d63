import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

@Suite struct PeerProvenanceTests {
    private static let way: [PeerFixture.Header] = [
        ("Viaduct-Origin", "ngo.example;ngo%2F12"),
        ("Viaduct-Path", "ngo.example, parks.example"), ("Viaduct-Protocol", "1"),
    ]

    private static func id(_ answer: EdgeResponse) throws -> String {
        try #require(answer.member("service_request_id"), "\(answer.status) \(answer.text)")
    }

    @Test func `a peer reads where a report began, and nobody else does`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let id = try Self.id(await parks.report(parks.form(), id: "m1", Self.way))
            let seen = await peers.roads.read("/requests/\(id).json?extensions=true")
            #expect(seen.member("origin") == "ngo.example")
            #expect(seen.member("origin_id") == "ngo/12")
            #expect(seen.text.contains(#""path":["ngo.example","parks.example","node"]"#))
            #expect(seen.header("Cache-Control") == "no-store")
            let xml = await peers.roads.read("/requests/\(id).xml?extensions=true")
            #expect(xml.text.contains("<path><authority>ngo.example</authority><authority>"))
            let plain = await peers.roads.read("/requests/\(id).json")
            #expect(!plain.text.contains("ngo.example"))
            let client = await peers.fixture.get(
                Fixture.sofia + "/requests/\(id).json?extensions=true",
                [("X-API-Key", peers.fixture.key)])
            #expect(!client.text.contains("ngo.example"))
        }
    }

    @Test func `what a peer told is not listed to it, but found by its id`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let given = try Self.id(await parks.report(parks.form("One"), id: "m1"))
            let passed = try Self.id(
                await peers.roads.report(
                    peers.roads.form("Two"), id: "m2",
                    [
                        ("Viaduct-Origin", "ngo.example;1"),
                        ("Viaduct-Path", "ngo.example, parks.example, roads.example"),
                    ]))
            let ours = try Self.id(
                await peers.fixture.post(
                    Fixture.sofia + "/requests.json", peers.fixture.form()))
            let list = await parks.read("/requests.json?extensions=true&total=true")
            #expect(list.member("service_request_id") == ours)
            #expect(list.member("origin_id") == ours)
            #expect(list.header("X-Total-Count") == "1")
            for id in [given, passed] {
                let found = await parks.read("/requests.json?service_request_id=\(id)")
                #expect(found.member("service_request_id") == id)
            }
            let all = try await PeerCallTests.count(peers.fixture)
            #expect(all == 3)
        }
    }

    @Test func `a report that has been here is known, and nothing is made of it`() async throws {
        try await PeerFixture.with { peers in
            let ours = try Self.id(
                await peers.fixture.post(
                    Fixture.sofia + "/requests.json", peers.fixture.form()))
            let back = await peers.parks.report(
                peers.parks.form("The same, told differently"), id: "m1",
                [("Viaduct-Origin", "node;\(ours)"), ("Viaduct-Path", "node, parks.example")])
            let known = try Self.id(back)
            #expect(known == ours)
            let first = try Self.id(
                await peers.parks.report(peers.parks.form("Two"), id: "m2", Self.way))
            let other = await peers.roads.report(
                peers.roads.form("Two, too"), id: "m3",
                [
                    ("Viaduct-Origin", "ngo.example;ngo%2F12"),
                    ("Viaduct-Path", "ngo.example, node, roads.example"),
                ])
            let same = try Self.id(other)
            #expect(same == first)
            let all = try await PeerCallTests.count(peers.fixture)
            #expect(all == 2)
            let nowhere = await peers.parks.report(
                peers.parks.form("Three"), id: "m4",
                [("Viaduct-Origin", "x;1"), ("Viaduct-Path", "x, node, parks.example")])
            #expect(nowhere.status == 400, "\(nowhere.text)")
        }
    }

    @Test func `one report by two ways is one report`() async throws {
        try await PeerFixture.with { peers in
            let first = try Self.id(
                await peers.parks.report(peers.parks.form(), id: "m1", Self.way))
            let second = await peers.roads.report(
                peers.roads.form("As roads puts it"), id: "m2",
                [
                    ("Viaduct-Origin", "ngo.example;ngo%2F12"),
                    ("Viaduct-Path", "ngo.example, roads.example"),
                ])
            let same = try Self.id(second)
            #expect(same == first)
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(await peers.roads.update(first, id: "1", status: "OPEN").status == 200)
        }
    }
}
