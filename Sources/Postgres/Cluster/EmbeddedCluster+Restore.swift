import FoundationEssentials
import Glibc

extension EmbeddedCluster {
    /// Makes a cluster of the base backup `name` of a directory and of the log archived there, as it
    /// was at `time`, or as late as the log goes; answers when it takes statements.
    ///
    /// Nothing may be at its place yet. The new cluster archives nothing before it is backed up
    /// itself. A crash leaves at most `data.partial`, or a cluster that goes on with its recovery.
    package static func restore(
        _ name: String, from directory: String, to time: Date?, into settings: Settings
    ) async throws(ClusterError) -> EmbeddedCluster {
        let shelf = ClusterShelf(directory)
        let base = shelf.bases + "/" + name
        let account = try ClusterAccount(named: settings.account)
        let place = try await ClusterPlace(settings.directory, for: account)
        let programs = try ClusterPrograms(
            for: base, environment: ProcessInfo.processInfo.environment)
        let lock = try await ClusterLock(place.lock)
        defer { lock.unlock() }
        guard access(place.data, F_OK) != 0 else {
            throw .directory(place.data, reason: "a cluster is there already.")
        }
        let restore = ClusterRestore(place: place, account: account, shelf: shelf)
        try await restore.copy(base)
        try restore.prepare(to: time)
        let cluster = EmbeddedCluster(place: place, account: account, programs: programs)
        do throws(ClusterError) {
            try await cluster.bringUp()
        } catch {
            // Nothing was written after that time: all that there is, is what was wanted.
            guard time != nil, restore.hasEndedEarly else { throw error }
            try restore.extend("recovery_target_time = ''\n")
            try await cluster.bringUp()
        }
        do {
            try await cluster.administer { pool async throws(PostgresError) in
                for name in ClusterRestore.settings + ["archive_timeout"] {
                    _ = try await pool.query(SQL(verbatim: "ALTER SYSTEM RESET \(name)"))
                }
            }
        } catch {
            throw .refused(step: "the end of the restore", output: "\(error)")
        }
        try await restore.claimTimeline()
        return cluster
    }
}

/// The making of a cluster out of a backup.
private struct ClusterRestore {
    let place: ClusterPlace
    let account: ClusterAccount
    let shelf: ClusterShelf

    /// What is set for the recovery only.
    static let settings = [
        "restore_command", "recovery_target_time", "recovery_target_timeline",
        "recovery_target_action",
    ]

    /// Copies the base backup beside its place.
    func copy(_ base: String) async throws(ClusterError) {
        do {
            try await place.run(
                ["test", "-r", base + "/PG_VERSION"], as: account, step: "reading the backup")
        } catch {
            throw .directory(base, reason: "the account \(account.name) may not read it.")
        }
        try? FileManager.default.removeItem(atPath: place.partial)
        try ClusterPlace.make(place.partial, for: account)
        try await place.run(
            ["cp", "-R", "--preserve=mode,timestamps", base + "/.", place.partial], as: account,
            step: "copying the backup")
    }

    /// Tells the server what to do at its start, and moves the copy to its place.
    func prepare(to time: Date?) throws(ClusterError) {
        let target = time.map { time in
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .gmt)
            // The server reads no letters here, not even Z.
            let text = style.format(time).replacing("Z", with: "+00")
            return "recovery_target_time = '\(text)'\n"
        }
        let file = (shelf.log + "/").quotedForCommand + "%f.gz"
        // 1 says that the log ends here; above 125 ends the recovery, so that no file which cannot be
        // read is taken for the end.
        let command =
            "if test -f \(file); then gzip -dc \(file) > \"%p\" || exit 255; else exit 1; fi"
        try write(
            """
            restore_command = '\(command.replacing("'", with: "''"))'
            recovery_target_timeline = 'current'
            recovery_target_action = 'promote'
            \(target ?? "")
            """, to: place.partial + "/postgresql.auto.conf")
        let signal = place.partial + "/recovery.signal"
        try write("", to: signal)
        guard chown(signal, account.user, account.group) == 0 else {
            throw .directory(signal, reason: "it cannot be given to \(account.name).")
        }
        sync()
        guard rename(place.partial, place.data) == 0 else {
            throw .directory(place.data, reason: "something else is there already.")
        }
    }

    /// Adds to the settings of a cluster that is in its place.
    func extend(_ text: String) throws(ClusterError) {
        try write(text, to: place.data + "/postgresql.auto.conf")
    }

    /// Has the next restore from the same shelf begin a timeline with another number: both may be
    /// backed up there, and would take each other's files of the log for their own.
    ///
    /// A shelf that the account may not write to is nobody's to be backed up to.
    func claimTimeline() async throws(ClusterError) {
        let log = place.data + "/pg_wal"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: log)) ?? []
        let test = ChildProcess(account.prefix + ["test", "-w", shelf.log])
        guard let history = names.filter({ $0.hasSuffix(".history") }).max(),
            await test?.exitCode() == 0
        else { return }
        try await place.run(
            ["sh", "-c", ArchiveScript.text(archivingTo: shelf.log), "sh"]
                + [log + "/" + history, history], as: account,
            step: "claiming timeline \(history.prefix(8))")
    }

    /// Whether the log ended before the time that was wanted.
    var hasEndedEarly: Bool {
        let logs = place.home + "/log"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: logs)) ?? []
        return names.contains { name in
            let text = try? String(contentsOfFile: logs + "/" + name, encoding: .utf8)
            return text?.contains("recovery ended before configured recovery target") == true
        }
    }

    /// Writes behind what is there, so that the file stays the account's.
    private func write(_ text: String, to path: String) throws(ClusterError) {
        guard let handle = fopen(path, "a"), fputs(text, handle) >= 0, fclose(handle) == 0 else {
            throw .directory(path, reason: "it cannot be written.")
        }
    }
}
