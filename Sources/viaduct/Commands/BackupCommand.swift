import ArgumentParser
import CaseStore
import Foundation
import Logging
import Reports

/// `viaduct backup` (B3).
struct BackupCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies everything to another disk, and has every change follow it there.",
        discussion: """
            The database is copied while it runs, verified, and from then on each change is \
            archived within a minute; pictures that are not there yet are copied; erasures are \
            written to a journal of their own, so that a restore does them again. Run it each night, \
            as who runs the server. `viaduct restore` makes of it what was there at any moment since.

            A PostgreSQL of your own (database.url) is yours to back up: Specs/Operations.md tells \
            how. Pictures and erasures are kept all the same. Pictures in a bucket stay there.

            The data keys are not copied: whoever finds a backup shall not read who reported. Keep \
            them apart; without them names, addresses and telephone numbers are lost.

            Example: viaduct backup --to /mnt/backups/viaduct
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "The directory of the backups, on another disk; it is made, for its owner only.")
    var to: String
    @Option(help: "How many backups stay; older ones are removed.")
    var keep = 14

    func validate() throws {
        guard (1...1000).contains(keep) else {
            throw ValidationError("--keep needs a number from 1 to 1000.")
        }
    }

    func perform() async throws {
        let settings = try await options.read()
        try Self.refuseOthers(settings.data.directory)
        let (to, keep) = (to, keep)
        let started = Date()
        let made = try await Deployment.with(settings) { deployment in
            try await Self.backUp(deployment, to: to, keep: keep, started: started)
        }
        for line in made { Terminal.print(line) }
    }

    /// Whoever is not the owner of the data would leave files there that the server cannot write.
    private static func refuseOthers(_ directory: String) throws(CommandError) {
        var status = stat()
        guard stat(directory, &status) == 0, status.st_uid != geteuid() else { return }
        let owner = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) }
        throw CommandError(
            .usage,
            "\(directory) belongs to \(owner ?? "user \(status.st_uid)"); run viaduct backup as them."
        )
    }

    private static func backUp(
        _ deployment: Deployment, to directory: String, keep: Int, started: Date
    ) async throws -> [String] {
        let settings = deployment.settings
        let locked = try await deployment.cluster?.lockShelf(directory)
        defer { locked?.unlock() }
        let shelf = BackupShelf(try locked?.directory ?? Self.make(directory))
        var lines: [String] = []
        // A schema that is still to be brought up to date may know no erasures, and no audit log.
        let isCurrent = try await deployment.store.check().pendingMigrations.isEmpty
        if isCurrent, deployment.cluster != nil {
            try await deployment.store.audit(
                [AuditEntry(.backedUp, by: .here, subject: shelf.directory)], now: Date())
        }
        let name = started.formatted(
            Date.ISO8601FormatStyle(
                dateSeparator: .omitted, timeSeparator: .omitted, timeZone: .gmt))
        if let cluster = deployment.cluster, let locked {
            try await cluster.backUp(into: locked, named: name, beside: try shelf.names())
            lines.append("database   \(shelf.directory)/base/\(name), verified")
        } else {
            lines.append("database   not here: who runs its server backs it up")
        }
        if settings.media.bucket == nil {
            let copy = PictureCopy(source: settings.data.media, target: shelf.media)
            let (new, old) = (try copy.run(), try copy.retire(to: shelf.gone(at: name)))
            lines.append("pictures   \(new) new in \(shelf.media), \(old) gone")
        } else {
            lines.append("pictures   not here: they are in the bucket")
        }
        try shelf.remember(in: settings.data)
        if isCurrent {
            try await ErasureJournal(
                deployment.store, data: settings.data, logger: Logger(label: "viaduct")
            ).keep()
        }
        lines.append("erasures   \(shelf.journal)")
        lines.append(
            DataKeySource(settings).path.map { "data keys  not here: keep a copy of \($0) apart" }
                ?? "data keys  not here: they are in the settings")
        sync()
        try shelf.record(
            Backup(
                name: name, started: started, finished: Date(),
                database: deployment.cluster == nil ? .elsewhere : .included))
        sync()
        return lines + (try await forget(all: shelf, but: keep, deployment))
    }

    /// Makes a directory if need be, for its owner only; answers its path.
    private static func make(_ directory: String) throws -> String {
        let path = directory.absolutePath
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        return path
    }

    private static func forget(
        all shelf: BackupShelf, but keep: Int, _ deployment: Deployment
    ) async throws -> [String] {
        let backups = shelf.backups
        guard backups.count > keep else { return [] }
        var lines: [String] = []
        for (backup, next) in zip(backups, backups.dropFirst()).prefix(backups.count - keep) {
            try shelf.strike(backup)
            if backup.database == .included, next.database == .included {
                try await deployment.cluster?.forget(
                    backup.name, before: next.name, in: shelf.directory)
            }
            try shelf.forgetPictures(before: next)
            lines.append("removed    \(backup.name)")
        }
        return lines
    }
}
