import Foundation
import UnixSignals

/// The signals of the process.
enum Signals {
    /// What ends a command: Ctrl-C, or whoever supervises us.
    ///
    /// Never by `signal(…, SIG_IGN)` beside it: on Linux that throws away the handler by which Dispatch
    /// learns of signals, and a stop would be lost.
    static func stops() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: .sigint, .sigterm)
    }

    /// Lets writing to a closed pipe fail instead of ending the process, so that whoever writes can
    /// put everything away.
    static func ignoreClosedOutput() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Does something until it is done or somebody presses Ctrl-C; then it is cancelled, so that
    /// whoever called can put everything away.
    static func interrupting<R: Sendable>(
        by signals: UnixSignalsSequence, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { throw CommandError(.interrupted, "It was interrupted.") }
                return nil
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }
}
