import FoundationEssentials
import Reports
import Testing

@testable import Federation

@Suite struct PeerHeadersTests {
    private static func authority(_ name: String) throws -> Authority {
        try #require(Authority(rawValue: name))
    }

    private static func read(
        _ origin: String?, _ path: String?, version: String? = nil, from sender: String = "b"
    ) throws -> Provenance? {
        try PeerHeaders.provenance(
            origin: origin, path: path, protocol: version, from: try authority(sender))
    }

    private static func problem(
        _ origin: String?, _ path: String?, version: String? = nil
    ) throws -> String? {
        do {
            _ = try read(origin, path, version: version)
            return nil
        } catch let mistake as PeerHeaders.Mistake {
            return mistake.problem
        }
    }

    @Test(arguments: ["sofia-7F3K", "12;34, 5%", "Дупка/1", "a b", "~._-"])
    func `what is written is read`(id: String) throws {
        let provenance = Provenance(
            origin: try Self.authority("a"), originID: id,
            path: [try Self.authority("a"), try Self.authority("b")])
        let headers = PeerHeaders.headers(of: provenance)
        #expect(headers.map(\.name) == ["Viaduct-Origin", "Viaduct-Path", "Viaduct-Protocol"])
        #expect(headers.allSatisfy { $0.value.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
        let read = try Self.read(
            headers[0].value, headers[1].value, version: headers[2].value)
        #expect(read == provenance)
    }

    @Test func `the sender stands last and the origin first, whatever the path says`() throws {
        func path(_ text: String?) throws -> [String]? {
            try Self.read("a;1", text)?.path.map(\.rawValue)
        }
        #expect(try path(nil) == ["a", "b"])
        #expect(try path("a") == ["a", "b"])
        #expect(try path("c,  b") == ["a", "c", "b"])
        #expect(try path("a, c, b") == ["a", "c", "b"])
        #expect(try Self.read("b;1", nil)?.path.map(\.rawValue) == ["b"])
        #expect(try Self.read(nil, nil, version: "1") == nil)
    }

    @Test func `what has passed more than five goes no further`() throws {
        #expect(try Self.read("a;1", "a, c, d, e, b")?.path.count == 5)
        for path in ["a, c, d, e, f, b", "a, c, d, e, f", "a, c, d, e, f, g, h, i, j, b"] {
            #expect(try Self.problem("a;1", path)?.hasPrefix("Viaduct-Path") == true)
        }
    }

    @Test func `an unknown version is told which are known`() throws {
        #expect(
            try Self.problem("a;1", nil, version: "2")
                == "Viaduct-Protocol is none of those supported: 1")
    }

    @Test(arguments: [
        "a", ";1", "a;", "a b;1", "a;%", "a;%4", "a;%GG", "a;%FF", "a;%00", "a;%0A", "a;1 2",
        "-a;1",
        "a;" + String(repeating: "x", count: 256),
    ])
    func `an origin that names nothing is a mistake`(origin: String) throws {
        #expect(try Self.problem(origin, nil)?.hasPrefix("Viaduct-Origin") == true)
    }

    @Test func `a path without an origin, or of no names, is a mistake`() throws {
        #expect(try Self.problem(nil, "a")?.hasPrefix("Viaduct-Origin") == true)
        for path in ["", "a,,b", "a, b c", ","] {
            #expect(try Self.problem("a;1", path)?.hasPrefix("Viaduct-Path") == true)
        }
    }

    @Test func `a message carries where it began, and a signature where a secret is shared`() throws
    {
        let authority = try Self.authority("a")
        let message = Message(
            key: "a:1:report", content: .erasure(.contact),
            provenance: Provenance(origin: authority, originID: "1", path: [authority]))
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        let body = Array("service_code=1".utf8)
        func names(_ secrets: [WebhookSecret]) -> [String] {
            PeerHeaders.proof(of: message, body: body, secrets: secrets, now: now).map(\.name)
        }
        #expect(names([]) == ["Viaduct-Origin", "Viaduct-Path", "Viaduct-Protocol"])
        var source = SystemRandomNumberGenerator()
        let secret = WebhookSecret(using: &source)
        let headers = PeerHeaders.proof(of: message, body: body, secrets: [secret], now: now)
        let signed = headers.suffix(3).map(\.value)
        let id = try Signature.verify(
            Signature.Claim(id: signed[0], timestamp: signed[1], signatures: signed[2]),
            body: body, secrets: [secret], now: now)
        #expect(id == message.key)
    }
}
