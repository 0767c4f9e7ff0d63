import CLibPQ
import Glibc

/// Serves all connections of a pool on one thread, with epoll.
///
/// Only that thread touches it, from `run()` to the end. Tasks talk to it through the inbox and are
/// resumed straight from here.
final class Reactor {
    let settings: Pool.Settings
    let inbox: Inbox
    let connector: Connector
    let status: PoolStatus
    /// The time of this round; one look at the clock serves all of it.
    var now = monotonicNow()

    /// Every open connection, by its id.
    var connections: [UInt64: Connection] = [:]
    /// Those that any task's statements share.
    var shared: [Connection] = []
    /// Those kept for sessions and not bound to one now.
    var free: [Connection] = []
    var bound: [UInt64: Session] = [:]
    var listening: Connection?
    var listeners: [Listener.ID: Listener] = [:]

    var waiting = Queue<Command>()
    /// Look-ups with keys that wait or statements under way, by their names.
    var gatherings: [String: Gathering] = [:]
    var waitingSessions: [(session: Session, command: Command)] = []

    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private var lastID: UInt64 = 0
    private var connecting = 0
    private var nextCheck: Nanoseconds = 0
    private var stopBy: Nanoseconds?

    /// Statements in flight on one shared connection; more would only wait behind them.
    static let depth = 32
    /// Quick reads in flight on one connection, above which the next one is used as well.
    private static let batch = 24
    /// How often deadlines are looked at while something waits.
    private static let tick: Nanoseconds = 50_000_000

    init(settings: Pool.Settings, inbox: Inbox, connector: Connector, status: PoolStatus) {
        self.settings = settings
        self.inbox = inbox
        self.connector = connector
        self.status = status
        watch(inbox.alarm, id: 0, for: EPOLLIN.rawValue, adding: true)
    }

    var isStopping: Bool { stopBy != nil }

    /// The thread's work, until it is told to stop.
    func run() {
        var messages: [Inbox.Message] = []
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        orderConnections()
        while !isOver {
            // A few rounds, as handling messages lets tasks post more; then the sockets' turn.
            for _ in 0..<4 {
                inbox.exchange(&messages)
                if messages.isEmpty { break }
                now = monotonicNow()
                for message in messages { handle(message) }
            }
            let isMailLeft = !messages.isEmpty
            messages.removeAll(keepingCapacity: true)
            sendGathered()
            synchronize()
            let count = epoll_wait(
                epoll, &events, Int32(events.count), isMailLeft ? 0 : mostMilliseconds)
            inbox.awake()
            now = monotonicNow()
            for event in events.prefix(Int(max(count, 0))) { handle(event) }
            checkDeadlines()
        }
        closeAll()
    }

    /// Sends what waits over connections that have room.
    func dispatchWaiting() {
        while let command = waiting.first, let connection = connection(for: command) {
            _ = waiting.popFirst()
            send(command, over: connection)
        }
    }

    /// Sends the quick reads of this round, all of a connection's at once.
    private func synchronize() {
        for connection in shared where connection.owesSync {
            guard connection.sync() else {
                // Losing it changes the list that is walked over; the others follow in the next round.
                return lose(connection)
            }
            settleWriting(connection)
        }
    }

    /// Hands the command to the connection's socket, or notices that the connection is lost.
    func send(_ command: Command, over connection: Connection) {
        guard connection.send(command, now: now) else { return lose(connection) }
        // Quick reads go out together, at the end of the round.
        if command.manner == .alone { settleWriting(connection) }
    }

    /// Asks for as many connections as are missing.
    func orderConnections() {
        guard !isStopping else { return }
        let sessions = min(
            waitingSessions.count, settings.transactions - bound.count - free.count)
        let missing =
            settings.connections - shared.count + max(sessions, 0)
            + (listening == nil && !listeners.isEmpty ? 1 : 0)
        while connecting < missing {
            connecting += 1
            connector.connect()
        }
    }
}

// MARK: messages

extension Reactor {
    private func handle(_ message: Inbox.Message) {
        switch message {
        case .query(let command):
            submit(command)
        case .find(let key, let lookUp, let waits, let waiter):
            gather(key, by: lookUp, waits: waits, for: waiter)
        case .session(let session, let command):
            submit(command, of: session)
        case .release(let session, let ending):
            release(session, ending)
        case .connected(let opened):
            connecting -= 1
            adopt(opened)
        case .listen(let listener):
            add(listener)
        case .unlisten(let id):
            removeListener(id)
        case .stop:
            stopBy = now + settings.deadline.nanoseconds
            connector.stop()
        }
    }

    func submit(_ command: Command) {
        if !isStopping, waiting.isEmpty, let connection = connection(for: command) {
            return send(command, over: connection)
        }
        command.expires = expiry(of: command)
        // Beyond the deadline of an outage, waiting would be in vain; beyond this many, too.
        guard !isStopping, !isOutOfReach,
            waiting.count < max(1024, settings.connections * Reactor.depth * 4)
        else { return command.finish(.failure(.unavailable)) }
        waiting.append(command)
    }

    /// Whether there has been no connection for longer than anyone waits.
    var isOutOfReach: Bool {
        guard shared.isEmpty, let since = status.unavailableSince else { return false }
        return now > since + settings.deadline.nanoseconds
    }

    /// The shared connection for a statement, if one has room for it.
    ///
    /// Quick reads go where quick reads are already: a server process that finds the next one when
    /// it has answered the last need not be woken, which costs more than the reading itself. They
    /// spread when those before them take their time.
    private func connection(for command: Command) -> Connection? {
        guard command.manner == .together else { return leastBusy() }
        let together = shared.first { connection in
            connection.othersInFlight == 0 && !connection.isDoomed
                && connection.inFlight.count < Reactor.batch
                && (connection.inFlight.isEmpty || now <= connection.lastProgress &+ 2_000_000)
        }
        return together ?? leastBusy()
    }

    /// The shared connection with the least to do and room for more.
    ///
    /// One whose first statement takes long counts as busier than it looks: what is sent behind it
    /// waits for it.
    private func leastBusy() -> Connection? {
        var best: Connection?
        var least = Reactor.depth
        for connection in shared where !connection.isDoomed {
            let count = connection.inFlight.count
            if count == 0 { return connection }
            let isSlow = now > connection.lastProgress &+ 20_000_000
            let load = isSlow ? max(count, Reactor.depth - 1) : count
            if load < least {
                (best, least) = (connection, load)
            }
        }
        return best
    }

    private func adopt(_ opened: OpenedConnection) {
        guard !isStopping else { return PQfinish(opened.pointer) }
        lastID += 1
        let connection = Connection(id: lastID, owning: opened.pointer)
        connections[connection.id] = connection
        watch(connection.socket, id: connection.id, for: EPOLLIN.rawValue, adding: true)
        if shared.count < settings.connections {
            shared.append(connection)
            status.setReady()
            dispatchWaiting()
        } else if listening == nil, !listeners.isEmpty {
            startListening(on: connection)
        } else if bound.count + free.count < settings.transactions {
            free.append(connection)
            bindWaitingSessions()
        } else {
            retire(connection)
        }
    }
}

// MARK: sockets

extension Reactor {
    private func handle(_ event: epoll_event) {
        guard event.data.u64 != 0 else { return inbox.silence() }
        guard let connection = connections[event.data.u64] else { return }
        let happened = event.events
        if happened & EPOLLOUT.rawValue != 0 { settleWriting(connection) }
        guard happened & ~EPOLLOUT.rawValue != 0 else { return }
        let isAlive = connection.receive(now: now)
        if connection === listening { deliverNotifications() }
        guard isAlive else { return lose(connection) }
        settleWriting(connection)
        if connection.isDoomed, connection.inFlight.isEmpty, bound[connection.id] == nil {
            retire(connection)
        }
        if !waiting.isEmpty { dispatchWaiting() }
    }

    /// Watches the socket for room as long as libpq holds bytes back.
    private func settleWriting(_ connection: Connection) {
        let isHolding = connection.hasUnsentBytes()
        if !isHolding { connection.finishWriting() }
        guard isHolding != connection.isWatchedForWriting else { return }
        connection.isWatchedForWriting = isHolding
        watch(
            connection.socket, id: connection.id,
            for: EPOLLIN.rawValue | (isHolding ? EPOLLOUT.rawValue : 0), adding: false)
    }

    private func watch(_ socket: Int32, id: UInt64, for events: UInt32, adding: Bool) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: id))
        epoll_ctl(epoll, adding ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event)
    }

    /// Gives up a connection that the server or the network has ended.
    func lose(_ connection: Connection) {
        var commands = connection.takeInFlight()
        let isShared = shared.contains { $0 === connection }
        retire(connection)
        // A server that says "shutting down" to the first statement has not begun the others; and a
        // first statement that it did not answer otherwise is undone. Behind any other failure, such
        // as a full disk, it goes on, so that they may have been committed.
        let isOrderly =
            commands.first.map { $0.failure?.isFarewell == true && !$0.isAnswered } ?? false
        if isOrderly { commands.removeFirst().finish(.failure(.unavailable)) }
        for command in commands {
            if isOrderly, isShared, !isStopping {
                if command.expires == 0 { command.expires = expiry(of: command) }
                waiting.append(command)
            } else if command.failure?.state != nil, !command.isAnswered {
                command.finish()
            } else {
                isOrderly ? command.finish(.failure(.unavailable)) : command.giveUp()
            }
        }
        dispatchWaiting()
    }

    /// Closes a connection with nothing in flight and sees to its replacement.
    func retire(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        shared.removeAll { $0 === connection }
        free.removeAll { $0 === connection }
        bound.removeValue(forKey: connection.id)?.binding = .over
        if connection === listening { listening = nil }
        if shared.isEmpty { status.setUnavailable() }
        connection.close()
        orderConnections()
    }
}

// MARK: deadlines

extension Reactor {
    /// How long to sleep at most.
    private var mostMilliseconds: Int32 {
        if isGathering { return Gathering.patience }
        return isBusy ? 50 : -1
    }

    private var isBusy: Bool {
        isStopping || !waiting.isEmpty || !waitingSessions.isEmpty
            || connections.values.contains { !$0.inFlight.isEmpty }
    }

    private func checkDeadlines() {
        guard now >= nextCheck else { return }
        nextCheck = now + Reactor.tick
        expireWaiting()
        expireWaitingSessions()
        for connection in connections.values { checkProgress(of: connection) }
    }

    /// How long a command waits for a connection: as long as anybody, or as whoever asked.
    func expiry(of command: Command) -> Nanoseconds {
        let deadline = settings.deadline.nanoseconds
        return now + min(deadline, command.waits ?? deadline)
    }

    private func expireWaiting() {
        guard !waiting.isEmpty else { return }
        for command in waiting.removeAll() {
            if command.expires <= now || isOutOfReach {
                command.finish(.failure(.unavailable))
            } else {
                waiting.append(command)
            }
        }
    }

    /// Gives up a connection whose server says nothing for longer than any statement may take, and
    /// tells those who have waited long enough.
    private func checkProgress(of connection: Connection) {
        guard let first = connection.inFlight.first, first.patience == .statementTimeout else {
            return
        }
        let limit = settings.statementTimeout.nanoseconds + 1_000_000_000
        // The server would have ended the statement by now: nobody is there any more (B5).
        if now > connection.lastProgress &+ limit { return lose(connection) }
        // The answer is still awaited, by nobody, as it precedes those of the others.
        connection.inFlight.forEach { if $0.isTired(at: now) { $0.giveUp() } }
    }

    /// Whether everything that may still be finished is.
    private var isOver: Bool {
        guard let stopBy else { return false }
        let isIdle =
            bound.isEmpty && waiting.isEmpty && !isGathering
            && connections.values.allSatisfy { $0.inFlight.isEmpty }
        return isIdle || now >= stopBy
    }

    private func closeAll() {
        status.setUnavailable()
        inbox.close()
        for command in waiting.removeAll() { command.finish(.failure(.unavailable)) }
        for (_, command) in waitingSessions { command.finish(.failure(.unavailable)) }
        waitingSessions = []
        for connection in connections.values { lose(connection) }
        sendGathered()
        for listener in listeners.values { listener.continuation.finish() }
        Glibc.close(epoll)
    }
}
