import CaseStore
import Foundation
import Reports

/// The keys of the clients that vectors speak as (`Specs/GeoReport/README.md`).
struct FixtureKeys: Sendable {
    /// May report and comment.
    let plain: String
    /// Those with other rights and habits, by the name that stands before `-key` in a vector.
    let others: [String: String]

    /// Makes them.
    init(in store: CaseStore) async throws {
        plain = try await Self.key("plain", [.report, .update], in: store)
        var others: [String: String] = [:]
        let scopes: [String: Set<Client.Scope>] = [
            "staff": [.report, .update, .staff], "reporter": [.report], "follow": [.follow],
        ]
        for (name, scopes) in scopes {
            others[name] = try await Self.key(name, scopes, in: store)
        }
        let dialects: [String: Client.Profile.Dialect] = [
            "fixmystreet": .fixmystreet, "import": .fmsImport, "adapter": .adapter,
            "base64": .base64,
        ]
        for (name, dialect) in dialects {
            others[name] = try await Self.key(name, [.report, .update], [dialect], in: store)
        }
        self.others = others
    }

    private static func key(
        _ name: String, _ scopes: Set<Client.Scope>, _ dialects: Set<Client.Profile.Dialect> = [],
        in store: CaseStore
    ) async throws -> String {
        var source = SystemRandomNumberGenerator()
        let key = Key(using: &source)
        _ = try await store.create(
            key: key, name: name, scopes: scopes, profile: Client.Profile(dialects: dialects),
            now: Date())
        return key.secret
    }
}
