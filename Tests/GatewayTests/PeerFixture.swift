import CaseStore
import Federation
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

/// A gateway called `node` that peers call: `roads`, which signs, and `parks`, which does not.
struct PeerFixture {
    let fixture: Fixture
    let roads: Caller
    let parks: Caller

    /// A key of a peer, and what it signs with.
    struct Caller {
        let fixture: Fixture
        let key: String
        let secrets: [WebhookSecret]
    }

    typealias Header = (name: String, value: String)

    /// Runs the body with such a gateway on a database of its own.
    static func with(_ body: (PeerFixture) async throws -> Void) async throws {
        try await with(settings: { _ in }, body)
    }

    /// The same, with what else the settings say of each peer.
    static func with(
        settings peer: (inout Peer) -> Void, _ body: (PeerFixture) async throws -> Void
    ) async throws {
        let keys = try [Fixture.freshKey(), Fixture.freshKey()]
        var peers = try [Self.peer("roads"), Self.peer("parks")]
        for (index, key) in keys.enumerated() {
            peers[index].client = Client.ID(rawValue: key.clientID)
            peer(&peers[index])
        }
        let secrets = try [Self.secret(1), Self.secret(2)]
        let peering = Peering(node: try #require(Authority(rawValue: "node")), peers: peers)
        let calls = PeerCalls(peering, secrets: [peers[0].name: secrets])
        var storing = CaseStore.Settings()
        storing.peering = peering
        try await Fixture.with({ $0.peers = calls }, storing: storing) { fixture in
            try await fixture.store.register(peering, now: Date())
            for key in keys {
                _ = try await fixture.store.create(
                    key: key, name: "a peer", scopes: [.report, .update], now: Date())
            }
            try await body(
                PeerFixture(
                    fixture: fixture,
                    roads: Caller(
                        fixture: fixture, key: keys[0].secret, secrets: [secrets[1]]),
                    parks: Caller(fixture: fixture, key: keys[1].secret, secrets: [])))
        }
    }

    private static func peer(_ name: String) throws -> Peer {
        Peer(
            name: try #require(Peer.Name(rawValue: name)),
            authority: try #require(Authority(rawValue: "\(name).example")), flow: [.updatesIn])
    }

    static func secret(_ byte: UInt8) throws -> WebhookSecret {
        let text = Data([UInt8](repeating: byte, count: 32)).base64EncodedString()
        return try #require(WebhookSecret(parsing: "whsec_" + text))
    }
}

extension PeerFixture.Caller {
    /// The headers of a signed message; none of a peer that does not sign.
    func signature(
        _ form: String, id: String, age: TimeInterval = 0
    ) -> [PeerFixture.Header] {
        guard !secrets.isEmpty else { return [] }
        let headers = Signature.headers(
            id: id, time: Date() - age, body: Array(form.utf8), secrets: secrets)
        return headers.map { ($0.name, $0.value) }
    }

    /// What a peer tells of a report.
    func form(_ description: String = "A hole", _ more: String = "") -> String {
        "api_key=\(key)&service_code=POTHOLE&lat=42.7&long=23.3&description="
            + description.replacing(" ", with: "+") + more
    }

    /// Tells a report, as it should be told.
    func report(
        _ form: String, id: String, _ headers: [PeerFixture.Header] = []
    ) async -> EdgeResponse {
        await fixture.post(
            Fixture.sofia + "/requests.json", form, signature(form, id: id) + headers)
    }

    /// Tells an update, as it should be told.
    func update(
        _ report: String, id: String, status: String, _ headers: [PeerFixture.Header] = [],
        description: String = "Done"
    ) async -> EdgeResponse {
        let form =
            "api_key=\(key)&service_request_id=\(report)&update_id=\(id)&status=\(status)"
            + "&updated_datetime=2026-11-23T06:00:00Z&description=\(description)"
        return await fixture.post(
            Fixture.sofia + "/servicerequestupdates.json", form,
            signature(form, id: "update:\(id)") + headers)
    }

    /// What a peer reads.
    func read(_ path: String) async -> EdgeResponse {
        await fixture.get(Fixture.sofia + path, [(name: "X-API-Key", value: key)])
    }
}
