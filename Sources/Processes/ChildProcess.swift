import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// A program that is run to its end: bytes in, bytes out, and no longer than it may take.
package struct ChildProcess: Sendable {
    /// The program, found by its path or on `PATH`, and its arguments.
    package let command: [String]
    /// All that it finds in its environment.
    package let environment: [String: String]
    package let directory: String
    /// How many bytes it may write.
    package let most: Int
    package let patience: Duration

    package init(
        _ command: [String], environment: [String: String], directory: String = "/", most: Int,
        patience: Duration
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.most = most
        self.patience = patience
    }

    /// What a program left behind.
    package struct End: Sendable, Equatable {
        package let isSuccess: Bool
        /// Its standard output.
        package let output: [UInt8]
        /// The beginning of its standard error, at most 4096 bytes.
        package let complaint: String
    }

    /// Why there is no end to tell of.
    package enum Failure: Error, Equatable, Sendable {
        /// It was not started: nothing of that name may be run there.
        case notStarted
        /// Its time was up, it wrote too much, or we are stopping; it and all that it started are
        /// gone.
        case ended
    }

    /// Runs the program, and kills it and all that it started when its time is up.
    package func run(input: [UInt8]) async throws(Failure) -> End {
        guard let program = command.first else { throw .notStarted }
        do {
            return try await end(of: configuration(program), input)
        } catch let error as SubprocessError
            where Self.beginnings.contains(error.code)
        {
            throw .notStarted
        } catch {
            throw .ended
        }
    }

    private static let beginnings: Set<SubprocessError.Code> = [
        .spawnFailed, .executableNotFound, .failedToChangeWorkingDirectory,
    ]
    private static let mostComplaint = 1 << 20

    private struct TimeIsUp: Error {}

    private func configuration(_ program: String) -> Configuration {
        var options = PlatformOptions()
        // A session of its own, so that the kill reaches whatever it started, and only that.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let variables = environment.map { (Environment.Key(stringLiteral: $0), $1) }
        return Configuration(
            executable: program.contains("/") ? .path(FilePath(program)) : .name(program),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(Dictionary(variables) { first, _ in first }),
            workingDirectory: FilePath(directory), platformOptions: options)
    }

    private func end(of configuration: Configuration, _ input: [UInt8]) async throws -> End {
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    configuration,
                    input: .fileDescriptor(
                        try Self.nameless(input), closeAfterSpawningProcess: true),
                    output: .bytes(limit: most), error: .bytes(limit: Self.mostComplaint))
                return End(
                    isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
                    complaint: String(decoding: result.standardError.prefix(4096), as: UTF8.self))
            }
            group.addTask {
                try await Task.sleep(for: patience)
                throw TimeIsUp()
            }
            defer { group.cancelAll() }
            guard let end = try await group.next() else { throw TimeIsUp() }
            return end
        }
    }

    /// A file without a name that holds these bytes.
    ///
    /// Not a pipe: writing into the pipe of a child that died raises a signal that ends the server.
    private static func nameless(_ bytes: [UInt8]) throws -> FileDescriptor {
        let path = FilePath("/tmp/viaduct-\(UUID().uuidString)")
        let file = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite)
        unlink(path.string)
        do {
            try file.writeAll(bytes)
            try file.seek(offset: 0, from: .start)
            return file
        } catch {
            try? file.close()
            throw error
        }
    }
}
