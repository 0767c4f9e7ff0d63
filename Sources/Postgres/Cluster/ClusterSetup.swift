import FoundationEssentials
import Glibc

/// The making of a cluster: initdb, who may connect, and settings.
struct ClusterSetup {
    let place: ClusterPlace
    let account: ClusterAccount
    let programs: ClusterPrograms

    /// Makes the cluster if it is not there.
    ///
    /// It is made beside its place and moved there when complete, so that a crash leaves all or
    /// nothing.
    func perform(_ durability: EmbeddedCluster.Durability) async throws(ClusterError) {
        guard Glibc.access(place.data + "/PG_VERSION", F_OK) != 0 else { return }
        try? FileManager.default.removeItem(atPath: place.partial)
        try ClusterPlace.make(place.partial, for: account)
        try await initialise(durability)
        do {
            try write(access, to: "pg_hba.conf")
            try write(names, to: "pg_ident.conf")
            try append(settings, to: "postgresql.conf")
        } catch {
            throw .directory(place.partial, reason: "its settings cannot be written.")
        }
        if durability == .durable { sync() }
        guard rename(place.partial, place.data) == 0 else {
            throw .directory(place.data, reason: "something else is there already.")
        }
    }

    private func initialise(_ durability: EmbeddedCluster.Durability) async throws(ClusterError) {
        let command =
            [
                programs.initdb, "-D", place.partial, "-U", "postgres", "-E", "UTF8", "--locale=C",
                // Order by bytes, but know which Cyrillic letter is the small one of which.
                "--lc-ctype=C.UTF-8",
                "--data-checksums", "--auth=reject", "--no-instructions",
            ] + (durability == .throwaway ? ["--no-sync"] : [])
        try? FileManager.default.removeItem(atPath: place.startLog)
        let child = ChildProcess(account.prefix + command, output: place.startLog)
        guard let child, await child.exitCode() == 0 else {
            throw .refused(step: "initdb", output: place.lastWords)
        }
    }

    /// Lets backups be made: `all` does not mean those who read the log.
    static let backupAccess = "local replication postgres peer map=viaduct"

    /// Only over the socket, whose directory is closed to others; the kernel says who connects.
    private var access: String {
        """
        # Written by viaduct: no network, no passwords; see pg_ident.conf.
        local all all peer map=viaduct
        \(Self.backupAccess)

        """
    }

    private var names: String {
        let lines = account.connecting.flatMap { name in
            ["viaduct", "postgres"].map { "viaduct \(name) \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What differs from PostgreSQL's defaults, and why.
    private var settings: String {
        """

        # Written by viaduct.
        timezone = 'UTC'
        log_timezone = 'UTC'
        # A week of logs; without DETAIL, which quotes rows and so people.
        logging_collector = on
        log_filename = 'postgres-%a.log'
        log_rotation_age = 1d
        log_rotation_size = 0
        log_truncate_on_rotation = on
        log_error_verbosity = terse
        # Compiling a plan takes longer than any statement of ours.
        jit = off

        """
    }

    private func write(_ text: String, to name: String) throws {
        // Over the file that initdb made, which belongs to the account and is closed to others.
        let handle = fopen(place.partial + "/" + name, "w")
        guard let handle else { throw CocoaError(.fileWriteUnknown) }
        let isWritten = fputs(text, handle) >= 0
        // A full disk may show only here.
        guard fclose(handle) == 0, isWritten else { throw CocoaError(.fileWriteUnknown) }
    }

    private func append(_ text: String, to name: String) throws {
        let path = place.partial + "/" + name
        try write(String(contentsOfFile: path, encoding: .utf8) + text, to: name)
    }
}

extension ClusterPlace {
    /// The end of what PostgreSQL wrote while it was started.
    var lastWords: String {
        let text = (try? String(contentsOfFile: startLog, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(4).joined(separator: " | ")
    }
}
