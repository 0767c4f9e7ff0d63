import CaseStore
import Foundation
import Glibc

/// Where this node's data keys are (P3): apart from the database, for its owner only.
struct DataKeySource: Sendable, Equatable {
    private let source: PrivacySettings.Source
    private let own: String

    init(_ settings: Settings) {
        source = settings.privacy.keys
        own = settings.data.keys
    }

    /// Why there are no keys.
    enum Failure: Error, Equatable {
        /// There is no such file.
        case missing(String)
        case unreadable(String)
        /// Others than the owner may read it (A12).
        case open(String)
        case garbled(String, line: Int)
        case empty(String)
        case unwritable(String)

        var isOpen: Bool {
            if case .open = self { return true }
            return false
        }

        /// What is wrong, and what to do.
        var advice: String {
            switch self {
            case .missing(let place): "\(place) is not there; put the file with the data keys there"
            case .unreadable(let place):
                "\(place) cannot be read; give its owner, who runs Viaduct, read access"
            case .open(let place): "\(place) may be read by others; run chmod 600 \(place)"
            case .garbled(let place, let line):
                "\(place)line \(line) is no data key, or one that stands there already; each is 44 "
                    + "characters, as viaduct reseal --new-key writes them"
            case .empty(let place): "\(place) holds no data key"
            case .unwritable(let place):
                "\(place) cannot be made; let who runs Viaduct write there, or set privacy.keys_file"
            }
        }
    }

    /// Whether there are keys of our own to be made, where the settings name none.
    var isOwn: Bool { source == .own }

    /// The file; `nil` if the keys stand in the settings or the environment.
    var path: String? {
        switch source {
        case .own: own
        case .file(let path): path
        case .given: nil
        }
    }

    /// The key of the settings that says so.
    var key: String {
        path == nil ? "privacy.keys" : isOwn ? "data.directory" : "privacy.keys_file"
    }

    /// The keys that are there.
    func read() throws(Failure) -> DataKeys {
        let (text, place) = try text()
        do throws(DataKeys.Flaw) {
            return try DataKeys(parsing: text)
        } catch {
            switch error {
            case .empty: throw .empty(place)
            case .noKey(let line), .twice(let line):
                throw .garbled(path == nil ? "" : place + ": ", line: line)
            }
        }
    }

    /// What is written down, and where.
    private func text() throws(Failure) -> (String, String) {
        guard let path else {
            guard case .given(let secret) = source else { throw .missing(own) }
            return (secret.value, "privacy.keys")
        }
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path) }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= 65_536 else {
            throw .unreadable(path)
        }
        guard !FileMode(path).isOpen else { throw .open(path) }
        return (String(decoding: bytes, as: UTF8.self), path)
    }

    /// Makes a file with one new key, whole or not at all; of two that do so at once the second one
    /// reads what the first one made.
    func make() throws(Failure) -> DataKeys {
        let keys = DataKeys.made()
        let text = """
            # Viaduct's data keys. Personal data in the database is sealed with the first one; further
            # lines hold older ones, which only open. Keep a copy of this file, apart from the backups:
            # without it names, addresses and telephone numbers cannot be read by anybody any more.
            \(keys.current.text)

            """
        guard Self.write(text, to: own) else { throw .unwritable(own) }
        return try read()
    }

    /// Takes away what `make` made and nobody has used.
    func discard() {
        try? FileManager.default.removeItem(atPath: own)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let directory = (path as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let draft = "\(path).\(UUID().uuidString)"
        defer { unlink(draft) }
        let file = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { return false }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
            try handle.close()
        } catch {
            return false
        }
        // The name is given once, so that nobody's key is replaced.
        return link(draft, path) == 0 || errno == EEXIST
    }
}
