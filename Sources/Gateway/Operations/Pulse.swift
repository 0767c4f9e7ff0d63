import CaseStore
import FoundationEssentials
import Synchronization

/// Whether the case store can be used, asked each second, so that `/ready` answers at once and no
/// visitor of it can load the database (O4).
///
/// A class for what it found last, under a mutex.
package final class Pulse: Sendable {
    private let check: @Sendable () async throws(CaseStoreError) -> Finding
    private let isConnected: @Sendable () -> Bool
    private let shortcoming: @Sendable () -> String?
    private let found = Mutex(Finding(problems: ["The database has not been asked yet."]))

    /// What a check found, a sentence each.
    package struct Finding: Sendable, Equatable {
        /// What stands in the way of serving.
        package var problems: [String] = []
        /// What stands in the way of nothing yet, and of signatures soon: clocks that differ.
        package var warnings: [String] = []
    }

    /// `check` answers with what it found, `isConnected` with what is known without it,
    /// `shortcoming` with what cannot be done though the public is served.
    package init(
        check: @escaping @Sendable () async throws(CaseStoreError) -> Finding,
        isConnected: @escaping @Sendable () -> Bool,
        shortcoming: @escaping @Sendable () -> String? = { nil }
    ) {
        self.check = check
        self.isConnected = isConnected
        self.shortcoming = shortcoming
    }

    /// The pulse of a case store.
    package convenience init(_ store: CaseStore, isConnected: @escaping @Sendable () -> Bool) {
        self.init(
            check: { () async throws(CaseStoreError) in
                let health = try await store.check()
                if health.pendingMigrations.isEmpty {
                    try await store.checkDataKeys(now: Date())
                }
                return Finding(
                    problems: health.refusals
                        + health.pendingMigrations.map { "The migration \($0) has not run." },
                    warnings: health.server.remarks.filter { $0.side == .clock }.map(\.sentence))
            }, isConnected: isConnected,
            shortcoming: {
                store.lock.map { "Reports are refused: \($0.text)." }
            })
    }

    /// What stands in the way of serving; empty if nothing does.
    package var problems: [String] {
        guard isConnected() else { return ["The database is out of reach."] }
        return found.withLock { $0.problems }
    }

    /// What an operator should know though we serve.
    package var warnings: [String] {
        found.withLock { $0.warnings } + [shortcoming()].compactMap(\.self)
    }

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
