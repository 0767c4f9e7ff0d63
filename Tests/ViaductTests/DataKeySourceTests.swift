import CaseStore
import Foundation
import Synchronization
import Testing

@testable import viaduct

@Suite struct DataKeySourceTests {
    /// Where a node's keys are whose data directory is `data` in the workspace.
    private static func source(_ space: borrowing Workspace, _ data: String) async throws
        -> DataKeySource
    {
        let settings = try await Settings.read(
            file: space.path("viaduct.yaml"),
            in: Surroundings(
                variables: ["VIADUCT_DATA_DIRECTORY": space.path(data)], isRoot: false,
                directory: "/"))
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
        // What may be gone after a crash is not used.
        let other = try await Self.source(space, "other")
        #expect(throws: DataKeySource.Failure.self) { try other.make { _ in false } }
        #expect(throws: DataKeySource.Failure.self) { try other.read() }
        let third = try await Self.source(space, "third")
        #expect(try third.make() == third.read())
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

    @Test func `whoever may not read the keys is told what to type`() {
        let advice = DataKeySource.Failure.unreadable("/data/data-keys").advice
        let name = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? ""
        #expect(advice.contains("run chown \(name) /data/data-keys"))
    }
}
