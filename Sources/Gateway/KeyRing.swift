import CaseStore
import Reports
import Synchronization

/// The clients by the hash of their key, kept in memory: a POST asks the database for a key only
/// the first time, and the last known clients stay known while the database is away.
///
/// A class, because every connection shares it; a mutex guards the snapshot.
package final class KeyRing: Sendable {
    private let source: Source
    private let clients = Mutex<[KeyDigest: Client]>([:])

    /// Where keys are looked up.
    package struct Source: Sendable {
        /// The clients whose keys count.
        package let all: @Sendable () async throws(CaseStoreError) -> [KeyDigest: Client]
        /// The client of one key.
        package let one: @Sendable (_ secret: String) async throws(CaseStoreError) -> Client?
        /// Says that keys have changed.
        package let changes: @Sendable () -> AsyncStream<String>

        package init(
            all: @escaping @Sendable () async throws(CaseStoreError) -> [KeyDigest: Client],
            one: @escaping @Sendable (_ secret: String) async throws(CaseStoreError) -> Client?,
            changes: @escaping @Sendable () -> AsyncStream<String> = { AsyncStream { $0.finish() } }
        ) {
            self.all = all
            self.one = one
            self.changes = changes
        }
    }

    package init(_ source: Source) {
        self.source = source
    }

    /// The keys of a case store.
    package convenience init(
        _ store: CaseStore,
        changes: @escaping @Sendable () -> AsyncStream<String> = { AsyncStream { $0.finish() } }
    ) {
        self.init(
            Source(
                all: { () async throws(CaseStoreError) in try await store.clients() },
                one: { secret async throws(CaseStoreError) in
                    try await store.client(of: secret)
                }, changes: changes))
    }

    /// The client of this key, if it is in memory: all that a GET needs to know.
    package func known(_ secret: String) -> Client? {
        let digest = KeyDigest(of: secret)
        return clients.withLock { $0[digest] }
    }

    /// The client of this key, or `nil` if nobody was given it.
    ///
    /// A text that cannot be a key costs no look-up (A1).
    package func client(_ secret: String) async throws(CaseStoreError) -> Client? {
        if let client = known(secret) { return client }
        guard Key(parsing: secret) != nil, let client = try await source.one(secret) else {
            return nil
        }
        let digest = KeyDigest(of: secret)
        clients.withLock { $0[digest] = client }
        return client
    }

    /// Takes over the clients as they are now; the last known ones stay if the database is away.
    package func refresh() async {
        guard let all = try? await source.all() else { return }
        clients.withLock { $0 = all }
    }

    /// Keeps the clients up to date until it is cancelled: on each change told, and each 5 seconds.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await self.refresh()
                    try? await Task.sleep(for: .seconds(5))
                }
            }
            group.addTask {
                for await _ in self.source.changes() { await self.refresh() }
            }
            await group.waitForAll()
        }
    }
}
