import ArgumentParser
import CaseStore
import Foundation
import GeoReport
import Outbound
import Reports

/// `viaduct webhook`.
struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Has changes told to addresses, and manages who is told.",
        discussion: """
            Example: viaduct webhook create --client o311_4kTz9Q https://hooks.example/viaduct
            """,
        subcommands: [
            WebhookCreateCommand.self, WebhookListCommand.self, WebhookPauseCommand.self,
            WebhookResumeCommand.self, WebhookRotateCommand.self, WebhookReplayCommand.self,
            WebhookDeleteCommand.self,
        ])
}

/// `viaduct webhook create`: the secret is shown now and never again.
struct WebhookCreateCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Has changes told to an address from now on.",
        discussion: """
            Messages are signed after Standard Webhooks. The secret alone stands on the output; the
            rest is on the error output. What it is told is bounded by what the client may follow.

            Example: viaduct webhook create --client o311_4kTz9Q https://hooks.example/viaduct
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "Whose rights decide what it is told, as `key list` shows it.")
    var client: String
    @Option(help: "Only reports of this service; repeat for several.")
    var service: [String] = []
    @Argument(help: "Where changes are posted.")
    var url: String

    func perform() async throws {
        let settings = try await options.read()
        let services = Set(service.compactMap(Service.Code.init(rawValue:)))
        guard services.count == Set(service).count else {
            throw CommandError(.usage, "One of the services is no code of a service.")
        }
        if let objection = Self.objection(url, settings) {
            throw CommandError(.usage, "\(url) may not be called: \(objection).")
        }
        let new = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            guard
                let client = try await deployment.store.list().first(where: {
                    $0.id.rawValue == String(client.prefix(11)) && $0.revoked == nil
                }), client.scopes.contains(.follow)
            else {
                throw CommandError(
                    .data,
                    "There is no valid client \(client) with the scope follow; "
                        + "see viaduct key list.")
            }
            return try await deployment.store.subscribe(
                client.id, to: url,
                ChangeFilter(
                    jurisdictions: client.jurisdictions.isEmpty ? nil : client.jurisdictions,
                    services: services), now: Date())
        }
        Terminal.note("The secret of \(new.webhook.id); it is shown only now:")
        Terminal.print(new.secret.text)
    }

    private static func objection(_ url: String, _ settings: Settings) -> String? {
        let guardian = OutboundGuard(OutboundGuard.Settings(settings))
        do {
            _ = try guardian.check(url)
            return nil
        } catch {
            return error.rawValue
        }
    }
}

/// `viaduct webhook list`.
struct WebhookListCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the webhooks and how each does.",
        discussion: "Example: viaduct webhook list")

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        let settings = try await options.read()
        let webhooks = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            return try await deployment.store.webhooks()
        }
        let head = ["WEBHOOK", "CLIENT", "STATE", "FAILED", "TELLS"]
        Terminal.print(
            Terminal.table(
                head,
                webhooks.map { webhook in
                    [
                        webhook.id.rawValue, webhook.client.rawValue, Self.state(of: webhook),
                        String(webhook.attempts), webhook.url,
                    ]
                }))
    }

    private static func state(of webhook: Webhook) -> String {
        switch webhook.state {
        case .active: "active"
        case .paused(let since): "paused \(since.ISO8601Format())"
        case .disabled(let since, let reason): "\(reason.rawValue) \(since.ISO8601Format())"
        }
    }
}

/// What the commands about one webhook share.
protocol OneWebhookCommand: ViaductCommand {
    var options: SettingsOptions { get }
    var webhook: String { get }
}

extension OneWebhookCommand {
    /// Does something with the webhook, or says that there is none.
    func change<R: Sendable>(
        _ work: @escaping @Sendable (CaseStore, Webhook.ID) async throws -> R?
    ) async throws -> R {
        let settings = try await options.read()
        let result = try await Deployment.with(settings) { [webhook] deployment -> R? in
            try await deployment.store.migrate()
            guard let id = Webhook.ID(rawValue: webhook) else { return nil }
            return try await work(deployment.store, id)
        }
        guard let result else {
            throw CommandError(
                .data, "There is no webhook \(webhook); see viaduct webhook list.")
        }
        return result
    }
}

/// `viaduct webhook pause`.
struct WebhookPauseCommand: OneWebhookCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Tells a webhook nothing until it is resumed.",
        discussion: "Example: viaduct webhook pause wh-7F3K2M9QTX4B")

    @OptionGroup var options: SettingsOptions
    @Argument(help: "The webhook, as `webhook list` shows it.")
    var webhook: String

    func perform() async throws {
        _ = try await change { try await $0.pause($1, now: Date()) }
        Terminal.print("paused \(webhook)")
    }
}

/// `viaduct webhook resume`.
struct WebhookResumeCommand: OneWebhookCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on where a webhook stopped, and misses nothing.",
        discussion: "Example: viaduct webhook resume wh-7F3K2M9QTX4B")

    @OptionGroup var options: SettingsOptions
    @Argument(help: "The webhook, as `webhook list` shows it.")
    var webhook: String

    func perform() async throws {
        _ = try await change { try await $0.resume($1, now: Date()) }
        Terminal.print("resumed \(webhook)")
    }
}

/// `viaduct webhook rotate`.
struct WebhookRotateCommand: OneWebhookCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Gives a webhook a new secret and shows it once.",
        discussion: """
            For a day messages carry the signatures of both secrets.

            Example: viaduct webhook rotate wh-7F3K2M9QTX4B
            """)

    @OptionGroup var options: SettingsOptions
    @Argument(help: "The webhook, as `webhook list` shows it.")
    var webhook: String

    func perform() async throws {
        let new = try await change { try await $0.rotateSecret(of: $1, now: Date()) }
        Terminal.note("The new secret of \(webhook); it is shown only now:")
        Terminal.print(new.secret.text)
    }
}

/// `viaduct webhook replay`.
struct WebhookReplayCommand: OneWebhookCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Tells a webhook again what was recorded since a time.",
        discussion: """
            Each message keeps its id, so a receiver that knows it may pass it over.

            Example: viaduct webhook replay wh-7F3K2M9QTX4B --from 2026-11-23T06:00:00Z
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "A date and time, such as 2026-11-23T06:00:00Z.")
    var from: String
    @Argument(help: "The webhook, as `webhook list` shows it.")
    var webhook: String

    func perform() async throws {
        guard let time = DateTime.parse(from) else {
            throw CommandError(.usage, "--from needs a time such as 2026-11-23T06:00:00Z.")
        }
        _ = try await change { try await $0.replay($1, since: time, now: Date()) }
        Terminal.print("\(webhook) is told again what was recorded since \(from)")
    }
}

/// `viaduct webhook delete`.
struct WebhookDeleteCommand: OneWebhookCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Ends a webhook.",
        discussion: "Example: viaduct webhook delete wh-7F3K2M9QTX4B")

    @OptionGroup var options: SettingsOptions
    @Argument(help: "The webhook, as `webhook list` shows it.")
    var webhook: String

    func perform() async throws {
        _ = try await change { try await $0.unsubscribe($1) ? true : nil }
        Terminal.print("deleted \(webhook)")
    }
}
