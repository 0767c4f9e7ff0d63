import FoundationEssentials
import Glibc

/// The directories of one cluster: its data, its logs, its socket.
struct ClusterPlace: Sendable {
    /// What was asked for, or a directory in `/var/lib/viaduct` that stands in for it.
    let home: String
    /// Said once at the start if the home is not where it was asked to be.
    let notice: String?
    let socketDirectory: String

    var data: String { home + "/data" }
    var partial: String { home + "/data.partial" }
    var startLog: String { home + "/start.log" }
    var lock: String { home + "/lock" }
    var processFile: String { data + "/postmaster.pid" }

    /// The longest socket path that the kernel takes is 107 bytes, and PostgreSQL adds its name.
    private static let longestDirectory = 107 - "/.s.PGSQL.5432.lock".utf8.count

    /// Makes the directories, open to the account (and root) only.
    init(_ wanted: String, for account: ClusterAccount) async throws(ClusterError) {
        let asked = ClusterPlace.absolute(wanted)
        try ClusterPlace.make(asked)
        if try await ClusterPlace.isOpen(asked, to: account) {
            home = asked
            notice = nil
        } else {
            try ClusterPlace.make("/var/lib/viaduct")
            home = "/var/lib/viaduct/\(ClusterPlace.digest(asked))"
            try ClusterPlace.make(home)
            notice =
                "The account \(account.name) may not enter \(asked), so the database is in \(home)."
            guard try await ClusterPlace.isOpen(home, to: account) else {
                throw .directory(asked, reason: "the account \(account.name) may not enter it.")
            }
        }
        let inside = home + "/socket"
        let isShort = inside.utf8.count <= ClusterPlace.longestDirectory
        socketDirectory = isShort ? inside : "/tmp/viaduct-\(ClusterPlace.digest(home))"
        try ClusterPlace.make(socketDirectory, for: account)
    }

    static func absolute(_ path: String) -> String {
        let whole =
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return URL(filePath: whole).standardizedFileURL.path(percentEncoded: false)
            .removingTrailingSlash
    }

    /// FNV-1a: a short name for a path, not a secret.
    private static func digest(_ path: String) -> String {
        let hash = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 36)
    }

    static func make(_ path: String) throws(ClusterError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .directory(path, reason: "it cannot be made.")
        }
    }

    /// Makes a directory that is the account's alone, or trusts one only if it is just that: anyone
    /// can make a directory in `/tmp` first.
    static func make(_ path: String, for account: ClusterAccount) throws(ClusterError) {
        if mkdir(path, 0o700) == 0 {
            guard chown(path, account.user, account.group) == 0, chmod(path, 0o700) == 0 else {
                throw .directory(path, reason: "it cannot be given to \(account.name).")
            }
            return
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .directory(path, reason: "it cannot be made.")
        }
        guard status.st_uid == account.user, status.st_mode & 0o077 == 0 else {
            throw .directory(
                path, reason: "it must belong to \(account.name) and be closed to others (0700).")
        }
    }

    static func isOpen(
        _ path: String, to account: ClusterAccount
    ) async throws(ClusterError) -> Bool {
        guard !account.prefix.isEmpty else { return access(path, X_OK | W_OK) == 0 }
        guard let test = ChildProcess(account.prefix + ["test", "-x", path]) else {
            throw .refused(step: "setpriv", output: "setpriv is missing (package util-linux)")
        }
        return await test.exitCode() == 0
    }
}

extension String {
    fileprivate var removingTrailingSlash: String {
        count > 1 && hasSuffix("/") ? String(dropLast()) : self
    }
}
