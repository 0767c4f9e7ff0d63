import Synchronization

/// How long somebody waits for the database, all statements together, before he is told that it is
/// too slow (reliability H4). A statement that was given up goes on, and nobody knows what becomes of
/// it.
///
/// A class, because all that is done for one caller draws on it; a mutex guards what is left.
package final class WaitingTime: Sendable {
    /// That of the task, for all that it asks; `nil`: it waits as long as the server may take.
    @TaskLocal package static var current: WaitingTime?

    private let left: Mutex<Duration>

    package init(_ duration: Duration) {
        left = Mutex(duration)
    }

    /// The wait for one answer.
    struct Wait {
        /// The longest that it may be.
        let most: Duration
        private let time: WaitingTime
        private let begun = ContinuousClock.now

        /// Begins now, if the task has a waiting time.
        init?() {
            guard let time = WaitingTime.current else { return nil }
            self.time = time
            most = time.left.withLock { $0 }
        }

        func end() {
            let took = begun.duration(to: .now)
            time.left.withLock { $0 = max(.zero, $0 - took) }
        }
    }
}
