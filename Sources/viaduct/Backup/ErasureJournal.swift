import CaseStore
import Foundation
import Logging

/// The erasures, written down beside the backups: whoever restores one from before does them again
/// (P12). Only names of reports stand there, and nothing that was erased.
///
/// An actor for the lines it has written.
actor ErasureJournal {
    private let store: CaseStore
    private let data: DataSettings
    private let logger: Logger
    private var shelf: BackupShelf?
    private var written: Set<String> = []
    private var since = Date.distantPast

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
        let tombstones = try await store.tombstones(since: since)
        let lines = try tombstones.map { try TombstoneLine($0).text }
        let new = lines.filter { !written.contains($0) }
        if !new.isEmpty { try append(new, to: shelf.journal) }
        written.formUnion(new)
        // What began before another one may become visible after it.
        if let last = tombstones.last { since = last.erased.addingTimeInterval(-3600) }
    }

    /// Reads what was written before; a journal that is not there begins now.
    private func open(_ shelf: BackupShelf) throws {
        if !FileManager.default.fileExists(atPath: shelf.journal) {
            guard
                FileManager.default.createFile(
                    atPath: shelf.journal, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
        }
        let text = FileManager.default.contents(atPath: shelf.journal)
            .map { String(decoding: $0, as: UTF8.self) }
        written = Set((text ?? "").split(whereSeparator: \.isNewline).map { $0 + "\n" })
        since = .distantPast
        self.shelf = shelf
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
