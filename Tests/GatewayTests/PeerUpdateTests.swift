import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

@Suite struct PeerUpdateTests {
    private static func id(_ answer: EdgeResponse) throws -> String {
        try #require(answer.member("service_request_id"), "\(answer.status) \(answer.text)")
    }

    private static func status(_ id: String, _ fixture: Fixture) async -> String? {
        await fixture.get(Fixture.sofia + "/requests/\(id).json").member("status")
    }

    @Test func `a stranger's update is refused, and logged`() async throws {
        try await PeerFixture.with { peers in
            let form = peers.fixture.form()
            let ours = try Self.id(
                await peers.fixture.post(Fixture.sofia + "/requests.json", form))
            let answer = await peers.roads.update(ours, id: "1", status: "CLOSED")
            #expect(answer.status == 403)
            #expect(answer.text.contains("service_request_id"))
            #expect(await Self.status(ours, peers.fixture) == "open")
            let hidden = try Self.id(
                await peers.fixture.post(
                    Fixture.sofia + "/requests.json", form.replacing("POTHOLE", with: "HIDDEN")))
            #expect(await peers.roads.update(hidden, id: "2", status: "OPEN").status == 404)
            #expect(await peers.roads.update("sofia-0", id: "3", status: "OPEN").status == 404)
        }
    }

    @Test func `who told of a report tells more of it`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let id = try Self.id(await parks.report(parks.form(), id: "m1"))
            let told = await parks.update(id, id: "1", status: "CLOSED")
            #expect(told.status == 200, "\(told.text)")
            let again = await parks.update(id, id: "1", status: "CLOSED")
            #expect(again.bytes == told.bytes)
            #expect(await Self.status(id, peers.fixture) == "closed")
        }
    }

    @Test func `who is given a copy proposes a status, and its comment counts`() async throws {
        let rules = { (peer: inout Peer) in
            peer.flow = [.reportsOut, .updatesIn]
            peer.rules = [Rule()]
            peer.role = peer.name.rawValue == "roads" ? .handler(turn: 1) : .copy
        }
        try await PeerFixture.with(settings: rules) { peers in
            let form = peers.fixture.form()
            let ours = try Self.id(
                await peers.fixture.post(Fixture.sofia + "/requests.json", form))
            let told = await peers.parks.update(
                ours, id: "1", status: "CLOSED", description: "Seen")
            #expect(told.status == 200, "\(told.text)")
            #expect(await Self.status(ours, peers.fixture) == "open")
            let id = try #require(Report.ID(rawValue: ours))
            let sofia = try #require(Jurisdiction.ID(rawValue: "sofia.example"))
            let notes = try await peers.fixture.store.internalNotes(
                of: id, in: sofia, stage: .production)
            #expect(notes?.map(\.description) == ["parks: CLOSED"])
            let list = await peers.roads.read(
                "/servicerequestupdates.json?extensions=true&start_date=2026-01-01T00:00:00Z")
            #expect(list.member("description") == "Seen")
            #expect(list.member("status") == "OPEN")
            let handled = await peers.roads.update(
                ours, id: "2", status: "FIXED", description: "Filled")
            #expect(handled.status == 200, "\(handled.text)")
            #expect(await Self.status(ours, peers.fixture) == "closed")
        }
    }

    @Test func `a status that is to be told to nobody is quiet when a peer calls with it`()
        async throws
    {
        let quiet = { (peer: inout Peer) in
            peer.mapping.statusesIn[.init("in progress")] = .init(
                detail: .inProgress, tells: .nobody)
        }
        try await PeerFixture.with(settings: quiet) { peers in
            let parks = peers.parks
            let id = try Self.id(await parks.report(parks.form(), id: "m1"))
            func told(_ update: String, _ status: String) async -> String {
                _ = await parks.update(id, id: update, status: status, description: update)
                return await peers.fixture.get(
                    Fixture.sofia + "/servicerequestupdates.json?extensions=true"
                ).text
            }
            let first = await told("started", "IN_PROGRESS")
            #expect(
                first.contains(
                    #""description":"started","media_url":null,"extras":{"notify":false"#))
            #expect(await told("comment", "IN_PROGRESS").contains(#""comment","media_url":null}"#))
            #expect(await told("done", "FIXED").contains(#""done","media_url":null}"#))
        }
    }

    @Test func `a peer reads where an update began, and none of its own`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let id = try Self.id(await parks.report(parks.form(), id: "m1"))
            let told = await parks.update(
                id, id: "7", status: "OPEN",
                [
                    ("Viaduct-Origin", "ngo.example;u-7"),
                    ("Viaduct-Path", "ngo.example, parks.example"),
                ])
            #expect(told.status == 200, "\(told.text)")
            let path = "/servicerequestupdates.json?extensions=true"
            #expect(await parks.read(path).text == "[]")
            let seen = await peers.roads.read(path)
            #expect(seen.member("origin") == "ngo.example")
            #expect(seen.member("origin_id") == "u-7")
            #expect(seen.text.contains(#""path":["ngo.example","parks.example","node"]"#))
            #expect(seen.member("told") == "2026-11-23T06:00:00Z")
            #expect(seen.member("told_status") == "OPEN")
            let plain = await peers.fixture.get(Fixture.sofia + path)
            #expect(plain.member("description") == "Done")
            #expect(!plain.text.contains("ngo.example"))
        }
    }
}
