import CaseStore
import Foundation
import Glibc

/// Where this node's data keys are (P3): apart from the database, for its owner only.
struct DataKeySource: Sendable, Equatable {
    private let source: PrivacySettings.Source
    private let own: String
    private let purpose: Surroundings.Purpose

    init(_ settings: Settings) {
        source = settings.privacy.keys
        own = settings.data.keys
        purpose = settings.purpose
    }

    /// Why there are no keys.
    enum Failure: Error, Equatable {
        /// There is no such file.
        case missing(String)
        /// The owner's name, if it can be known.
        case unreadable(String, owner: String?)
        /// A directory, or longer than any list of keys.
        case foreign(String)
        /// Others than the owner may read it (A12).
        case open(String)
        case garbled(String, line: Int)
        case empty(String)
        case unwritable(String)
        /// It has a name, and the disk does not confirm that.
        case unkept(String)

        var isOpen: Bool {
            if case .open = self { return true }
            return false
        }
    }

    /// What is wrong, and what to do.
    func advice(on failure: Failure) -> String {
        switch failure {
        case .missing(let place): "\(place) is not there; put the file with the data keys there"
        case .unreadable(let place, let owner):
            "\(place) cannot be read by \(Self.user); \(wayIn(to: place, of: owner))"
        case .foreign(let place):
            "\(place) is no file with data keys: it is a directory, or longer than 64 KB"
        case .open(let place): "\(place) may be read by others; run chmod 600 \(place)"
        case .garbled(let place, let line):
            "\(place)line \(line) is no data key, or one that stands there already; each is 44 "
                + "characters, as viaduct reseal --new-key writes them"
        case .empty(let place): "\(place) holds no data key"
        case .unwritable(let place):
            "\(place) cannot be made by \(Self.user); \(wayIn(toDirectoryOf: place)), or set "
                + "privacy.keys_file"
        case .unkept(let place):
            "\(place) may be gone after a loss of power: its directory cannot be written to the disk; "
                + "see that the disk is well, and start again"
        }
    }

    /// Only of a service is it known that its own user is to have the keys: whoever types a command
    /// may be anybody, and what they took for themselves the service could not read.
    private func wayIn(to place: String, of owner: String?) -> String {
        if owner == Self.user { return "run chmod 600 \(place)" }
        switch (purpose, owner) {
        case (.serving, _):
            return "run chown \(Self.user) \(place), and let \(Self.user) enter its directory"
        case (.command, nil): return "run this as the user who runs Viaduct"
        case (.command, let owner?): return "it belongs to \(owner): run this as \(owner)"
        }
    }

    private func wayIn(toDirectoryOf place: String) -> String {
        guard purpose == .serving else { return "run this as the user who runs Viaduct" }
        let directory = (place as NSString).deletingLastPathComponent
        return "let \(Self.user) write to its directory (chown \(Self.user) \(directory))"
    }

    /// Who we are, as chown takes it.
    private static var user: String { name(of: geteuid()) }

    private static func name(of user: uid_t) -> String {
        getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "\(user)"
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
        guard access(path, F_OK) == 0 else {
            // In a directory that we may not enter there may well be one.
            throw errno == EACCES ? .unreadable(path, owner: nil) : .missing(path)
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path, owner: nil) }
        guard status.st_mode & S_IFMT != S_IFDIR, status.st_size <= 65_536 else {
            throw .foreign(path)
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path, owner: Self.name(of: status.st_uid))
        }
        guard !FileMode(path).isOpen else { throw .open(path) }
        return (String(decoding: bytes, as: UTF8.self), path)
    }

    /// Makes a file with one new key, whole or not at all; of two that do so at once the second one
    /// reads what the first one made. It is there to stay when this returns, also when the power
    /// fails; made by root, it is given to whose directory it is in.
    ///
    /// A key whose name may be lost is not used, but stays: another process may have read it by then.
    ///
    /// `flush`: writes a directory's names to the disk, and says whether they are there.
    func make(flush: (String) -> Bool = Self.flush) throws(Failure) -> DataKeys {
        let keys = DataKeys.made()
        let text = """
            # Viaduct's data keys. Personal data in the database is sealed with the first one; further
            # lines hold older ones, which only open. Keep a copy of this file, apart from the backups:
            # without it names, addresses and telephone numbers cannot be read by anybody any more.
            \(keys.current.text)

            """
        // Every directory that gets a name of ours, the last one first.
        let directory = (own as NSString).deletingLastPathComponent
        var named = [directory]
        while let first = named.last, first.count > 1,
            !FileManager.default.fileExists(atPath: first)
        { named.append((first as NSString).deletingLastPathComponent) }
        guard Self.write(text, to: own, in: directory) else { throw .unwritable(own) }
        guard named.allSatisfy(flush) else { throw .unkept(own) }
        return try read()
    }

    /// Sees that the name of a file that is there stays, before anything is sealed with its key: who
    /// made it may have failed in that.
    func keep(flush: (String) -> Bool = Self.flush) throws(Failure) {
        guard flush((own as NSString).deletingLastPathComponent) else { throw .unkept(own) }
    }

    /// Takes away what `make` made and nobody has used.
    func discard() {
        try? FileManager.default.removeItem(atPath: own)
    }

    private static func write(_ text: String, to path: String, in directory: String) -> Bool {
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let draft = "\(path).\(UUID().uuidString)"
        defer { unlink(draft) }
        let file = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            guard giveToOwner(of: directory, file) else { return false }
            try handle.synchronize()
            try handle.close()
        } catch {
            return false
        }
        // The name is given once, so that nobody's key is replaced.
        return link(draft, path) == 0 || errno == EEXIST
    }

    /// Of what root typed before the first start the service could read nothing.
    private static func giveToOwner(of directory: String, _ file: Int32) -> Bool {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0 else { return geteuid() != 0 }
        return status.st_uid == 0 || fchown(file, status.st_uid, status.st_gid) == 0
    }

    /// Some file systems (FUSE, 9p) know no flushing of directories, which is no failure.
    static func flush(_ directory: String) -> Bool {
        let descriptor = Glibc.open(
            directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 || errno == EINVAL || errno == EBADF
    }
}
