import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

@Suite struct PeerCallTests {
    private static let reports = Fixture.sofia + "/requests.json"

    @Test func `who shares a secret must sign`() async throws {
        try await PeerFixture.with { peers in
            let form = peers.roads.form()
            func status(_ headers: [PeerFixture.Header]) async -> Int {
                await peers.fixture.post(Self.reports, form, headers).status
            }
            let right = peers.roads.signature(form, id: "m1")
            #expect(await status([]) == 401)
            #expect(await status(peers.roads.signature(form + " ", id: "m1")) == 401)
            #expect(await status(peers.roads.signature(form, id: "m1", age: 360)) == 401)
            #expect(await status(peers.roads.signature(form, id: "m1", age: -360)) == 401)
            #expect(await status([right[0], right[1], ("webhook-signature", "v1,AAAA")]) == 401)
            let many = Array(repeating: right[2].value, count: 50).joined(separator: " ")
            #expect(await status([right[0], right[1], ("webhook-signature", many)]) == 400)
            let none = await peers.fixture.post(Self.reports, form)
            #expect(none.header("WWW-Authenticate") == "StandardWebhooks")
            #expect(none.text.contains("webhook-signature"))
            let found = await peers.fixture.get(Self.reports)
            #expect(found.text == "[]")
            #expect(await status(right) == 200)
        }
    }

    @Test func `every secret of a change counts, and no other`() async throws {
        try await PeerFixture.with { peers in
            for (byte, status) in [(UInt8(1), 200), (2, 200), (3, 401)] {
                let caller = PeerFixture.Caller(
                    fixture: peers.fixture, key: peers.roads.key,
                    secrets: [try PeerFixture.secret(byte)])
                let answer = await caller.report(caller.form("hole \(byte)"), id: "m\(byte)")
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }

    @Test func `a message that comes again has no second effect`() async throws {
        try await PeerFixture.with { peers in
            let roads = peers.roads
            let first = await roads.report(roads.form(), id: "m1")
            #expect(first.status == 200, "\(first.text)")
            let again = await roads.report(
                roads.form(), id: "m1", [("Idempotency-Key", "\"another\"")])
            #expect(again.status == 200)
            #expect(again.bytes == first.bytes)
            #expect(again.header("Idempotent-Replayed") == "true")
            #expect(await roads.report(roads.form("Another"), id: "m1").status == 409)
            let form = roads.form()
            let elsewhere = await peers.fixture.post(
                "/mitrovica/open311/v2/requests.json", form, roads.signature(form, id: "m1"))
            #expect(elsewhere.status == 409)
            let other = await roads.report(
                roads.form(), id: "m1", [("Viaduct-Origin", "a;1")])
            #expect(other.status == 409)
            let taken = try await Self.count(peers.fixture)
            #expect(taken == 1)
        }
    }

    @Test func `what was refused may be mended and sent again`() async throws {
        try await PeerFixture.with { peers in
            let roads = peers.roads
            let wrong = await roads.report(roads.form("A hole", "&lat=91"), id: "m1")
            #expect(wrong.status == 400)
            #expect(await roads.report(roads.form(), id: "m1").status == 200)
        }
    }

    @Test func `remembered calls are forgotten once their signature is too old`() async throws {
        try await PeerFixture.with { peers in
            let store = peers.fixture.store
            #expect(await peers.roads.report(peers.roads.form(), id: "m1").status == 200)
            let early = try await store.prune(now: Date() + 600).peerCalls
            #expect(early == 0)
            let late = try await store.prune(now: Date() + 901).peerCalls
            #expect(late == 1)
        }
    }

    @Test func `a version that we do not speak, or a way too long, is refused`() async throws {
        try await PeerFixture.with { peers in
            let parks = peers.parks
            let version = await parks.report(
                parks.form(), id: "m1", [("Viaduct-Protocol", "2")])
            #expect(version.status == 400)
            #expect(version.text.contains("none of those supported: 1."))
            let path = "a, b, c, d, e, parks.example"
            let far = await parks.report(
                parks.form(), id: "m1", [("Viaduct-Origin", "a;1"), ("Viaduct-Path", path)])
            #expect(far.status == 400)
            #expect(far.text.contains("Viaduct-Path"))
            let taken = try await Self.count(peers.fixture)
            #expect(taken == 0)
        }
    }

    @Test func `who is no peer needs no signature, and is not believed`() async throws {
        try await PeerFixture.with { peers in
            let answer = await peers.fixture.post(
                Self.reports, peers.fixture.form(),
                [
                    ("Viaduct-Origin", "node;sofia-1"), ("Viaduct-Path", "nonsense;"),
                    ("Viaduct-Protocol", "9"), ("webhook-id", "m1"),
                ])
            #expect(answer.status == 200, "\(answer.text)")
            let id = try #require(answer.member("service_request_id"))
            let seen = await peers.parks.read("/requests/\(id).json?extensions=true")
            #expect(seen.member("origin") == "node")
        }
    }

    static func count(_ fixture: Fixture) async throws -> Int? {
        let list = await fixture.get(Fixture.sofia + "/requests.json?total=true")
        return list.header("X-Total-Count").flatMap(Int.init)
    }
}
