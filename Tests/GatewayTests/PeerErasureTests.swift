import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

extension PeerFixture.Caller {
    /// Has something erased, as it should be told.
    func erase(
        _ report: String, _ parts: String, id: String, _ headers: [PeerFixture.Header] = []
    ) async -> EdgeResponse {
        let form = "api_key=\(key)&parts=\(parts)"
        return await fixture.post(
            Fixture.sofia + "/requests/\(report)/erasure.json", form,
            signature(form, id: id) + headers)
    }
}

extension EdgeResponse {
    /// What it says of having been answered before.
    fileprivate var replayed: String? {
        headers.first { $0.name == "Idempotent-Replayed" }?.value
    }
}

@Suite struct PeerErasureTests {
    private static func id(_ answer: EdgeResponse) throws -> String {
        try #require(answer.member("service_request_id"), "\(answer.status) \(answer.text)")
    }

    private static func description(_ id: String, _ fixture: Fixture) async -> String? {
        await fixture.get(Fixture.sofia + "/requests/\(id).json").member("description")
    }

    @Test func `who gave a report has it erased, and cannot bring it back`() async throws {
        try await PeerFixture.with { peers in
            let roads = peers.roads
            let form = roads.form("A hole", "&email=canary@example.org")
            let way: [PeerFixture.Header] = [("Viaduct-Origin", "roads.example;R-1")]
            let id = try Self.id(await roads.report(form, id: "m1", way))
            let erased = await roads.erase(id, "contact,text", id: "e1", way)
            #expect(erased.status == 200, "\(erased.text)")
            #expect(erased.member("service_request_id") == id)
            #expect(erased.member("erased") == "contact,text")
            #expect(erased.replayed == nil)
            #expect(await Self.description(id, peers.fixture) == nil)
            let again = await roads.erase(id, "contact,text", id: "e1", way)
            #expect(again.bytes == erased.bytes)
            #expect(again.replayed == "true")
            for message in ["m1", "m2"] {
                #expect(try Self.id(await roads.report(form, id: message, way)) == id)
            }
            #expect(await Self.description(id, peers.fixture) == nil)
        }
    }

    @Test func `an erasure is signed where other messages are, and taken once`() async throws {
        try await PeerFixture.with { peers in
            let roads = peers.roads
            let id = try Self.id(await roads.report(roads.form(), id: "m1"))
            let form = "api_key=\(roads.key)&parts=text"
            let path = Fixture.sofia + "/requests/\(id)/erasure.json"
            #expect(await peers.fixture.post(path, form).status == 401)
            let signature = roads.signature(form, id: "e1")
            let other = await peers.fixture.post(path, form + "&x=1", signature)
            #expect(other.status == 401)
            #expect(await Self.description(id, peers.fixture) == "A hole")
            #expect(await roads.erase(id, "contact", id: "e2").status == 200)
            #expect(await roads.erase(id, "text", id: "e2").status == 409)
            #expect(await Self.description(id, peers.fixture) == "A hole")
        }
    }

    @Test func `who did not give it has nothing erased`() async throws {
        let rules = { (peer: inout Peer) in
            peer.flow = [.reportsOut, .updatesIn]
            peer.rules = peer.name.rawValue == "roads" ? [Rule()] : []
            peer.role = .handler(turn: 1)
        }
        try await PeerFixture.with(settings: rules) { peers in
            let form = peers.fixture.form()
            let ours = try Self.id(
                await peers.fixture.post(Fixture.sofia + "/requests.json", form))
            for caller in [peers.roads, peers.parks] {
                let answer = await caller.erase(ours, "text", id: "e1")
                #expect(answer.status == 403, "\(answer.text)")
                #expect(answer.text.contains("service_request_id"))
            }
            let hidden = try Self.id(
                await peers.fixture.post(
                    Fixture.sofia + "/requests.json", form.replacing("POTHOLE", with: "HIDDEN")))
            #expect(await peers.parks.erase(hidden, "text", id: "e2").status == 404)
            #expect(await peers.parks.erase("sofia-0", "text", id: "e3").status == 404)
            #expect(await peers.parks.erase("0", "text", id: "e4").status == 404)
            #expect(await Self.description(ours, peers.fixture) == "A hole")
        }
    }

    @Test func `what is to be erased must be known`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let id = try Self.id(await parks.report(parks.form(), id: "m1"))
            for parts in ["everything", "contact,", "contact,+text"] {
                let answer = await parks.erase(id, parts, id: "e1")
                #expect(answer.status == 400 && answer.text.contains("parts"), "\(answer.text)")
            }
            #expect(await parks.erase(id, "", id: "e2").member("erased") == "contact")
            let path = Fixture.sofia + "/requests/\(id)/erasure.json"
            #expect(await peers.fixture.get(path).status == 404)
        }
    }

    @Test func `staff have something erased, and no other client`() async throws {
        try await Fixture.with { fixture in
            let id = try Self.id(
                await fixture.post(Fixture.sofia + "/requests.json", fixture.form()))
            let path = Fixture.sofia + "/requests/\(id)/erasure.xml"
            let refused = await fixture.post(path, "api_key=\(fixture.key)&parts=text")
            #expect(refused.status == 403 && refused.text.contains("api_key"))
            let (_, key) = try await Fixture.client(in: fixture.store, scopes: [.supervisor])
            let erased = await fixture.post(path, "api_key=\(key.secret)&parts=text,photos")
            #expect(erased.status == 200)
            #expect(erased.text.contains("<erased>text,photos</erased>"))
            #expect(await Self.description(id, fixture) == nil)
        }
    }
}
