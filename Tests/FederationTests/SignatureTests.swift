import Foundation
import Reports
import Testing

@testable import Federation

@Suite struct SignatureTests {
    private struct Vector: Decodable, CustomTestStringConvertible {
        let secrets: [String]
        let id: String
        let timestamp: Int
        let body: String
        let signature: String

        var testDescription: String { id }
    }

    private static func vectors() throws -> [Vector] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("Specs/Webhooks/signatures.json")
        return try JSONDecoder().decode([Vector].self, from: Data(contentsOf: file))
    }

    @Test(arguments: try vectors())
    private func `a message is signed as Standard Webhooks has it`(vector: Vector) throws {
        let headers = Signature.headers(
            id: vector.id, time: Date(timeIntervalSince1970: Double(vector.timestamp) + 0.9),
            body: Array(vector.body.utf8),
            secrets: try vector.secrets.map { try #require(WebhookSecret(parsing: $0)) })
        #expect(
            headers == [
                .init("webhook-id", vector.id), .init("webhook-timestamp", "\(vector.timestamp)"),
                .init("webhook-signature", vector.signature),
            ])
    }

    private static let now = Date(timeIntervalSince1970: 1_790_000_000)
    private static let body = Array("service_code=POTHOLE&description=Дупка".utf8)

    private static func secret(_ byte: UInt8) throws -> WebhookSecret {
        let text = Data([UInt8](repeating: byte, count: 32)).base64EncodedString()
        return try #require(WebhookSecret(parsing: "whsec_" + text))
    }

    /// What a sender with these secrets says, so many seconds ago.
    private static func claim(_ secrets: [WebhookSecret], age: TimeInterval = 0) -> Signature.Claim
    {
        let headers = Signature.headers(
            id: "sofia:7F3K:1", time: now - age, body: body, secrets: secrets)
        return Signature.Claim(
            id: headers[0].value, timestamp: headers[1].value, signatures: headers[2].value)
    }

    private static func flaw(
        _ claim: Signature.Claim, body: [UInt8] = body, secrets: [WebhookSecret]
    ) -> Signature.Flaw? {
        do throws(Signature.Flaw) {
            _ = try Signature.verify(claim, body: body, secrets: secrets, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `while secrets change, one that both have is enough`() throws {
        let (old, new, other) = try (Self.secret(1), Self.secret(2), Self.secret(3))
        #expect(Self.flaw(Self.claim([old]), secrets: [new, old]) == nil)
        #expect(Self.flaw(Self.claim([new, old]), secrets: [old]) == nil)
        #expect(Self.flaw(Self.claim([other]), secrets: [new, old]) == .wrong)
        #expect(Self.flaw(Self.claim([old]), secrets: []) == .wrong)
        var mixed = Self.claim([old])
        mixed.signatures = "v1a,AAAA " + (mixed.signatures ?? "")
        #expect(Self.flaw(mixed, secrets: [old]) == nil)
    }

    @Test func `a signature counts for five minutes either way`() throws {
        let secret = try Self.secret(1)
        for age in [-300.0, 300] {
            #expect(Self.flaw(Self.claim([secret], age: age), secrets: [secret]) == nil)
        }
        for age in [-360.0, -301, 301, 360] {
            #expect(Self.flaw(Self.claim([secret], age: age), secrets: [secret]) == .untimely)
        }
    }

    @Test func `one bit changed anywhere is a wrong signature`() throws {
        let secret = try Self.secret(1)
        let claim = Self.claim([secret])
        var cases = 0
        for index in Self.body.indices {
            var body = Self.body
            body[index] ^= 1 << UInt8(index % 8)
            #expect(Self.flaw(claim, body: body, secrets: [secret]) == .wrong)
            cases += 1
        }
        for part in [\Signature.Claim.id, \.timestamp, \.signatures] {
            let bytes = Array((claim[keyPath: part] ?? "").utf8)
            for index in bytes.indices {
                for bit in 0..<7 {
                    var changed = bytes
                    changed[index] ^= 1 << UInt8(bit)
                    var other = claim
                    other[keyPath: part] = String(decoding: changed, as: UTF8.self)
                    let flaw = Self.flaw(other, secrets: [secret])
                    #expect(flaw == .wrong || flaw == .untimely, "\(other)")
                    cases += 1
                }
            }
        }
        #expect(cases > 200)
    }

    @Test func `what is not signed, or by too many, is told apart`() throws {
        let secret = try Self.secret(1)
        var claim = Self.claim([secret])
        claim.signatures = Array(repeating: claim.signatures ?? "", count: 50)
            .joined(separator: " ")
        #expect(Self.flaw(claim, secrets: [secret]) == .tooMany)
        for part in [\Signature.Claim.id, \.timestamp, \.signatures] {
            var claim = Self.claim([secret])
            claim[keyPath: part] = nil
            #expect(Self.flaw(claim, secrets: [secret]) == .missing)
        }
    }
}
