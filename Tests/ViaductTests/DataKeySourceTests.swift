import CaseStore
import Foundation
import Synchronization
import Testing

@testable import viaduct

@Suite struct DataKeySourceTests {
    /// Where a node's keys are whose data directory is `data` in the workspace.
    private static func source(
        _ space: borrowing Workspace, _ data: String,
        for purpose: Surroundings.Purpose = .command
    ) async throws -> DataKeySource {
        let settings = try await Settings.read(
            file: space.path("viaduct.yaml"),
            in: Surroundings(
                variables: ["VIADUCT_DATA_DIRECTORY": space.path(data)], isRoot: false,
                directory: "/", purpose: purpose))
        return DataKeySource(settings)
    }

    private static func workspace() throws -> Workspace {
        try City.workspace([
            "jurisdictions/city.yaml": City.file, "viaduct.yaml": "contact: a",
        ])
    }

    @Test func `a key is there to stay, with each directory that was made for it`() async throws {
        let space = try Self.workspace()
        let flushed = Mutex<[String]>([])
        let source = try await Self.source(space, "new/data")
        let keys = try source.make { directory in
            flushed.withLock { $0.append(directory) }
            // By then it has its name.
            return FileManager.default.fileExists(atPath: directory)
        }
        #expect(try source.read() == keys)
        #expect(
            flushed.withLock { $0 } == [space.path("new/data"), space.path("new"), space.path])
        // What may be gone after a crash is not used, and not taken from who has read it either.
        let other = try await Self.source(space, "other")
        let unkept = DataKeySource.Failure.unkept(space.path("other/data-keys"))
        #expect(throws: unkept) { try other.make { _ in false } }
        let left = try other.read()
        #expect(throws: unkept) { try other.keep { _ in false } }
        try other.keep()
        #expect(try other.make() == left)
        let third = try await Self.source(space, "third")
        #expect(try third.make() == third.read())
    }

    @Test func `a file system that cannot flush directories is no failure`() {
        // That of processes is one.
        #expect(DataKeySource.flush("/proc"))
        #expect(!DataKeySource.flush("/nowhere"))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what root makes in a service's directory is the service's`() async throws {
        let space = try Self.workspace()
        try FileManager.default.createDirectory(
            atPath: space.path("data"), withIntermediateDirectories: true)
        #expect(chown(space.path("data"), 65_534, 65_534) == 0)
        _ = try await Self.source(space, "data").make()
        var status = stat()
        #expect(stat(space.path("data/data-keys"), &status) == 0)
        #expect(status.st_uid == 65_534 && status.st_gid == 65_534)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `whoever may not read the keys is told what to type`() async throws {
        let space = try Self.workspace()
        let name = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? ""
        let serving = try await Self.source(space, "data", for: .serving)
        let file = "/data/data-keys"
        #expect(
            serving.advice(on: .unreadable(file, owner: "daemon")).contains(
                "run chown \(name) \(file)"))
        #expect(serving.advice(on: .unwritable(file)).contains("(chown \(name) /data)"))
        // Whoever types a command is not told to take the service's file.
        let command = try await Self.source(space, "data")
        let failures: [(DataKeySource.Failure, String)] = [
            (.unreadable(file, owner: "daemon"), "it belongs to daemon: run this as daemon"),
            (.unreadable(file, owner: nil), "run this as the user who runs Viaduct"),
            (.unreadable(file, owner: name), "run chmod 600 \(file)"),
            (.unwritable(file), "run this as the user who runs Viaduct"),
        ]
        for (failure, advice) in failures {
            let told = command.advice(on: failure)
            #expect(told.contains(advice) && !told.contains("chown"))
        }
    }

    @Test func `what is no list of keys is not read`() async throws {
        let space = try Self.workspace()
        let source = try await Self.source(space, "data")
        let path = space.path("data/data-keys")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        #expect(throws: DataKeySource.Failure.foreign(path)) { try source.read() }
        try FileManager.default.removeItem(atPath: path)
        try Data(repeating: 35, count: 65_537).write(to: URL(filePath: path))
        #expect(throws: DataKeySource.Failure.foreign(path)) { try source.read() }
        #expect(!source.advice(on: .foreign(path)).contains("chown"))
    }
}
