import NIOCore

/// The one deadline of a connection.
///
/// Deadlines move with each request but pass seldom, so a timer is set anew only to fire earlier:
/// one that fires too early looks at the deadline and goes back to sleep. A class for the timer it
/// holds; only the connection's event loop touches it.
final class ConnectionClock {
    /// What a connection waits for.
    enum Awaited {
        /// The first byte of a request.
        case message
        case head
        case body
        /// The client's reading of what was written.
        case reader
        /// The end of what nobody listens to any more.
        case nothing
    }

    /// The connection's loop and what is done at a deadline, until it is stopped.
    private var loop: (any EventLoop)?
    private var expire: ((Awaited) -> Void)?
    private var due: (awaited: Awaited, at: NIODeadline)?
    private var timer: (task: Scheduled<Void>, at: NIODeadline)?
    private var end: Scheduled<Void>?

    /// What is waited for now.
    var awaited: Awaited? { due?.awaited }

    func start(on loop: any EventLoop, _ expire: @escaping (Awaited) -> Void) {
        self.loop = loop
        self.expire = expire
    }

    func stop() {
        loop = nil
        expire = nil
        due = nil
        timer?.task.cancel()
        timer = nil
        end?.cancel()
        end = nil
    }

    /// Waits from now on; `nil` waits for nothing.
    func await(_ awaited: Awaited?, for duration: Duration = .zero) {
        guard let awaited, let loop else { return due = nil }
        let at = loop.now + TimeAmount(duration)
        due = (awaited, at)
        if let timer, timer.at <= at { return }
        set(at)
    }

    /// Waits, unless that is what it waits for already: a total, not a pause between two bytes.
    func await(_ awaited: Awaited, atMost duration: Duration) {
        guard due?.awaited != awaited else { return }
        self.await(awaited, for: duration)
    }

    /// Ends everything after this time.
    func limit(to duration: Duration) {
        end = loop?.assumeIsolated().scheduleTask(in: TimeAmount(duration)) {
            self.expire?(.nothing)
            return ()
        }
    }

    private func set(_ at: NIODeadline) {
        timer?.task.cancel()
        guard let loop else { return }
        let task = loop.assumeIsolated().scheduleTask(deadline: at) { self.fire() }
        timer = (task, at)
    }

    private func fire() {
        timer = nil
        guard let due, let loop else { return }
        guard due.at <= loop.now else { return set(due.at) }
        self.due = nil
        expire?(due.awaited)
    }
}
