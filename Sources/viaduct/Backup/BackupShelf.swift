import Foundation
import GeoReport

/// A backup that is whole.
struct Backup: Codable, Sendable, Equatable {
    /// Such as `20261123T134500Z`; its base backup has the same name.
    let name: String
    let started: Date
    /// From here on a restore can reach any moment.
    let finished: Date
    let database: Contents

    /// Whether the database is in it.
    enum Contents: String, Codable, Sendable {
        case included
        /// The server is somebody else's, who backs it up.
        case elsewhere
    }
}

/// Where backups lie: those of the database (`base`, `wal`), pictures (`media`), and the journal of
/// erasures, which is younger than any of them (P12).
struct BackupShelf: Sendable, Equatable {
    /// How many hours the last backup may be old (B3).
    static let oldest = 26

    let directory: String

    var journal: String { directory + "/erasures.jsonl" }
    var media: String { directory + "/media" }
    private var records: String { directory + "/base" }
    /// Pictures that were no longer there when a backup was made, by its name.
    private var gone: String { directory + "/gone" }

    init(_ directory: String) {
        self.directory = directory
    }

    /// The shelf that the last `viaduct backup` used; `nil` if there was none.
    init?(of data: DataSettings) {
        guard let text = try? String(contentsOfFile: Self.note(of: data), encoding: .utf8),
            let line = text.split(whereSeparator: \.isNewline).first, line.hasPrefix("/")
        else { return nil }
        directory = String(line)
    }

    /// Has everybody with these data know the shelf: the server keeps its journal there.
    func remember(in data: DataSettings) throws {
        try FileManager.default.createDirectory(
            atPath: data.directory, withIntermediateDirectories: true)
        try Data((directory + "\n").utf8).write(
            to: URL(filePath: Self.note(of: data)), options: .atomic)
    }

    private static func note(of data: DataSettings) -> String { data.directory + "/backups" }

    /// The names of the backups that are whole, also of those whose record cannot be read.
    func names() throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: records) else { return [] }
        let files = try FileManager.default.contentsOfDirectory(atPath: records)
        return Set(files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
    }

    /// The backups that are whole, the oldest first.
    var backups: [Backup] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = DateTime.parse(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no date")
            }
            return date
        }
        return ((try? names()) ?? []).compactMap { name in
            FileManager.default.contents(atPath: record(of: name).path(percentEncoded: false))
                .flatMap { try? decoder.decode(Backup.self, from: $0) }
        }.sorted { $0.finished < $1.finished }
    }

    /// The newest backup with a database from which a restore reaches a moment; of any moment if
    /// none is said.
    func backup(before time: Date?) -> Backup? {
        backups.last { $0.database == .included && (time.map($0.finished.isEarlier) ?? true) }
    }

    /// Notes that a backup is whole: only then is it one.
    func record(_ backup: Backup) throws {
        let encoder = JSONEncoder()
        // With fractions: a moment within the same second may be asked for.
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(style.format(date))
        }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(
            atPath: records, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try encoder.encode(backup).write(to: record(of: backup.name), options: .atomic)
    }

    /// Forgets that there is a backup, before it is removed.
    func strike(_ backup: Backup) throws {
        try FileManager.default.removeItem(at: record(of: backup.name))
    }

    /// Where the pictures lie that were gone when this backup was made.
    func gone(at name: String) -> String { gone + "/" + name }

    /// All directories with pictures that some moment may need.
    var pictures: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: gone)) ?? []
        return [media] + names.sorted().map { gone + "/" + $0 }
    }

    /// Removes pictures that were gone before this backup, which is the oldest, was made.
    func forgetPictures(before oldest: Backup) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: gone)) ?? []
        for name in names where name <= oldest.name {
            try FileManager.default.removeItem(atPath: gone(at: name))
        }
    }

    private func record(of name: String) -> URL { URL(filePath: "\(records)/\(name).json") }
}

extension Date {
    /// Whether this is no later than another moment.
    fileprivate func isEarlier(_ other: Date) -> Bool { self <= other }
}
