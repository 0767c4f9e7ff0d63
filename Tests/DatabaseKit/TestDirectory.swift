import FoundationEssentials
import Glibc
import Postgres

/// A short-named directory below `/tmp` that goes away with our process, and with it the cluster
/// that may live in it.
package struct TestDirectory: Sendable {
    package let path: String

    /// Makes the directory and starts its guard.
    ///
    /// The guard is a shell that reads from a pipe which only we hold open: however we end, also by
    /// `kill -9`, it reads the end of file, ends the cluster and removes the directory.
    package init() throws {
        var template = Array("/tmp/viaduct-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The account that runs the cluster, if we are root, must be able to enter.
        chmod(path, 0o711)
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw CocoaError(.fileWriteUnknown) }
        ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        let script = """
            read -r nothing
            process=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$process"
            for turn in 1 2 3 4 5 6 7 8 9 10; do
                rm -rf "$0" 2>/dev/null && exit
                sleep 0.2
            done
            """
        let shell = ChildProcess(
            ["sh", "-c", script, path], bond: .detached, standardInput: ends[0])
        close(ends[0])
        guard shell != nil else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// A cluster of one's own, for tests that end it.
package enum TestCluster {
    /// Runs the body with a throwaway cluster, and stops it afterwards.
    package static func with<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (EmbeddedCluster) async throws -> R
    ) async throws -> R {
        let directory = try TestDirectory()
        let cluster = try await EmbeddedCluster.start(
            EmbeddedCluster.Settings(directory: directory.path, durability: .throwaway))
        let result: Result<R, any Error>
        do {
            result = .success(try await body(cluster))
        } catch {
            result = .failure(error)
        }
        await cluster.stop()
        return try result.get()
    }
}
