import Addresses
import ArgumentParser
import CaseStore
import Crypto
import Foundation
import Gateway
import Logging
import Postgres
import Reports
import ServiceLifecycle

/// `viaduct serve`.
struct ServeCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the GeoReport API until it is told to stop.",
        discussion: """
            Without a database address it starts a PostgreSQL of its own in the data directory, and
            stops it at the end. Ctrl-C or SIGTERM ends it: what has begun is finished first. SIGHUP
            reads the jurisdictions' files again. Logs are JSON lines on the error output.

            Example: viaduct serve --settings Examples/viaduct.yaml
            """)

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        LongBlocks.giveBack()
        let settings = try await options.read(for: .serving)
        let log = LogSink()
        let level = Logger.Level(rawValue: settings.log.level) ?? .info
        let logger = Logger(label: "viaduct") { label in
            var handler = JSONLog(label: label, sink: log)
            handler.logLevel = level
            return handler
        }
        let signals = await Signals.stops()
        let deployment = try await Deployment.openUnlessInterrupted(settings)
        let pool = Task { await deployment.pool.run() }
        do {
            let changesets = try await Signals.interrupting(by: signals) {
                try await prepare(deployment, logger)
            }
            let outside = try await Outside(settings)
            do {
                try await Serving(
                    deployment, changesets: changesets, outside: outside, logger: logger
                ).run()
            } catch {
                await outside.close()
                throw error
            }
            await outside.close()
        } catch {
            await close(deployment, pool)
            throw error
        }
        await close(deployment, pool)
        logger.info("stopped")
    }

    /// The pool goes after its users, and the database after the pool.
    private func close(_ deployment: Deployment, _ pool: Task<Void, Never>) async {
        pool.cancel()
        await pool.value
        await deployment.cluster?.stop()
    }

    private func prepare(
        _ deployment: Deployment, _ logger: Logger
    ) async throws -> [Jurisdiction.ID: Date] {
        try await deployment.reach(within: .seconds(30))
        let changesets = try await deployment.prepare()
        let health = try await deployment.store.check()
        for warning in health.warnings {
            logger.warning("database settings", metadata: ["warning": .string(warning)])
        }
        let http = deployment.settings.http
        if http.publicURL.hasPrefix("https://"), http.trustedProxies.isEmpty,
            http.certificate == nil
        {
            logger.warning(
                "no proxy is trusted, so that all who come through one count as one caller",
                metadata: ["setting": "http.trusted_proxies"])
        }
        guard health.refusals.isEmpty else {
            throw CommandError(.settings, health.refusals.joined(separator: "\n"))
        }
        return changesets
    }
}

/// Everything that runs while we serve.
private struct Serving {
    private let deployment: Deployment
    private let settings: Settings
    private let logger: Logger
    private let gateway: Gateway
    private let keys: KeyRing
    private let rationing: Rationing?
    private let pulse: Pulse
    private let peers: PeerPulse
    private let admin: Admin
    private let announcement: Announcement
    private let reload: Reload
    private let outside: Outside
    private let signal: ChangeSignal
    private let visits: DoctorVisits
    private let certificate: ServerCertificate?

    init(
        _ deployment: Deployment, changesets: [Jurisdiction.ID: Date], outside: Outside,
        logger: Logger
    ) throws {
        self.outside = outside
        self.deployment = deployment
        self.logger = logger
        settings = deployment.settings
        let digest: @Sendable ([UInt8]) -> [UInt8] = { Array(SHA256.hash(data: $0)) }
        let (store, pool) = (deployment.store, deployment.pool)
        keys = KeyRing(store)
        signal = ChangeSignal(store)
        pulse = Pulse(store, isConnected: { pool.state == .ready })
        let metrics = Metrics()
        var site = Gateway.Settings(
            publicURL: settings.http.publicURL, contact: settings.contact,
            keyService: settings.keyService)
        site.media = settings.data.media
        site.requestLog = settings.log.requests ? .written : .none
        site.callbacks = settings.http.jsonp ? .served : .off
        site.errorCodes = settings.http.strictErrorCodes ? .strict : .plain
        site.objection = { outside.objection($0) }
        site.peers = PeerCalls(
            settings.peers.peering, secrets: settings.peers.links.mapValues(\.signingSecrets))
        site.answering = Answering(
            settings.peers.peering.peers.compactMap { [links = settings.peers.links] peer in
                links[peer.name]?.answerKey.map { Answering.Answerer(peer: peer, key: $0) }
            })
        site.limits = Edge.Limits(settings.limits)
        site.proxies = TrustedProxies(settings.http.trustedProxies.compactMap(IPNetwork.init))
        site.mostInFlight = settings.limits.inFlight
        site.caps = Caps(settings.limits)
        site.patience = settings.database.patience
        if settings.limits.isRationed {
            rationing = Rationing(settings.limits.rates, store: store)
        } else {
            rationing = nil
        }
        site.rationing = rationing
        let publication = Publication(
            settings.catalogue.catalogue, changesets: changesets, digest: digest)
        reload = Reload(
            settings: settings, store: store, publication: publication, logger: logger)
        gateway = Gateway(
            settings: site, publication: publication, store: store, keys: keys,
            pictures: outside.pictures, signal: signal, metrics: metrics,
            logger: logger, digest: digest)
        peers = PeerPulse(store)
        visits = DoctorVisits(deployment)
        admin = Admin(
            metrics: metrics, pulse: pulse, peers: peers,
            ledger: Ledger(store, peering: settings.peers.peering), version: Viaduct.version,
            gauges: { [visits] in visits.gauges })
        announcement = Announcement(deployment)
        certificate = try settings.http.certificate.map { try ServerCertificate($0) }
    }

    /// Runs until a signal, then ends the services in the reverse of their order.
    func run() async throws {
        let (http, operators) = (settings.http, settings.admin)
        var services: [any ServiceLifecycle.Service] = [
            Loop { [keys] in await keys.run() },
            Loop { [pulse] in await pulse.run() },
            Loop { [peers] in await peers.run() },
            Loop { [reload] in await reload.run() },
            Loop { [visits] in await visits.run() },
            Loop { [deployment, logger] in
                let (store, data) = (deployment.store, deployment.settings.data)
                await ErasureJournal(store, data: data, logger: logger).run()
            },
            Loop { [deployment, logger] in
                await AuditWatch(
                    store: deployment.store, lifetime: deployment.settings.data.keepAudit,
                    logger: logger
                ).run()
            },
            Loop { [deployment, reload, logger] in
                await Self.prune(deployment.store, reload.publication, logger)
            },
            Loop { [deployment, reload, logger] in
                let isAlone =
                    deployment.cluster == nil && DataKeySource(deployment.settings).isOwn
                await Sealing(
                    deployment.store, reload.publication, logger,
                    keys: isAlone ? .byChance : .chosen
                ).run()
            },
        ]
        if let certificate {
            services.append(Loop { [logger] in await certificate.run(logger: logger) })
        }
        if let rationing { services.append(Loop { await rationing.run() }) }
        if let cluster = deployment.cluster { services.append(Loop { await cluster.watch() }) }
        // Told to end at the same time: each of them may take ten seconds for what is under way.
        let work: [any ServiceLifecycle.Service] =
            outside.loops(
                settings, store: deployment.store, signal: signal, logger: logger
            ).map { Loop(body: $0) } + [
                Listener(
                    admin.site, at: Listener.Address(host: operators.host, port: operators.port),
                    logger: logger, started: { [announcement] in await announcement.admin($0) }),
                Listener(
                    gateway.site, at: Listener.Address(host: http.host, port: http.port),
                    patience: Patience(settings.limits), certificate: certificate,
                    logger: logger, started: { [announcement] in await announcement.api($0) }),
            ]
        services.append(Together(services: work))
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "lifecycle", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.maximumGracefulShutdownDuration = .seconds(14)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            throw CommandError(
                .unavailable,
                "A port cannot be served (\(http.port) or \(operators.port)); "
                    + "end what uses it, or set http.port and admin.port: \(error)")
        }
    }

    /// Forgets what nobody may ask for any more, once an hour.
    private static func prune(
        _ store: CaseStore, _ publication: Publication, _ logger: Logger
    ) async {
        while !Task.isCancelled {
            do {
                _ = try await store.prune(now: Date())
                let gone = try await store.retain(
                    in: publication.catalogue, now: Date(), pace: .quarter)
                for gone in gone where !gone.isNothing {
                    logger.info("personal data was kept long enough", metadata: gone.metadata)
                }
                for gone in gone {
                    guard let failure = gone.failure else { continue }
                    logger.warning(
                        "personal data stays for now",
                        metadata: [
                            "jurisdiction": .string(gone.jurisdiction.rawValue),
                            "reason": .string("\(failure)"),
                        ])
                }
            } catch {
                logger.warning(
                    "old keys, tokens and personal data stay for now",
                    metadata: ["reason": .string("\(error)")])
            }
            try? await Task.sleep(for: .seconds(3600))
        }
    }
}

extension Expired {
    /// How much it was, for the log.
    fileprivate var metadata: Logger.Metadata {
        [
            "jurisdiction": .string(jurisdiction.rawValue), "contacts": "\(contacts)",
            "devices": "\(devices)", "payloads": "\(peerPayloads)",
        ]
    }
}

extension Edge.Limits {
    fileprivate init(_ settings: LimitSettings) {
        self.init()
        target = settings.target
        field = settings.header
        fields = settings.headers
        fieldCount = settings.headerCount
        body = settings.body
        multipart = settings.multipart
    }
}

extension Patience {
    fileprivate init(_ settings: LimitSettings) {
        self.init()
        head = settings.headTime
        first = settings.headTime
        idle = settings.idleTime
        stall = settings.stallTime
        bodyAtMost = settings.bodyTime
    }
}

extension Caps {
    fileprivate init(_ settings: LimitSettings) {
        self.init()
        connections = settings.connections
        ofAddress = settings.connectionsOfAddress
        requests = settings.requestsOfConnection
    }
}

/// A loop that ends when it is cancelled, as a service.
private struct Loop: ServiceLifecycle.Service {
    let body: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}

/// Services that run and end together; where one fails, all do.
private struct Together: ServiceLifecycle.Service {
    let services: [any ServiceLifecycle.Service]

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for service in services { group.addTask { try await service.run() } }
        }
    }
}

/// Tells where everything is, once all of it is there. An actor, because two ports open at once.
private actor Announcement {
    private let settings: Settings
    private let database: String
    private var adminPort: Int?
    private var apiPort: Int?

    init(_ deployment: Deployment) {
        settings = deployment.settings
        database =
            deployment.cluster.map {
                "embedded PostgreSQL in \($0.dataDirectory), run by \($0.accountName)"
            }
            ?? "the server of database.url"
    }

    func admin(_ port: Int) {
        adminPort = port
        tell()
    }

    func api(_ port: Int) {
        apiPort = port
        tell()
    }

    private func tell() {
        guard let adminPort, let apiPort else { return }
        let scheme = settings.http.certificate == nil ? "http" : "https"
        Terminal.print("Serving on \(scheme)://\(settings.http.host):\(apiPort)")
        Terminal.print("  discovery     \(settings.http.publicURL)/open311/discovery.xml")
        for jurisdiction in settings.catalogue.catalogue.jurisdictions {
            let slug = jurisdiction.slug.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
            Terminal.print(
                "  \(slug)  \(settings.http.publicURL)/\(jurisdiction.slug)/open311/v2")
        }
        Terminal.print(
            "  operators     http://\(settings.admin.host):\(adminPort)/ready, /live, /metrics, /peers"
        )
        Terminal.print("  database      \(database)")
        Terminal.print("Ctrl-C ends it.")
    }
}
