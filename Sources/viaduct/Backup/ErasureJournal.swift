import CaseStore
import Foundation
import Logging

/// The erasures, written down beside the backups: whoever restores one from before does them again
/// (P12). Only names of reports stand there, and nothing that was erased.
///
/// An actor for the lines that it wrote last.
actor ErasureJournal {
    private let store: CaseStore
    private let data: DataSettings
    private let logger: Logger
    private var shelf: BackupShelf?
    /// When what is in each of the last lines was erased.
    private var written: [String: Date] = [:]
    private var place = TombstonePlace()

    /// What began before another one may become visible after it, by so much at most.
    private static let overlap: TimeInterval = 3600

    init(_ store: CaseStore, data: DataSettings, logger: Logger) {
        self.store = store
        self.data = data
        self.logger = logger
    }

    /// Writes every few seconds what is new, until it is cancelled; where nothing is backed up it has
    /// nothing to do.
    func run() async {
        while !Task.isCancelled {
            await keepOrWarn()
            try? await Task.sleep(for: .seconds(5))
        }
        // What was erased since; in a task of its own, because this one may ask nobody any more.
        await Task { await keepOrWarn() }.value
    }

    private func keepOrWarn() async {
        do {
            try await keep()
        } catch {
            logger.warning(
                "the journal of erasures cannot be written",
                metadata: ["reason": .string("\(error)")])
        }
    }

    /// Writes what is not there yet, safe from a crash.
    func keep() async throws {
        guard let shelf = BackupShelf(of: data) else { return }
        if shelf != self.shelf { try open(shelf) }
        var place = place
        while case let page = try await store.tombstones(behind: place), let end = page.end {
            let lines = try page.tombstones.map { (try TombstoneLine($0).text, $0.erased) }
            let new = lines.filter { written[$0.0] == nil }
            if !new.isEmpty { try append(new.map(\.0), to: shelf.journal) }
            written.merge(new, uniquingKeysWith: { $1 })
            place = end
            remember(from: end.erased)
        }
    }

    /// The next look begins a while before what was erased at this time.
    private func remember(from time: Date) {
        let since = time.addingTimeInterval(-Self.overlap)
        place = TombstonePlace(from: since)
        // Lines have whole seconds.
        written = written.filter { $0.value >= since.addingTimeInterval(-1) }
    }

    /// Reads how far it was written before; a journal that is not there begins now.
    private func open(_ shelf: BackupShelf) throws {
        if !FileManager.default.fileExists(atPath: shelf.journal) {
            guard
                FileManager.default.createFile(
                    atPath: shelf.journal, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
        }
        written = [:]
        place = TombstonePlace()
        for line in try Self.end(of: shelf.journal) {
            guard let time = TombstoneLine.time(of: line) else { continue }
            written[line + "\n"] = time
        }
        if let last = written.values.max() { remember(from: last) }
        self.shelf = shelf
    }

    /// The last lines of a journal, so many as some megabytes hold; one that is written twice is done
    /// again twice, which changes nothing.
    private static func end(of path: String) throws -> [Substring] {
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size > 4_194_304 ? size - 4_194_304 : 0)
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline)
    }

    private func append(_ lines: [String], to path: String) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? handle.close() }
        // A second one that writes, such as `viaduct backup`, waits; closing lets it go on.
        guard flock(handle.fileDescriptor, LOCK_EX) == 0 else { throw CocoaError(.fileLocking) }
        // A line whose end is missing was cut by a crash or a full disk; it is written again.
        let whole = (try handle.readToEnd() ?? Data()).lastIndex(of: UInt8(ascii: "\n"))
        try handle.truncate(atOffset: UInt64(whole.map { $0 + 1 } ?? 0))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(lines.joined().utf8))
        try handle.synchronize()
    }
}
