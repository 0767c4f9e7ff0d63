import ArgumentParser
import CaseStore
import Foundation
import Reports

/// `viaduct key`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Gives keys to programs that report, and takes them away.",
        discussion: "Example: viaduct key create --name \"City app\" --jurisdiction sofia.example",
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self])
}

/// `viaduct key create`: the key is shown now and never again (A1).
struct KeyCreateCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a key and shows it once.",
        discussion: """
            The key alone stands on the output, so that a script can keep it; the rest is on the
            error output.

            Example: viaduct key create --name "City app" --jurisdiction sofia.example
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "Whose program it is.")
    var name: String
    @Option(help: "Where it may report; repeat for several. Default: everywhere.")
    var jurisdiction: [String] = []
    @Option(help: "How absent values are written: null or compact (dates left out, \"\" for text).")
    var profile: Client.Profile.Absent = .null
    @Option(help: "The status of a successful POST: 200 or 201.")
    var createdStatus: Client.Profile.Created = .ok

    func perform() async throws {
        let settings = try await options.read()
        let ids = try jurisdiction.map { try settings.jurisdiction(named: $0).id }
        let profile = Client.Profile(absent: profile, created: createdStatus)
        let key = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.key(
                named: name, for: Set(ids), profile: profile, now: Date())
        }
        Terminal.note("The key of \(name); it is shown only now:")
        Terminal.print(key.secret)
    }
}

extension CaseStore {
    /// Makes a fresh key; in the unlikely case that its first characters are taken, another one.
    func key(
        named name: String, for jurisdictions: Set<Jurisdiction.ID>, profile: Client.Profile,
        now: Date
    ) async throws(CaseStoreError) -> Key {
        var source = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let key = Key(using: &source)
            do throws(CaseStoreError) {
                _ = try await create(
                    key: key, name: name, jurisdictions: jurisdictions, profile: profile, now: now)
                return key
            } catch {
                guard case .taken = error else { throw error }
            }
        }
        throw .taken
    }
}

/// `viaduct key list`.
struct KeyListCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the clients; the keys themselves are stored nowhere.",
        discussion: "Example: viaduct key list")

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        let settings = try await options.read()
        let clients = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.list()
        }
        Terminal.print(Self.table(clients))
    }

    /// One client a line.
    static func table(_ clients: [Client]) -> String {
        let head = ["CLIENT", "CREATED", "STATE", "REPORTS TO", "ANSWERS", "NAME"]
        let rows = clients.map { client in
            [
                client.id.rawValue, client.created.ISO8601Format(),
                client.revoked.map { "revoked \($0.ISO8601Format())" } ?? "valid",
                client.jurisdictions.isEmpty
                    ? "everywhere"
                    : client.jurisdictions.map(\.rawValue).sorted().joined(separator: ","),
                "\(client.profile.absent.rawValue) \(client.profile.created.rawValue)", client.name,
            ]
        }
        let widths = head.indices.map { column in
            ([head] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([head] + rows).map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}

/// `viaduct key revoke`.
struct KeyRevokeCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Makes a client's key worthless from now on.",
        discussion: "Example: viaduct key revoke o311_4kTz9Q")

    @OptionGroup var options: SettingsOptions
    @Argument(help: "The client, as `key list` shows it: the first 11 characters of its key.")
    var client: String

    func perform() async throws {
        guard let id = Client.ID(rawValue: String(client.prefix(11))) else {
            throw CommandError(.usage, "\(client) is no client; see viaduct key list.")
        }
        let settings = try await options.read()
        let isKnown = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.revoke(id, now: Date())
        }
        guard isKnown else {
            throw CommandError(.data, "There is no client \(id); see viaduct key list.")
        }
        Terminal.print("revoked \(id)")
    }
}

extension Client.Profile.Absent: ExpressibleByArgument {}
extension Client.Profile.Created: ExpressibleByArgument {}
