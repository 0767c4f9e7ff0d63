@preconcurrency import Dispatch
import Foundation

/// The signals of the process as values.
enum Signals {
    /// One value a signal, from now on; the signals' own effect is switched off.
    static func stream(_ numbers: [Int32]) -> AsyncStream<Int32> {
        AsyncStream { continuation in
            let sources = numbers.map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { continuation.yield(number) }
                return source
            }
            continuation.onTermination = { _ in
                for source in sources { source.cancel() }
            }
            for source in sources { source.resume() }
        }
    }

    /// Does something until it is done or somebody presses Ctrl-C; then it is cancelled, so that
    /// whoever called can put everything away.
    static func interrupting<R: Sendable>(
        by signals: AsyncStream<Int32>, _ body: @escaping @Sendable () async throws -> R
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
