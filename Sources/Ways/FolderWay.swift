import Federation
import FoundationEssentials
import Glibc
import SystemPackage

/// The way to a folder on this machine, as a `Wire`; a share that is mounted is one too.
///
/// | Method | Address | |
/// |---|---|---|
/// | GET | `folder:DIR/` | the files in it, a JSON list of `{"name", "bytes", "modified"}`, by name: 200, or 404 |
/// | GET | `folder:DIR/NAME` | 200 with the bytes, 404, or 413 if it is longer than the call takes |
/// | HEAD | `folder:DIR/NAME` | 200, or 404 |
/// | PUT | `folder:DIR/NAME` | the body under that name, over what is there; on disk when it answers 201 |
/// | MOVE | `folder:DIR/NAME` | to the `Destination`, another such address, at once or not at all: 201; 404 if it is not there, 412 if there is one at the destination |
/// | OPTIONS | `folder:DIR/` | 204 if we may write there, 403 if not, 404 if it is not there |
///
/// `DIR` is a name or several with slashes below the folder; names begin with no dot. 507 is a disk
/// that is full.
package struct FolderWay: Sendable {
    private let root: FilePath

    /// A way to the folder of a path from the root.
    package init(_ path: String) {
        root = FilePath(path)
    }

    /// The way as adapters use it.
    package func wire(now: @escaping @Sendable () -> Date = { Date() }) -> Wire {
        Wire(now: now) { call async throws(PeerError) in
            guard let place = FolderPlace(call.address) else { return Wire.Reply(status: 400) }
            do {
                return try answer(call, at: place)
            } catch let error as Errno {
                return Wire.Reply(status: error.status)
            } catch {
                throw PeerError(.later(nil), "the folder cannot be used")
            }
        }
    }

    private func answer(_ call: Wire.Call, at place: FolderPlace) throws -> Wire.Reply {
        let path = root.appending(place.components)
        switch (call.method, place.name) {
        case ("GET", nil): return try list(path)
        case ("GET", .some): return try bytes(path, most: call.most)
        case ("HEAD", .some):
            return Wire.Reply(status: access(path.string, F_OK) == 0 ? 200 : 404)
        case ("PUT", .some):
            try put(call.body, path)
            return Wire.Reply(status: 201)
        case ("MOVE", .some): return try move(path, call)
        case ("OPTIONS", nil):
            guard access(path.string, F_OK) == 0 else { return Wire.Reply(status: 404) }
            let mayWrite = access(path.string, R_OK | W_OK | X_OK) == 0
            return Wire.Reply(status: mayWrite ? 204 : 403)
        default: return Wire.Reply(status: 405)
        }
    }

    private func list(_ path: FilePath) throws -> Wire.Reply {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path.string) else {
            return Wire.Reply(status: 404)
        }
        var files: [FolderFile] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            guard let file = FolderFile(named: name, in: path) else { continue }
            files.append(file)
        }
        return Wire.Reply(status: 200, body: Array(try JSONEncoder().encode(files)))
    }

    private func bytes(_ path: FilePath, most: Int) throws -> Wire.Reply {
        let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return Wire.Reply(status: 200, body: bytes) }
                bytes += piece.prefix(count)
                if bytes.count > most { return Wire.Reply(status: 413) }
            }
        }
    }

    private func put(_ bytes: [UInt8], _ path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
            permissions: [.ownerReadWrite, .groupReadWrite])
        try file.closeAfter {
            try file.writeAll(bytes)
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        try flush(path.removingLastComponent())
    }

    private func move(_ path: FilePath, _ call: Wire.Call) throws -> Wire.Reply {
        let header = call.headers.first { $0.name == "Destination" }?.value
        guard let place = header.flatMap(FolderPlace.init), place.name != nil else {
            return Wire.Reply(status: 400)
        }
        let target = root.appending(place.components)
        // Nobody else makes files of these names, so nothing can come between the two.
        guard access(target.string, F_OK) != 0 else { return Wire.Reply(status: 412) }
        guard rename(path.string, target.string) == 0 else { throw Errno(rawValue: errno) }
        try flush(target.removingLastComponent())
        return Wire.Reply(status: 201)
    }

    /// What a folder holds is on disk once this returns.
    private func flush(_ folder: FilePath) throws {
        let descriptor = try FileDescriptor.open(
            folder, .readOnly, options: [.directory, .closeOnExec])
        try descriptor.closeAfter {
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}

/// A file or folder below the folder of a way: no name leads out of it.
struct FolderPlace: Equatable {
    let components: [FilePath.Component]
    /// The file's name; `nil` for a folder.
    let name: String?

    /// The place of an address such as `folder:out/a.csv` or `folder:out/`.
    init?(_ address: String) {
        let scheme = "folder:"
        guard address.hasPrefix(scheme) else { return nil }
        let parts = address.dropFirst(scheme.count)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let folders = parts.dropLast()
        let last = parts.last ?? ""
        var components: [FilePath.Component] = []
        for part in folders + (last.isEmpty ? [] : [last]) {
            guard !part.isEmpty, !part.hasPrefix("."), !part.utf8.contains(0),
                let component = FilePath.Component(part)
            else { return nil }
            components.append(component)
        }
        self.components = components
        name = last.isEmpty ? nil : last
    }
}

/// A file as a listing shows it.
private struct FolderFile: Encodable {
    let name: String
    let bytes: Int64
    /// Nanoseconds since 1970.
    let modified: Int64

    /// `nil` if there is no ordinary file of this name any more.
    init?(named name: String, in folder: FilePath) {
        var facts = stat()
        guard lstat(folder.appending(name).string, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG
        else { return nil }
        self.name = name
        bytes = Int64(facts.st_size)
        modified =
            Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
    }
}

extension FilePath {
    fileprivate func appending(_ components: [Component]) -> FilePath {
        var path = self
        for component in components { path.append(component) }
        return path
    }
}

extension Errno {
    /// What went wrong with a file, as a status.
    fileprivate var status: Int {
        switch self {
        case .noSuchFileOrDirectory, .notDirectory: 404
        case .permissionDenied, .notPermitted, .readOnlyFileSystem: 403
        case .noSpace, .diskQuotaExceeded: 507
        case .tooManySymbolicLinkLevels: 403
        default: 503
        }
    }
}
