import CaseStore
import Foundation
import Postgres
import Reports

/// The database that the settings mean: a server that is there, or the embedded one.
struct Deployment: Sendable {
    let settings: Settings
    let pool: Pool
    let store: CaseStore
    /// `nil`: the database is somebody else's.
    let cluster: EmbeddedCluster?

    /// Starts the embedded cluster if there is no address, or attaches to the one that runs.
    static func open(_ settings: Settings) async throws(ClusterError) -> Deployment {
        if let url = settings.database.url {
            return Deployment(settings, address: url.value, cluster: nil)
        }
        let cluster = try await EmbeddedCluster.start(
            EmbeddedCluster.Settings(directory: settings.data.cluster))
        if let notice = cluster.notice { Terminal.note(notice) }
        return Deployment(settings, address: cluster.address, cluster: cluster)
    }

    /// As `open`, until somebody presses Ctrl-C: a cluster that recovers from a crash may take
    /// minutes. What was started here is stopped then.
    static func openUnlessInterrupted(_ settings: Settings) async throws -> Deployment {
        try await Signals.interrupting(by: await Signals.stops()) {
            try await open(settings)
        }
    }

    private init(_ settings: Settings, address: String, cluster: EmbeddedCluster?) {
        self.settings = settings
        self.cluster = cluster
        pool = Pool(
            Pool.Settings(
                address: address, connections: settings.database.connections,
                transactions: settings.database.transactions))
        var keeping = CaseStore.Settings()
        keeping.peering = settings.peers.peering
        keeping.sealer = Sealer()
        keeping.deliveryLifetime = settings.data.keepDeliveries
        store = CaseStore(pool: pool, settings: keeping)
    }

    /// Does something with the case store, and leaves everything as it was found: a cluster that
    /// was started for it is stopped again.
    static func with<R: Sendable>(
        _ settings: Settings, _ body: @escaping @Sendable (Deployment) async throws -> R
    ) async throws -> R {
        Signals.ignoreClosedOutput()
        let signals = await Signals.stops()
        let deployment = try await openUnlessInterrupted(settings)
        let running = Task { await deployment.pool.run() }
        func close() async {
            running.cancel()
            await running.value
            if let cluster = deployment.cluster, cluster.wasStartedHere { await cluster.stop() }
        }
        do {
            let result = try await Signals.interrupting(by: signals) {
                try await deployment.reach()
                return try await body(deployment)
            }
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    /// Waits for the database, which may just be starting.
    func reach(within patience: Duration = .seconds(10)) async throws {
        let start = ContinuousClock.now
        while true {
            do {
                _ = try await pool.query("SELECT 1")
                return
            } catch PostgresError.unavailable where start.duration(to: .now) < patience {
                try await Task.sleep(for: .milliseconds(200))
            } catch PostgresError.unavailable {
                throw outOfReach
            }
        }
    }

    private var outOfReach: CommandError {
        let reason = pool.trouble.map { " The last try failed: \($0)" } ?? ""
        return CommandError(
            .unavailable,
            "The database is out of reach; start it, or put its address right: "
                + "VIADUCT_DATABASE_URL or database.url." + reason)
    }

    /// Brings the schema, the peers and the published catalogue up to date.
    @discardableResult
    func prepare() async throws -> [Jurisdiction.ID: Date] {
        try await preparePeers()
        return try await store.publish(settings.catalogue.catalogue, now: Date())
    }

    /// Brings the schema and the peers up to date: before a peer is known nothing can wait for it.
    func preparePeers() async throws {
        try await store.migrate()
        try await unlock()
        try await store.register(settings.peers.peering, now: Date())
    }

    /// Begins to seal personal data. Where nothing is sealed yet, and the settings name no keys, the
    /// first one is made; without all keys that are needed what is public is served all the same.
    func unlock() async throws {
        let source = DataKeySource(settings)
        var (keys, made): (DataKeys?, Bool) = (nil, false)
        var nothingSealed = false
        if source.isOwn { nothingSealed = try await store.dataKeys()?.isEmpty == true }
        do throws(DataKeySource.Failure) {
            keys = try source.read()
            if nothingSealed { try source.keep() }
        } catch .missing where nothingSealed {
            keys = try make(by: source)
            made = true
        } catch .missing {
            keys = nil
        } catch {
            throw CommandError(.settings, source.advice(on: error))
        }
        let lock = try await store.unlock(with: keys, now: Date())
        guard made, let path = source.path else { return }
        guard lock == nil else { return source.discard() }
        Terminal.note(
            "A key was made that personal data is sealed with: \(path). Keep a copy of it, apart from "
                + "the backups: without it that data cannot be read by anybody.")
    }

    private func make(by source: DataKeySource) throws(CommandError) -> DataKeys {
        do throws(DataKeySource.Failure) {
            return try source.make()
        } catch {
            throw CommandError(.settings, source.advice(on: error))
        }
    }
}
