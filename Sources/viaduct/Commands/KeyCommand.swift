import ArgumentParser
import CaseStore
import Foundation
import Gateway
import Reports

/// `viaduct key`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Gives keys to programs that report, and takes them away.",
        discussion: "Example: viaduct key create --name \"City app\" --jurisdiction sofia.example",
        subcommands: [
            KeyCreateCommand.self, KeyListCommand.self, KeyRotateCommand.self,
            KeyRetireCommand.self, KeyRevokeCommand.self, KeyRightsCommand.self,
        ])
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
            status), staff (move, assign, merge, internal notes), supervisor (staff, and erase, see \
            who handled a report), auditor (read the audit log), follow (webhooks). Default: report.
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
                holder: shared ? .everybody : .program, by: .here, now: Date())
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
        holder: Client.Holder = .program, by party: AuditEntry.Party = .viaduct, now: Date
    ) async throws(CaseStoreError) -> Key {
        var source = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let key = Key(using: &source)
            do throws(CaseStoreError) {
                _ = try await create(
                    key: key, name: name, jurisdictions: jurisdictions, scopes: scopes,
                    profile: profile, holder: holder, by: party, now: now)
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
        commandName: "list",
        abstract: "Lists the clients' keys by their first characters; the keys are stored nowhere.",
        discussion: "Example: viaduct key list")

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        let settings = try await options.read()
        let keys = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.keys()
        }
        Terminal.print(Self.table(keys, now: Date()))
    }

    /// One key a line.
    static func table(_ keys: [IssuedKey], now: Date) -> String {
        let head = ["KEY", "CLIENT", "CREATED", "STATE", "MAY", "WHERE", "ANSWERS", "NAME"]
        let rows = keys.map { key in
            let client = key.client
            return [
                key.id.rawValue, client.id.rawValue, key.created.ISO8601Format(),
                state(key.standing(at: now)),
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

    private static func state(_ standing: IssuedKey.Standing) -> String {
        switch standing {
        case .valid: "valid"
        case .retiring(let retirement): "valid until \(retirement.date.ISO8601Format())"
        case .retired(let retirement): "retired \(retirement.date.ISO8601Format())"
        case .revoked(let date): "revoked \(date.ISO8601Format())"
        }
    }
}

/// A key as it is named in a command.
struct NamedKey: ParsableArguments {
    @OptionGroup var options: SettingsOptions
    @Argument(help: "The key, as `key list` shows it: its first 11 characters.")
    var key: String

    /// Its first characters, or what is wrong with them.
    func id() throws(CommandError) -> Client.ID {
        guard let id = Client.ID(rawValue: String(key.prefix(11))) else {
            throw CommandError(.usage, "\(key) is no key; see viaduct key list.")
        }
        return id
    }

    /// That there is none, or it is revoked.
    var unknown: CommandError {
        CommandError(.data, "There is no valid key \(key.prefix(11)); see viaduct key list.")
    }
}

extension Client.Retirement {
    /// From a time on that somebody typed, or from now on; or what is wrong with what was typed.
    init(typed time: String?, notice: String, now: Date) throws(CommandError) {
        guard (1...500).contains(notice.utf8.count), !notice.contains(where: \.isNewline) else {
            throw CommandError(.usage, "--notice needs one sentence of at most 500 bytes.")
        }
        guard let time else {
            self.init(date: now, notice: notice)
            return
        }
        guard
            let date = (try? Date(time, strategy: .iso8601))
                ?? (try? Date(time, strategy: .iso8601.year().month().day()))
        else { throw CommandError(.usage, "\(time) is no time such as 2027-01-31.") }
        self.init(date: date, notice: notice)
    }
}

/// `viaduct key rotate`.
struct KeyRotateCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Makes a second key for a client, so that it can change without a break.",
        discussion: """
            Both keys count, and are the same client: its rations, reports, webhooks and peers stay. \
            The new key alone stands on the output. With --until the old key is refused from then on, \
            with the notice; until then each answer to it has a Sunset header. A client has two keys \
            that count, at most.

            Example: viaduct key rotate o311_4kTz9Q --until 2027-01-31 --notice "Use the key mailed \
            to you on 1 December."
            """)

    @OptionGroup var target: NamedKey
    @Option(help: "When the old key stops counting. Default: when you retire or revoke it.")
    var until: String?
    @Option(help: "What whoever calls with the old key reads then.")
    var notice: String?

    func validate() throws {
        guard (until == nil) == (notice == nil) else {
            throw ValidationError("--until and --notice go together.")
        }
    }

    func perform() async throws {
        let id = try target.id()
        let now = Date()
        let retirement = try notice.map { text throws(CommandError) in
            try Client.Retirement(typed: until, notice: text, now: now)
        }
        var source = SystemRandomNumberGenerator()
        let key = Key(using: &source)
        let settings = try await target.options.read()
        let rotation = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.rotate(
                id, to: key, retiring: retirement, by: .here, now: now)
        }
        switch rotation {
        case .unknown: throw target.unknown
        case .tooMany:
            throw CommandError(
                .data, "Two keys of this client count already; retire or revoke one first.")
        case .made(let client):
            Terminal.note("Another key of \(client); it is shown only now:")
            Terminal.print(key.secret)
        }
    }
}

/// `viaduct key retire`.
struct KeyRetireCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Has a key refused with a sentence that says what to do instead.",
        discussion: """
            Until it is revoked, whoever calls with it is answered 403 and the sentence; what anybody \
            may read is still answered.

            Example: viaduct key retire o311_4kTz9Q --notice "Use the key mailed to you on 1 December."
            """)

    @OptionGroup var target: NamedKey
    @Option(help: "What whoever calls with it reads.")
    var notice: String
    @Option(help: "From when on, such as 2027-01-31. Default: now.")
    var on: String?

    func perform() async throws {
        let id = try target.id()
        let now = Date()
        let retirement = try Client.Retirement(typed: on, notice: notice, now: now)
        let settings = try await target.options.read()
        let isKnown = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.retire(id, retirement, by: .here, now: now)
        }
        guard isKnown else {
            throw CommandError(
                .data,
                "There is no valid key \(id), or two others of its client count already; see viaduct "
                    + "key list.")
        }
        Terminal.print("retired \(id) from \(retirement.date.ISO8601Format()) on")
    }
}

/// `viaduct key rights`.
struct KeyRightsCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "rights",
        abstract: "Prints which call needs which scope, as Specs/Rights.md has it.",
        discussion: "Example: viaduct key rights")

    func perform() async throws {
        Terminal.print(Right.table)
    }
}

/// `viaduct key revoke`.
struct KeyRevokeCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Makes a key worthless from now on, on all nodes.",
        discussion: """
            Another key of the same client goes on counting. With its last key a client is told of no \
            change any more.

            Example: viaduct key revoke o311_4kTz9Q
            """)

    @OptionGroup var target: NamedKey

    func perform() async throws {
        let id = try target.id()
        let settings = try await target.options.read()
        let isKnown = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.revoke(id, by: .here, now: Date())
        }
        guard isKnown else { throw target.unknown }
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
