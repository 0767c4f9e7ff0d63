import Dispatch
import FoundationEssentials
import Glibc
import SystemPackage

/// A store of pictures on disk: 256 folders by the first two digits of the name.
///
/// Files are whole or not there: written beside their place, flushed, renamed, and the folder
/// flushed. All blocking calls run on queues of their own, never on Swift's few threads.
struct PictureDirectory: Sendable {
    private let root: FilePath
    private let lowWater: Double
    private let pass: @Sendable (PictureStore.Moment) -> Void
    private let writing = DispatchQueue(label: "viaduct.media.write")
    private let reading = DispatchQueue(label: "viaduct.media.read", attributes: .concurrent)

    init(
        _ path: String, lowWater: Double, pass: @escaping @Sendable (PictureStore.Moment) -> Void
    ) throws(MediaError) {
        root = FilePath(path)
        self.lowWater = lowWater
        self.pass = pass
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750])
        } catch {
            throw .noDirectory
        }
        guard access(path, W_OK | X_OK) == 0 else { throw .noDirectory }
    }

    func put(_ bytes: [UInt8], _ name: PictureName) async throws(MediaError) {
        try await run(on: writing) { try write(bytes, name) }
    }

    func bytes(of name: PictureName) async throws(MediaError) -> [UInt8]? {
        try await run(on: reading) { try read(path(of: name)) }
    }

    func contains(_ name: PictureName) async -> Bool {
        let path = path(of: name).string
        return await withCheckedContinuation { continuation in
            reading.async { continuation.resume(returning: access(path, R_OK) == 0) }
        }
    }

    /// The path of a file that is there; a link could lead elsewhere, so it is none.
    func file(of name: PictureName) -> String? {
        let path = path(of: name).string
        var information = stat()
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return path
    }

    func names(in shard: UInt8, olderThan time: Date) async throws(MediaError) -> [PictureName] {
        try await run(on: reading) { try list(shard, olderThan: time) }
    }

    func remove(_ name: PictureName, olderThan time: Date) async throws(MediaError) {
        try await run(on: writing) {
            try alone {
                let path = path(of: name).string
                guard let age = modified(path), age < time else { return }
                guard unlink(path) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
            }
        }
    }

    /// Whether the share of the disk that is free is above low water.
    var hasRoom: Bool {
        var disk = statvfs()
        guard statvfs(root.string, &disk) == 0, disk.f_blocks > 0 else { return false }
        return Double(disk.f_bavail) / Double(disk.f_blocks) >= lowWater
    }

    // MARK: - On the queues

    private func write(_ bytes: [UInt8], _ name: PictureName) throws {
        guard hasRoom else { throw Errno.noSpace }
        let folder = try folder(of: name)
        let temporary = folder.appending(Self.temporary + UUID().uuidString)
        do {
            try Self.writeAndFlush(bytes, to: temporary)
            pass(.flushed)
            try alone {
                guard rename(temporary.string, path(of: name).string) == 0 else {
                    throw Errno(rawValue: errno)
                }
            }
        } catch {
            unlink(temporary.string)
            throw error
        }
        pass(.renamed)
        try Self.flush(folder)
    }

    /// The folder of a name, made and flushed if it is new.
    private func folder(of name: PictureName) throws -> FilePath {
        let folder = root.appending(String(name.digest.prefix(2)))
        if mkdir(folder.string, 0o750) == 0 {
            try Self.flush(root)
        } else if errno != EEXIST {
            throw Errno(rawValue: errno)
        }
        return folder
    }

    private static func writeAndFlush(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead])
        try file.closeAfter {
            try file.writeAll(bytes)
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    private static func flush(_ folder: FilePath) throws {
        let descriptor = try FileDescriptor.open(
            folder, .readOnly, options: [.directory, .closeOnExec])
        try descriptor.closeAfter {
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    private func read(_ path: FilePath) throws -> [UInt8]? {
        if let content = FileManager.default.contents(atPath: path.string) { return Array(content) }
        guard access(path.string, F_OK) != 0 else { throw Errno.ioError }
        return nil
    }

    private func list(_ shard: UInt8, olderThan time: Date) throws -> [PictureName] {
        let folder = root.appending(hexadecimal([shard]))
        guard access(folder.string, F_OK) == 0 else { return [] }
        let entries = try FileManager.default.contentsOfDirectory(atPath: folder.string)
        var names: [PictureName] = []
        for entry in entries {
            let path = folder.appending(entry).string
            guard let age = modified(path), age < time else { continue }
            if let name = PictureName(entry) {
                names.append(name)
            } else if entry.hasPrefix(Self.temporary) {
                unlink(path)
            }
        }
        return names
    }

    /// When a file was last written; `nil` if it is gone.
    private func modified(_ path: String) -> Date? {
        var information = stat()
        guard lstat(path, &information) == 0 else { return nil }
        let time = information.st_mtim
        return Date(timeIntervalSince1970: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// Runs a change that no other node on this disk may run at the same time.
    ///
    /// The sweep looks at a file's age and then removes it: a writer that puts the same picture
    /// again in between must wait, or its file would be gone.
    private func alone(_ change: () throws -> Void) throws {
        let file = try FileDescriptor.open(
            root.appending(".lock"), .readWrite, options: [.create, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .groupWrite])
        try file.closeAfter {
            while flock(file.rawValue, LOCK_EX) != 0 {
                guard errno == EINTR else { throw Errno(rawValue: errno) }
            }
            try change()
        }
    }

    private func path(of name: PictureName) -> FilePath {
        root.appending(String(name.digest.prefix(2))).appending(name.description)
    }

    private static let temporary = ".new-"

    /// Runs blocking work on a queue; a full disk and a failing one are told apart.
    private func run<Value: Sendable>(
        on queue: DispatchQueue, _ work: @escaping @Sendable () throws -> Value
    ) async throws(MediaError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: work)) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error as Errno) where Self.full.contains(error): throw .full
        case .failure: throw .unavailable
        }
    }

    private static let full: [Errno] = [.noSpace, .diskQuotaExceeded]
}
