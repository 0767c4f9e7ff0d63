import Reports
import Synchronization

/// Wakes those who wait for changes: one question at a time for all of a process.
///
/// It asks only while somebody waits. `NOTIFY` would be sooner, but takes a lock of the whole
/// server with each commit, and every POST would pay for it.
package final class ChangeSignal: Sendable {
    private let newest: @Sendable () async throws(CaseStoreError) -> ChangeCursor
    private let interval: Duration
    private let state = Mutex(State())
    private let arrivals = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private struct State {
        var waiting: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
        var isOver = false
    }

    private struct Waiter {
        let cursor: ChangeCursor
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// A signal that asks the case store so often while somebody waits.
    package convenience init(_ store: CaseStore, interval: Duration = .milliseconds(200)) {
        self.init(interval: interval) { () async throws(CaseStoreError) in
            try await store.newestChange()
        }
    }

    init(
        interval: Duration,
        newest: @escaping @Sendable () async throws(CaseStoreError) -> ChangeCursor
    ) {
        self.newest = newest
        self.interval = interval
    }

    /// Serves those who wait until the task is cancelled, then sends them all away; to be run once.
    package func run() async {
        for await _ in arrivals.stream {
            while !Task.isCancelled, isAwaited {
                await look()
                // Cancelled it ends at once, and so does the loop.
                try? await Task.sleep(for: interval)
            }
        }
        close()
    }

    /// Waits for something behind the cursor, at most so long; `false` if nothing came.
    ///
    /// What came may be nothing that the caller may see. A task that is cancelled waits no longer.
    package func wait(behind cursor: ChangeCursor, for patience: Duration) async -> Bool {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    cursor: cursor, deadline: .now + patience, continuation: continuation)
                guard enter(waiter, as: id) else { return continuation.resume(returning: false) }
                arrivals.continuation.yield()
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?
                .continuation.resume(returning: false)
        }
    }

    /// Takes one in who waits; `false` if there is nothing to wait for.
    private func enter(_ waiter: Waiter, as id: UInt64) -> Bool {
        state.withLock { state in
            // A task that was cancelled before this has no handler that would find it.
            guard !state.isOver, !Task.isCancelled else { return false }
            state.waiting[id] = waiter
            return true
        }
    }

    private func close() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.continuation.resume(returning: false) }
    }

    /// Whether nobody is served any more.
    package var isOver: Bool { state.withLock(\.isOver) }

    private var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Asks once. A database that is out of reach is nobody's change: those who wait learn of it
    /// when they ask themselves.
    private func look() async {
        let newest = try? await newest()
        let now = ContinuousClock.now
        for (waiter, hasCome) in take(upTo: newest, now: now) {
            waiter.continuation.resume(returning: hasCome)
        }
    }

    private func take(
        upTo newest: ChangeCursor?, now: ContinuousClock.Instant
    ) -> [(waiter: Waiter, hasCome: Bool)] {
        state.withLock { state in
            var served: [(waiter: Waiter, hasCome: Bool)] = []
            for (id, waiter) in state.waiting {
                let hasCome = newest.map { waiter.cursor < $0 } ?? false
                guard hasCome || waiter.deadline <= now else { continue }
                state.waiting.removeValue(forKey: id)
                served.append((waiter, hasCome))
            }
            return served
        }
    }
}
