import CaseStore
import Synchronization

/// Whether the case store can be used, asked each second, so that `/ready` answers at once and no
/// visitor of it can load the database (O4).
///
/// A class for what it found last, under a mutex.
package final class Pulse: Sendable {
    private let check: @Sendable () async throws(CaseStoreError) -> Finding
    private let isConnected: @Sendable () -> Bool
    private let found = Mutex(Finding(problems: ["The database has not been asked yet."]))

    /// What a check found, a sentence each.
    package struct Finding: Sendable, Equatable {
        /// What stands in the way of serving.
        package var problems: [String] = []
        /// What stands in the way of nothing yet, and of signatures soon: clocks that differ.
        package var warnings: [String] = []
    }

    /// `check` answers with what it found, `isConnected` with what is known without it.
    package init(
        check: @escaping @Sendable () async throws(CaseStoreError) -> Finding,
        isConnected: @escaping @Sendable () -> Bool
    ) {
        self.check = check
        self.isConnected = isConnected
    }

    /// The pulse of a case store.
    package convenience init(_ store: CaseStore, isConnected: @escaping @Sendable () -> Bool) {
        self.init(
            check: { () async throws(CaseStoreError) in
                let health = try await store.check()
                return Finding(
                    problems: health.refusals
                        + health.pendingMigrations.map { "The migration \($0) has not run." },
                    warnings: health.server.remarks.filter { $0.side == .clock }.map(\.sentence))
            }, isConnected: isConnected)
    }

    /// What stands in the way of serving; empty if nothing does.
    package var problems: [String] {
        guard isConnected() else { return ["The database is out of reach."] }
        return found.withLock { $0.problems }
    }

    /// What an operator should know though we serve.
    package var warnings: [String] { found.withLock { $0.warnings } }

    /// Asks each second until it is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let finding: Finding
            do {
                finding = try await check()
            } catch {
                finding = Finding(problems: ["The database does not answer."])
            }
            found.withLock { $0 = finding }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
