import FoundationEssentials
import Glibc

/// Where backups of a cluster lie: `base`, one directory a backup, and `wal`, the server's log since
/// then, from which a restore goes on to any moment.
struct ClusterShelf: Sendable {
    let directory: String

    var bases: String { directory + "/base" }
    var log: String { directory + "/wal" }

    /// The shelf in a directory; a path from the root.
    init(_ directory: String) {
        self.directory = ClusterPlace.absolute(directory)
    }

    /// Makes what is missing of it, open to the account only.
    func make(for account: ClusterAccount) async throws(ClusterError) {
        let above = URL(filePath: directory).deletingLastPathComponent()
            .path(percentEncoded: false)
        try ClusterPlace.make(above)
        try ClusterPlace.make(directory, for: account)
        guard try await ClusterPlace.isOpen(directory, to: account) else {
            throw .directory(
                directory, reason: "the account \(account.name), who runs it, may not enter it.")
        }
        try ClusterPlace.make(bases, for: account)
        try ClusterPlace.make(log, for: account)
    }
}

extension ClusterShelf {
    /// Removes what backups left that did not come to their end, and nothing that has another name.
    fileprivate func removeAll(but whole: Set<String>) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: bases)) ?? []
        for name in names where !whole.contains(name) && isBackup(name) {
            try? FileManager.default.removeItem(atPath: bases + "/" + name)
        }
    }

    /// `20261123T134500Z`, or as older versions called one that is being made.
    private func isBackup(_ name: String) -> Bool {
        guard !name.hasSuffix(".partial") else { return isDirectory(bases + "/" + name) }
        let pattern = name.map { $0.isASCII && $0.isNumber ? "0" : $0 }
        return String(pattern) == "00000000T000000Z" && isDirectory(bases + "/" + name)
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

/// A directory for backups while nobody else makes one there.
package struct LockedShelf: Sendable {
    /// Its path from the root.
    package let directory: String
    private let lock: ClusterLock

    fileprivate init(_ shelf: ClusterShelf) throws(ClusterError) {
        directory = shelf.directory
        guard let lock = try ClusterLock(ifFree: directory + "/lock") else {
            throw .refused(step: "the backup", output: "another one is being made there")
        }
        self.lock = lock
    }

    package func unlock() { lock.unlock() }
}

extension EmbeddedCluster {
    /// Makes a directory for backups that the account who runs the cluster may use, or trusts one
    /// that is just that, and takes hold of it.
    package func lockShelf(_ directory: String) async throws(ClusterError) -> LockedShelf {
        let shelf = ClusterShelf(directory)
        try await shelf.make(for: account)
        return try LockedShelf(shelf)
    }

    /// Copies the running cluster to `base/name` of a directory, has it verified, and has the
    /// server archive its log there from now on.
    ///
    /// What lies in `base` under a backup's name and is not named in `whole` is what a crash left, and
    /// is removed. Full files of the log are archived at once, others within a minute.
    package func backUp(
        into locked: LockedShelf, named name: String, beside whole: Set<String>
    ) async throws(ClusterError) {
        let shelf = ClusterShelf(locked.directory)
        try permitBackups()
        try place.archiveScript.write(archivingTo: shelf.log)
        try await beginArchiving()
        let base = shelf.bases + "/" + name
        try await run(
            "pg_basebackup",
            [
                "-h", place.socketDirectory, "-p", "5432", "-U", "postgres", "--no-password",
                "-D", base, "--format=plain", "--wal-method=stream", "--checkpoint=fast",
                "--manifest-checksums=SHA256",
            ])
        try await run("pg_verifybackup", ["--quiet", base])
        shelf.removeAll(but: whole.union([name]))
    }

    /// Removes a backup, and what of the log only it needs: what is older than `next`, the oldest
    /// backup that is kept.
    package func forget(
        _ name: String, before next: String, in directory: String
    ) async throws(ClusterError) {
        let shelf = ClusterShelf(directory)
        let label = shelf.bases + "/" + next + "/backup_label"
        let told = (try? String(contentsOfFile: label, encoding: .utf8)) ?? ""
        let first = told.split(separator: "\n").first.map { $0.split(separator: " ") }?.last
        guard let start = first?.dropLast(), start.count == 24 else {
            throw .directory(label, reason: "it does not tell where its log begins.")
        }
        do {
            try FileManager.default.removeItem(atPath: shelf.bases + "/" + name)
        } catch {
            throw .directory(shelf.bases + "/" + name, reason: "it cannot be removed.")
        }
        try await run("pg_archivecleanup", ["-x", ".gz", shelf.log, String(start)])
    }

    /// Lets those in who read the server's log; clusters made before there were backups do not.
    private func permitBackups() throws(ClusterError) {
        let path = place.data + "/pg_hba.conf"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        guard !text.contains(ClusterSetup.backupAccess) else { return }
        // The same file, so that it stays the account's.
        guard let handle = fopen(path, "a"),
            fputs(ClusterSetup.backupAccess + "\n", handle) >= 0, fclose(handle) == 0
        else { throw .directory(path, reason: "it cannot be written.") }
    }

    private func beginArchiving() async throws(ClusterError) {
        let mode: String?
        do {
            mode = try await administer { pool async throws(PostgresError) in
                _ = try await pool.query("ALTER SYSTEM SET archive_timeout = '60s'")
                _ = try await pool.query("SELECT pg_reload_conf()")
                let rows = try await pool.query("SELECT current_setting('archive_mode')")
                guard var cells = rows.first?.cells else { return nil }
                return try cells.next()
            }
        } catch {
            throw .refused(step: "the backup", output: "\(error)")
        }
        guard mode == "on" else {
            throw .refused(
                step: "the backup",
                output: "archive_mode is off, as an older viaduct started it; restart viaduct serve"
            )
        }
    }

    /// Asks the server as its administrator.
    func administer<R>(
        _ body: (Pool) async throws(PostgresError) -> R
    ) async throws(PostgresError) -> R {
        let pool = administration()
        let running = Task { await pool.run() }
        defer { running.cancel() }
        return try await body(pool)
    }

    /// Runs one of PostgreSQL's programs as the account; its words are told if it fails.
    private func run(_ name: String, _ arguments: [String]) async throws(ClusterError) {
        try await place.run([try programs.program(name)] + arguments, as: account, step: name)
    }
}

extension ClusterPlace {
    /// Runs a program as the account; the end of what it wrote is told if it fails.
    func run(
        _ command: [String], as account: ClusterAccount, step: String
    ) async throws(ClusterError) {
        let log = home + "/backup.log"
        unlink(log)
        let child = ChildProcess(account.prefix + command, output: log)
        if let child, await child.exitCode() == 0 { return }
        let words = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw .refused(
            step: step, output: words.split(separator: "\n").suffix(4).joined(separator: " | "))
    }
}
