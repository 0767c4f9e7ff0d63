import Foundation
import Media

/// Examines the machine: its disk, and what it lets a process of ours have.
struct MachineDoctor {
    let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    func examineDisk(_ chart: inout Chart) {
        let directory = settings.data.directory
        func complain(_ level: Complaint.Level, _ text: String, _ advice: String = "") {
            chart.add(
                Complaint(.disk, level, text, advice: advice).at(directory, key: "data.directory"))
        }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            return complain(.wrong, "cannot be made", "name one with --data")
        }
        guard FileManager.default.isWritableFile(atPath: directory) else {
            return complain(.wrong, "cannot be written to", "give it to who runs Viaduct")
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        let free = ((attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0) >> 20
        if free < 512 {
            complain(.wrong, "only \(free) MiB are free", "make room")
        } else if free < 4096 {
            complain(.warning, "\(free) MiB are free", "make room in time")
        } else {
            chart.note(.disk, "\(directory): \(free >> 10) GiB are free")
        }
    }

    /// The limits of this process, which a server started from here would have.
    func examineLimits(_ chart: inout Chart) {
        let limits = ProcessLimits()
        let wanted =
            settings.limits.connections + settings.database.connections
            + settings.database.transactions + 128
        if let files = limits.openFiles, files < wanted {
            chart.add(
                Complaint(
                    .openFiles, .warning,
                    "\(files) files may be open, and limits.connections needs \(wanted)",
                    advice: "raise LimitNOFILE of the unit, or ulimit -n"))
        }
        if let core = limits.coreSize, core > 0 {
            chart.add(
                Complaint(
                    .coreDumps, .warning,
                    "a crash would write our memory to disk, and with it people's data",
                    advice: "set LimitCORE=0 in the unit, or ulimit -c 0"))
        }
    }

    /// Whether there is a program that draws thumbnails.
    static func drawsThumbnails() async -> Bool { await Thumbnailer.find().state != .absent }

    func examineBackup(_ chart: inout Chart, now: Date) {
        guard let shelf = BackupShelf(of: settings.data) else {
            guard settings.database.url == nil else {
                return chart.skip([.backup], because: "the server's backups are its owner's")
            }
            return chart.add(
                Complaint(
                    .backup, .warning, "Nothing is backed up",
                    advice: "run viaduct backup --to DIRECTORY each night"))
        }
        guard let last = shelf.backups.last else {
            return chart.add(
                Complaint(
                    .backup, .wrong, "there is no whole backup",
                    advice: "see what viaduct backup --to \(shelf.directory) says"
                ).at(shelf.directory))
        }
        let hours = Int(now.timeIntervalSince(last.finished) / 3600)
        guard hours >= BackupShelf.oldest else { return }
        chart.add(
            Complaint(
                .backup, .wrong, "the last backup is \(hours) hours old",
                advice: "see what viaduct backup --to \(shelf.directory) says"
            ).at(shelf.directory))
    }
}

/// What the system lets this process have, as Linux tells it.
struct ProcessLimits {
    private let lines: [Substring]

    init(_ text: String? = try? String(contentsOfFile: "/proc/self/limits", encoding: .utf8)) {
        lines = (text ?? "").split(separator: "\n")
    }

    /// How many files may be open; `nil` where the system does not tell, or nothing bounds it.
    var openFiles: Int? { number("Max open files") }

    /// The bytes of a core dump; as many as there may be if nothing bounds it.
    var coreSize: Int? { number("Max core file size", unlimited: .max) }

    private func number(_ name: String, unlimited: Int? = nil) -> Int? {
        guard let line = lines.first(where: { $0.hasPrefix(name) }) else { return nil }
        let word = line.dropFirst(name.count).split(separator: " ").first
        return word == "unlimited" ? unlimited : word.flatMap { Int($0) }
    }
}
