import ArgumentParser
import CaseStore
import Foundation
import GeoReport
import Postgres

/// `viaduct restore` (B3, P12).
struct RestoreCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Makes of a backup what was there at a moment, in a new directory.",
        discussion: """
            What is there now stays as it is; stop the old server first, so that its last changes \
            are archived. Then the database is restored to the moment, pictures are copied, and \
            erasures of since then are done again, before anybody can see what they erased. Look at \
            the result, then serve it: viaduct serve --data DIRECTORY.

            Example: viaduct restore --from /mnt/backups/viaduct --to 2026-11-23T13:59:00Z --into \
            /var/lib/viaduct-restored
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "The directory of the backups.")
    var from: String
    @Option(
        help: "The moment, such as 2026-11-23T13:59:00+02:00. Default: the last that was archived.")
    var to: String?
    @Option(help: "The new data directory; nothing may be there.")
    var into: String

    func perform() async throws {
        let moment = try to.map(Self.moment)
        var settings = try await options.read()
        guard settings.database.url == nil else {
            throw CommandError(
                .usage,
                "A server of your own (database.url) is restored by its own tools; see "
                    + "Specs/Operations.md. Then run viaduct erasures --replay \(from)/erasures.jsonl."
            )
        }
        let shelf = BackupShelf(from.absolutePath)
        guard let backup = shelf.backup(before: moment) else { throw Self.noBackup(shelf, moment) }
        let former = DataKeySource(settings)
        settings.data.directory = into.absolutePath
        let target = settings.data
        guard !FileManager.default.fileExists(atPath: target.cluster) else {
            throw CommandError(.usage, "\(target.cluster) is there already; name another place.")
        }
        // Before anything is made: a journal that cannot be read would bring back what was erased.
        let tombstones =
            try FileManager.default.fileExists(atPath: shelf.journal)
            ? TombstoneLine.all(inFile: shelf.journal) : []
        let cluster = try await EmbeddedCluster.restore(
            backup.name, from: shelf.directory, to: moment,
            into: EmbeddedCluster.Settings(directory: target.cluster))
        await cluster.stop()
        Terminal.print("database   \(target.cluster), out of \(backup.name)")
        let pictures = try shelf.pictures.reduce(0) { count, directory in
            count + (try PictureCopy(source: directory, target: target.media).run())
        }
        Terminal.print("pictures   \(pictures) in \(target.media)")
        try keepKeys(of: former, for: DataKeySource(settings))
        try await finish(settings, tombstones)
        Terminal.print("Look at it, then: viaduct serve --data \(target.directory)")
    }

    /// The keys are in no backup: those of the old directory, if it is still there, open it.
    private func keepKeys(of former: DataKeySource, for new: DataKeySource) throws {
        guard new.isOwn, let old = former.path, let place = new.path, old != place else { return }
        guard FileManager.default.fileExists(atPath: old) else {
            return Terminal.note(
                "The data keys are not at \(old): put the copy that was kept apart at \(place), or "
                    + "nobody can be asked back.")
        }
        guard !FileManager.default.fileExists(atPath: place) else { return }
        try FileManager.default.copyItem(atPath: old, toPath: place)
        Terminal.print("data keys  \(place), of \(old)")
    }

    /// Brings the schema up to date and does the erasures again.
    private func finish(_ settings: Settings, _ tombstones: [Tombstone]) async throws {
        let (catalogue, now) = (settings.catalogue.catalogue, Date())
        let (again, newest) = try await Deployment.with(settings) { deployment in
            try await deployment.preparePeers()
            let again = try await deployment.store.replay(tombstones, in: catalogue, now: now)
            return (again, try await deployment.store.newestEvent())
        }
        Terminal.print("erasures   \(again.done) of \(tombstones.count) done again")
        if !again.missing.isEmpty {
            let names = again.missing.map(\.rawValue).joined(separator: ", ")
            Terminal.note("Erased reports that are not in this backup: \(names)")
        }
        Terminal.print("newest     \(newest.map { DateTime.text($0) } ?? "no report")")
    }

    /// A moment with its offset from UTC: a restore by the wrong clock loses hours.
    private static func moment(_ text: String) throws(CommandError) -> Date {
        if text.contains(":"), let moment = DateTime.parse(text, naive: .refused) { return moment }
        throw CommandError(
            .usage, "\(text) is no moment; write one such as 2026-11-23T13:59:00+02:00.")
    }

    private static func noBackup(_ shelf: BackupShelf, _ moment: Date?) -> CommandError {
        guard let first = shelf.backups.first(where: { $0.database == .included }) else {
            return CommandError(.noInput, "\(shelf.directory) holds no backup of a database.")
        }
        return CommandError(
            .noInput,
            "The first backup was finished at \(DateTime.text(first.finished)); nothing before can "
                + "be restored.")
    }
}
