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
    @Option(help: "Where it may do it; repeat for several. Default: everywhere.")
    var jurisdiction: [String] = []
    @Option(
        help: """
            What it may do, repeat for several: report (also support), update (comment, change the \
            status), staff (move, assign, merge, internal notes), follow (webhooks). Default: report.
            """)
    var scope: [Client.Scope] = []
    @Option(
        help: """
            How it is spoken to, repeat for several: compact (absent dates left out, "" for text), \
            fixmystreet, fms_import, adapter, base64.
            """)
    var profile: [Manner] = []
    @Option(help: "The status of a successful POST: 200 or 201.")
    var createdStatus: Client.Profile.Created = .ok
    @Flag(
        help: """
            The key goes into an app, where everybody can find it: its reports and photos are limited \
            for each address as well.
            """)
    var shared = false

    func perform() async throws {
        let settings = try await options.read()
        let ids = try jurisdiction.map { try settings.jurisdiction(named: $0).id }
        let profile = Client.Profile(profile, created: createdStatus)
        let scopes = scope.isEmpty ? [.report] : Set(scope)
        let key = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.key(
                named: name, for: Set(ids), scopes: scopes, profile: profile,
                holder: shared ? .everybody : .program, now: Date())
        }
        Terminal.note("The key of \(name); it is shown only now:")
        Terminal.print(key.secret)
    }
}

extension CaseStore {
    /// Makes a fresh key; in the unlikely case that its first characters are taken, another one.
    func key(
        named name: String, for jurisdictions: Set<Jurisdiction.ID>,
        scopes: Set<Client.Scope> = [.report], profile: Client.Profile,
        holder: Client.Holder = .program, now: Date
    ) async throws(CaseStoreError) -> Key {
        var source = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let key = Key(using: &source)
            do throws(CaseStoreError) {
                _ = try await create(
                    key: key, name: name, jurisdictions: jurisdictions, scopes: scopes,
                    profile: profile, holder: holder, now: now)
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
        let head = ["CLIENT", "CREATED", "STATE", "MAY", "WHERE", "ANSWERS", "NAME"]
        let rows = clients.map { client in
            [
                client.id.rawValue, client.created.ISO8601Format(),
                client.revoked.map { "revoked \($0.ISO8601Format())" } ?? "valid",
                client.scopes.map(\.rawValue).sorted().joined(separator: ","),
                client.jurisdictions.isEmpty
                    ? "everywhere"
                    : client.jurisdictions.map(\.rawValue).sorted().joined(separator: ","),
                (client.profile.words + (client.holder == .everybody ? ["shared"] : []))
                    .joined(separator: ","), client.name,
            ]
        }
        return Terminal.table(head, rows)
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

/// One word of a profile.
enum Manner: String, CaseIterable, ExpressibleByArgument {
    case null
    case compact
    case fixmystreet
    case fmsImport = "fms_import"
    case adapter
    case base64

    var dialect: Client.Profile.Dialect? { Client.Profile.Dialect(rawValue: rawValue) }
}

extension Client.Profile {
    /// The profile that these words make.
    init(_ manners: [Manner], created: Created) {
        self.init(
            absent: manners.contains(.compact) ? .compact : .null, created: created,
            dialects: Set(manners.compactMap(\.dialect)))
    }

    /// The words that make it.
    var words: [String] {
        [absent.rawValue, String(created.rawValue)] + dialects.map(\.rawValue).sorted()
    }
}

extension Client.Scope: ExpressibleByArgument {}
extension Client.Profile.Created: ExpressibleByArgument {}
