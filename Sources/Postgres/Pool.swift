import Synchronization

/// Connections to one PostgreSQL, kept open for ever and shared by all tasks.
///
/// Single statements are pipelined over a few shared connections, each with a Sync of its own;
/// transactions, streams, COPY and scripts take a connection for themselves. A server that goes away
/// is awaited: statements fail with `unavailable` within the deadline, and work again within a second
/// or two of its return.
package final class Pool: Sendable {
    /// The settings the pool was made with.
    package let settings: Settings
    private let inbox: Inbox
    private let status = PoolStatus()
    private let isStarted = Atomic(false)
    private let life = Mutex(Life())

    private struct Life {
        var isOver = false
        var ending: [UnsafeContinuation<Void, Never>] = []
        var lastListener: Listener.ID = 0
    }

    /// A pool that connects with its first use.
    package init(_ settings: Settings) {
        self.settings = settings
        self.inbox = Inbox()
    }

    deinit {
        inbox.post(.stop)
    }

    /// Keeps the connections open until the task is cancelled, then finishes what is in flight (for
    /// as long as the deadline) and closes them.
    package func run() async {
        start()
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = life.withLock { life in
                    if !life.isOver { life.ending.append(continuation) }
                    return life.isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            inbox.post(.stop)
        }
    }

    /// Whether there is a connection; after a server's end this tells within moments.
    package var state: PoolState { status.state }

    /// Why the last try to connect failed, in libpq's words: for operators, never for an answer.
    /// `nil` if it did not fail.
    package var trouble: String? { status.trouble }

    /// Runs one statement, which is a transaction by itself, and returns its rows.
    ///
    /// Cancelling the task does not take a statement back: its outcome is always told, within the
    /// time limits. A serialization failure or deadlock is tried again up to five times.
    package func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        try await query(sql, .alone)
    }

    /// Runs one statement that changes nothing and reads a few rows by an index.
    ///
    /// Such statements share connections and Syncs, so that many at once cost the server a third
    /// less; one that takes long would keep the others waiting.
    package func read(_ sql: SQL) async throws(PostgresError) -> Rows {
        try await query(sql, .together)
    }

    /// Leaves a key for the statement that looks it up, and waits for what is read in its rows.
    func gathered<Found: Sendable>(
        _ key: String, _ lookUp: LookUp,
        _ read: @escaping @Sendable (Command.Answer) -> Found
    ) async -> Found {
        start()
        let wait = WaitingTime.Wait()
        defer { wait?.end() }
        return await withUnsafeContinuation { continuation in
            inbox.post(
                .find(key, lookUp, wait?.most) { continuation.resume(returning: read($0)) })
        }
    }

    private func query(
        _ sql: SQL, _ manner: Command.Manner
    ) async throws(PostgresError) -> Rows {
        do {
            return try await queryOnce(sql, manner)
        } catch .retry {
            return try await retrying { () async throws(PostgresError) -> Rows in
                try await queryOnce(sql, .alone)
            }
        }
    }

    private func queryOnce(
        _ sql: SQL, _ manner: Command.Manner
    ) async throws(PostgresError) -> Rows {
        start()
        guard sql.isSendable else { throw .refused(state: "54023") }
        let wait = WaitingTime.Wait()
        let answer: Command.Answer = await withUnsafeContinuation { continuation in
            inbox.post(
                .query(
                    Command(
                        .statement(sql), manner: manner, waits: wait?.most,
                        for: .task(continuation))))
        }
        wait?.end()
        guard let result = try answer.get() else { throw .unavailable }
        return Rows(result: result)
    }

    /// Runs statements without values, separated by semicolons, in the simple protocol.
    ///
    /// Without a `BEGIN` of its own the script is one transaction. `statement_timeout` ends each of
    /// its statements, so a script of long ones sets its own.
    package func run(script: String) async throws(PostgresError) {
        let session = session()
        defer { session.end() }
        _ = try await session.perform(.script(script), loss: .unknown, patience: .endless)
    }

    /// The messages that `NOTIFY` sends to a channel, for as long as somebody iterates.
    ///
    /// Each time the server begins to listen, also after a lost connection, the stream yields an
    /// empty message: something may have been missed until now, so look.
    package func listen(_ channel: String) -> AsyncStream<String> {
        start()
        let id = life.withLock { life in
            life.lastListener += 1
            return life.lastListener
        }
        return AsyncStream(bufferingPolicy: .bufferingNewest(1000)) { continuation in
            continuation.onTermination = { [inbox] _ in inbox.post(.unlisten(id)) }
            inbox.post(.listen(Listener(id: id, channel: channel, continuation: continuation)))
        }
    }

    /// A session, whose connection comes with its first command.
    func session() -> Session {
        start()
        return Session(inbox: inbox)
    }

    /// Starts the two threads, once.
    private func start() {
        guard !isStarted.load(ordering: .relaxed),
            !isStarted.exchange(true, ordering: .relaxed)
        else { return }
        let connector = Connector(Conninfo(settings), inbox: inbox, status: status)
        startThread { connector.run() }
        startThread { [settings, inbox, status, weak self] in
            Reactor(settings: settings, inbox: inbox, connector: connector, status: status).run()
            self?.finish()
        }
    }

    private func finish() {
        let ending = life.withLock { life in
            life.isOver = true
            defer { life.ending = [] }
            return life.ending
        }
        for continuation in ending { continuation.resume() }
    }
}
