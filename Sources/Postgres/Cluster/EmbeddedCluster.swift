import FoundationEssentials
import Glibc
import Synchronization

/// A private PostgreSQL of our own, on a unix socket that only we may use.
///
/// It runs apart from our process: a `kill -9` of us leaves it running, and the next start attaches
/// to it. Started as root, an unprivileged account runs it, as PostgreSQL refuses root.
package final class EmbeddedCluster: Sendable {
    /// Whether losing power may lose the cluster; `fsync` stays on in both.
    package enum Durability: Sendable { case durable, throwaway }

    /// Where a cluster lives and who runs it.
    package struct Settings: Sendable {
        /// The directory for data, logs and socket; it is made if need be.
        package var directory: String
        package var durability: Durability
        /// Who runs it if we are root; by default `viaduct` if there is one, else `postgres`.
        package var account: String?

        package init(
            directory: String, durability: Durability = .durable, account: String? = nil
        ) {
            self.directory = directory
            self.durability = durability
            self.account = account
        }
    }

    let place: ClusterPlace
    let account: ClusterAccount
    let programs: ClusterPrograms
    private let life = Mutex(Life())

    private struct Life {
        var process: pid_t = 0
        var isStopping = false
    }

    /// Starts the cluster in the directory, or attaches to the one that runs there.
    ///
    /// Returns when it has answered a statement, however long its recovery takes.
    package static func start(_ settings: Settings) async throws(ClusterError) -> EmbeddedCluster {
        let account = try ClusterAccount(named: settings.account)
        let place = try await ClusterPlace(settings.directory, for: account)
        let programs = try ClusterPrograms(
            for: place.data, environment: ProcessInfo.processInfo.environment)
        let lock = try await ClusterLock(place.lock)
        defer { lock.unlock() }
        let setup = ClusterSetup(place: place, account: account, programs: programs)
        try await setup.perform(settings.durability)
        let cluster = EmbeddedCluster(place: place, account: account, programs: programs)
        do throws(ClusterError) {
            try await cluster.bringUp()
            try await cluster.makeDatabase()
            if Task.isCancelled {
                throw .refused(step: "its start", output: "interrupted")
            }
        } catch {
            // Whoever is interrupted while he starts something does not leave it half started.
            if Task.isCancelled, cluster.wasStartedHere { await cluster.stop() }
            throw error
        }
        return cluster
    }

    init(place: ClusterPlace, account: ClusterAccount, programs: ClusterPrograms) {
        self.place = place
        self.account = account
        self.programs = programs
    }

    /// The address of the cluster's database, owned by its user `viaduct`.
    package var address: String { address(user: "viaduct", database: "viaduct") }

    /// The address for whoever must be a superuser, such as to change the server's settings.
    package var administratorAddress: String { address(user: "postgres", database: "postgres") }

    /// Where the data is.
    package var dataDirectory: String { place.data }

    /// Who runs the cluster.
    package var accountName: String { account.name }

    /// What the operator should know, such as that the data is not where it was asked to be.
    package var notice: String? { place.notice }

    /// The postmaster's process, as its own file tells; `nil` while none runs.
    package var process: Int32? { ClusterProcess.running(in: place) }

    /// Whether we started it; if not, it ran already and is somebody else's to stop.
    package var wasStartedHere: Bool { life.withLock { $0.process > 0 } }

    /// Restarts the cluster whenever it dies, until the task is cancelled.
    package func watch() async {
        while !Task.isCancelled, !life.withLock(\.isStopping) {
            try? await Task.sleep(for: .milliseconds(250))
            reap()
            guard !Task.isCancelled, !life.withLock(\.isStopping), process == nil else { continue }
            // What fails now, such as while old backends still hold the memory, may work next time.
            guard let lock = try? ClusterLock(ifFree: place.lock) else { continue }
            try? await bringUp()
            lock.unlock()
        }
    }

    /// Ends the cluster as `pg_ctl stop -m fast` does, or less politely after 30 s.
    package func stop() async {
        life.withLock { $0.isStopping = true }
        let process = self.process
        if let process { kill(process, SIGINT) }
        for turn in 0..<1200 {
            // It removes its file a little before it ends.
            let isReaped = reap()
            if isReaped, process == nil || self.process != process { return }
            if turn == 600, let process { kill(process, SIGQUIT) }
            await ClusterProcess.pause()
        }
    }

    private func address(user: String, database: String) -> String {
        let host = place.socketDirectory.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "host='\(host)' port=5432 user=\(user) dbname=\(database)"
    }

    /// Takes note of the end of what we started; `false` while it still runs.
    @discardableResult
    private func reap() -> Bool {
        let child = life.withLock(\.process)
        return child <= 0 || ChildProcess.reap(child)
    }
}

// MARK: starting

extension EmbeddedCluster {
    /// Starts the postmaster unless it runs, and waits until it answers.
    func bringUp() async throws(ClusterError) {
        if process == nil, !ClusterProcess.isAnswered(at: place) {
            ClusterProcess.removeStaleFiles(of: place)
            try launch()
        }
        let pool = administration()
        let running = Task { await pool.run() }
        defer { running.cancel() }
        var patience = 20
        var starts = 10
        while true {
            do {
                _ = try await pool.query("SELECT 1")
                return
            } catch {
                guard case .unavailable = error else {
                    throw .refused(step: "the first statement", output: "\(error)")
                }
            }
            if Task.isCancelled { throw .refused(step: "its start", output: "interrupted") }
            reap()
            // Recovery may take minutes, but a process must be there to do it.
            patience = process == nil ? patience - 1 : 20
            if patience == 0 {
                let words = place.lastWords
                starts -= 1
                guard starts > 0, Self.isHeldUp(by: words) else {
                    throw .refused(step: "its start", output: words)
                }
                try launch()
                patience = 20
            }
            await ClusterProcess.pause()
        }
    }

    /// Whether backends of a postmaster that was killed still hold the memory; they end by themselves.
    private static func isHeldUp(by words: String) -> Bool { words.contains("shared memory block") }

    private func launch() throws(ClusterError) {
        try? FileManager.default.removeItem(atPath: place.startLog)
        let command = [
            programs.postgres, "-D", place.data, "-p", "5432", "-c", "listen_addresses=",
            "-c", "unix_socket_directories=\(place.socketDirectory.quotedForList)",
            "-c", "unix_socket_permissions=0700", "-c", "log_directory=\(place.home)/log",
            // What the script does with a file of the log is decided by `backUp`.
            "-c", "archive_mode=on", "-c", "archive_command=\(place.archiveScript.command)",
        ]
        try place.archiveScript.writeIfMissing()
        let logs = place.home + "/log"
        if access(logs, F_OK) != 0 { try ClusterPlace.make(logs, for: account) }
        let child = ChildProcess(
            account.prefix + command, output: place.startLog, bond: .detached)
        guard let child else {
            throw .refused(step: "its start", output: "the program cannot be run")
        }
        life.withLock { $0.process = child.id }
    }

    /// A pool that waits for the server only briefly, so that its process can be looked at between.
    func administration() -> Pool {
        Pool(
            Pool.Settings(
                address: administratorAddress, connections: 1,
                transactions: 1, deadline: .milliseconds(500), statementTimeout: .seconds(60),
                applicationName: "viaduct cluster"))
    }

    /// Makes the user and the database that everything else uses, once.
    private func makeDatabase() async throws(ClusterError) {
        let pool = administration()
        let running = Task { await pool.run() }
        defer { running.cancel() }
        do {
            let user = try await pool.query("SELECT 1 FROM pg_roles WHERE rolname = 'viaduct'")
            if user.isEmpty {
                _ = try await pool.query("CREATE ROLE viaduct LOGIN CREATEDB CREATEROLE")
            }
            let database = try await pool.query(
                "SELECT 1 FROM pg_database WHERE datname = 'viaduct'")
            if database.isEmpty {
                _ = try await pool.query("CREATE DATABASE viaduct OWNER viaduct")
            }
        } catch {
            throw .refused(step: "making the database", output: "\(error)")
        }
    }
}

extension String {
    /// As one entry of a comma-separated list of PostgreSQL's settings.
    fileprivate var quotedForList: String {
        "\"" + replacing("\"", with: "\"\"") + "\""
    }
}
