import CaseStore
import FoundationEssentials
import Synchronization

/// Whether the case store can be used, asked each second, so that `/ready` answers at once and no
/// visitor of it can load the database (O4).
///
/// A class for what it found last, under a mutex.
package final class Pulse: Sendable {
    private let check: @Sendable () async throws(CaseStoreError) -> [String]
    private let isConnected: @Sendable () -> Bool
    private let shortcoming: @Sendable () -> String?
    private let found = Mutex<[String]>(["The database has not been asked yet."])

    /// `check` answers with what stands in the way, `isConnected` with what is known without it,
    /// `shortcoming` with what cannot be done though the public is served.
    package init(
        check: @escaping @Sendable () async throws(CaseStoreError) -> [String],
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
                return health.refusals
                    + health.pendingMigrations.map { "The migration \($0) has not run." }
            }, isConnected: isConnected,
            shortcoming: {
                store.lock.map { "Reports are refused: \($0.text)." }
            })
    }

    /// What stands in the way of serving; empty if nothing does.
    package var problems: [String] {
        guard isConnected() else { return ["The database is out of reach."] }
        return found.withLock { $0 }
    }

    /// What cannot be done though the public is served; `nil` if there is no such thing.
    package var remark: String? { shortcoming() }

    /// Asks each second until it is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let problems: [String]
            do {
                problems = try await check()
            } catch {
                problems = ["The database does not answer."]
            }
            found.withLock { $0 = problems }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
