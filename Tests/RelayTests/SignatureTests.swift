import Foundation
import Reports
import Testing

@testable import Relay

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
}
