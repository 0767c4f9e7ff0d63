import CaseStore
import Reports
import Synchronization

/// The clients by the hash of their key, kept in memory: a call asks the database for a key only
/// the first time, and the last known clients stay known while the database is away.
///
/// A class, because every connection shares it; a mutex guards the snapshot.
package final class KeyRing: Sendable {
    private let source: Source
    private let state = Mutex(State())

    private struct State {
        var clients: [KeyDigest: Client] = [:]
        /// Whose key nobody had been given when a GET came with it, since the last refresh.
        var strangers: Set<KeyDigest> = []
        /// Whether any key is retired, or will be.
        var hasRetirements = false

        init(_ clients: [KeyDigest: Client] = [:]) {
            self.clients = clients
            hasRetirements = clients.values.contains { $0.retirement != nil }
        }
    }

    /// Whether any key in memory is retired, or will be.
    var hasRetirements: Bool { state.withLock(\.hasRetirements) }

    /// Whoever tries keys with GETs costs at most so many looks between two refreshes.
    static let mostStrangers = 500

    /// Where keys are looked up.
    package struct Source: Sendable {
        /// The clients whose keys count.
        package let all: @Sendable () async throws(CaseStoreError) -> [KeyDigest: Client]
        /// The client of one key.
        package let one: @Sendable (_ secret: String) async throws(CaseStoreError) -> Client?
        /// Yields each time that keys may have changed.
        let changes: @Sendable () -> AsyncStream<String>

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
    package convenience init(_ store: CaseStore) {
        self.init(
            Source(
                all: { () async throws(CaseStoreError) in try await store.clients() },
                one: { secret async throws(CaseStoreError) in
                    try await store.client(of: secret)
                }, changes: { store.keyChanges() }))
    }

    /// The client of this key, if it is in memory.
    package func known(_ secret: String) -> Client? {
        let digest = KeyDigest(of: secret)
        return state.withLock { $0.clients[digest] }
    }

    /// Gets to know the client of a key that a GET came with, so that nobody who was given one a
    /// moment ago is taken for a stranger.
    package func meet(_ secret: String) async throws(CaseStoreError) {
        guard Key(parsing: secret) != nil else { return }
        let digest = KeyDigest(of: secret)
        let isNew = state.withLock { state in
            state.clients[digest] == nil && !state.strangers.contains(digest)
                && state.strangers.count < Self.mostStrangers
        }
        guard isNew, try await client(secret) == nil else { return }
        _ = state.withLock { $0.strangers.insert(digest) }
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
        state.withLock { state in
            state.clients[digest] = client
            if client.retirement != nil { state.hasRetirements = true }
        }
        return client
    }

    /// Takes over the clients as they are now; the last known ones stay if the database is away.
    package func refresh() async {
        guard let all = try? await source.all() else { return }
        state.withLock { $0 = State(all) }
    }

    /// Keeps the clients up to date until it is cancelled: whenever keys change, and each 3 seconds in
    /// case that a notice was lost, so that nobody is served for 5 seconds with a key that was
    /// revoked (A6).
    package func run() async {
        let (looks, look) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in self.source.changes() { look.yield() }
            }
            group.addTask {
                while !Task.isCancelled {
                    look.yield()
                    // Cancelled it ends at once, and so does the loop.
                    try? await Task.sleep(for: .seconds(3))
                }
                look.finish()
            }
            for await _ in looks { await refresh() }
        }
    }
}
