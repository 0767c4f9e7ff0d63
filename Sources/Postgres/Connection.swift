import CLibPQ

/// One connection in pipeline mode, owned by the reactor's thread and touched by no other.
///
/// Each command ends with a Sync of its own, so that an error spoils only the command it belongs to.
final class Connection {
    let id: UInt64
    let pointer: OpaquePointer
    let socket: Int32
    /// Commands that were sent and are not answered yet, oldest first.
    private(set) var inFlight = Queue<Command>()
    /// How many of them are not quick reads: behind one of those, nobody knows how long it takes.
    private(set) var othersInFlight = 0
    /// Quick reads have been sent and their Sync has not.
    private(set) var owesSync = false
    /// When the server was last heard, or first asked after a silence.
    private(set) var lastProgress: Nanoseconds = 0
    /// Nothing more is sent, and it is closed as soon as nothing is in flight.
    var isDoomed = false
    /// Whether the reactor has asked the kernel to tell when it may be written to.
    var isWatchedForWriting = false
    private var cache = StatementCache()
    private var isPipelined = true
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// Takes over a connection that is open, in pipeline mode and non-blocking.
    init(id: UInt64, owning pointer: OpaquePointer) {
        self.id = id
        self.pointer = pointer
        socket = PQsocket(pointer)
    }

    /// Ends the session; what is in flight must have been answered before.
    func close() {
        PQfinish(pointer)
    }

    var isBroken: Bool { PQstatus(pointer) == CONNECTION_BAD }

    /// Whether the session is as good as new for somebody else.
    var isReusable: Bool {
        !isDoomed && !isBroken && isPipelined && inFlight.isEmpty
            && PQtransactionStatus(pointer) == PQTRANS_IDLE
    }

    /// Whether libpq still holds bytes that the socket did not take.
    func hasUnsentBytes() -> Bool {
        PQflush(pointer) == 1
    }

    /// Everything that was sent and not answered, oldest first; nothing is in flight then.
    func takeInFlight() -> [Command] {
        othersInFlight = 0
        owesSync = false
        return inFlight.removeAll()
    }
}

// MARK: sending

extension Connection {
    /// Hands a command to the server; `false` if libpq refused, which means the connection is lost.
    ///
    /// Either way the command is in flight from now on.
    func send(_ command: Command, now: Nanoseconds) -> Bool {
        if inFlight.isEmpty { lastProgress = now }
        command.sent = now
        if case .statement(let sql) = command.work, command.manner == .together {
            inFlight.append(command)
            owesSync = true
            return send(sql, for: command)
        }
        // What is no quick read shares its Sync with nobody.
        guard sync() else {
            inFlight.append(command)
            return false
        }
        inFlight.append(command)
        othersInFlight += 1
        command.hasSync = true
        switch command.work {
        case .statement(let sql):
            return send(sql, for: command) && PQpipelineSync(pointer) == 1
        case .begin(let begin, let sql):
            return send(begin, for: command) && send(sql, for: command)
                && PQpipelineSync(pointer) == 1
        case .script(let text), .copyStart(let text):
            return leavePipeline() && PQsendQuery(pointer, text) == 1
        case .copyData(let bytes):
            return put(bytes)
        case .copyEnd(let ending):
            let reason: String? = ending == .complete ? nil : "abandoned by the writer"
            // A server that refuses a row answers while the rows are still being sent. That answer
            // has been taken from the socket by now, and no other comes that would wake us.
            return PQputCopyEnd(pointer, reason) == 1 && readResults()
        }
    }

    /// Ends the batch of quick reads, if there is one, and with that sends it; `false` if the
    /// connection is lost.
    func sync() -> Bool {
        guard owesSync else { return true }
        owesSync = false
        inFlight.last?.hasSync = true
        return PQpipelineSync(pointer) == 1
    }

    private func send(_ sql: SQL, for command: Command) -> Bool {
        let bindings = sql.bindings
        let key = StatementCache.Key(text: sql.text, types: bindings.items.map(\.type))
        let count = Int32(truncatingIfNeeded: bindings.count)
        var name = cache.name(of: key) ?? ""
        if name.isEmpty {
            if cache.isFull {
                cache.removeAll()
                command.asked += 1
                guard PQsendQueryParams(pointer, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 1) == 1
                else { return false }
            }
            name = cache.add(key)
            command.asked += 1
            command.preparation = (key, command.asked)
            guard PQsendPrepare(pointer, name, key.text, count, key.types) == 1 else {
                return false
            }
        }
        command.asked += 1
        return bindings.bytes.withUnsafeBytes { buffer in
            values.removeAll(keepingCapacity: true)
            lengths.removeAll(keepingCapacity: true)
            for item in bindings.items {
                let start = item.length < 0 ? nil : buffer.baseAddress.map { $0 + item.offset }
                values.append(start?.assumingMemoryBound(to: CChar.self))
                lengths.append(Int32(clamping: item.length))
            }
            while formats.count < bindings.count { formats.append(1) }
            return PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 1) == 1
        }
    }

    private func put(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            PQputCopyData(
                pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(clamping: buffer.count)) == 1
        }
    }

    private func leavePipeline() -> Bool {
        guard isPipelined else { return true }
        guard PQexitPipelineMode(pointer) == 1 else { return false }
        isPipelined = false
        return true
    }

    private func returnToPipeline() -> Bool {
        guard PQenterPipelineMode(pointer) == 1 else { return false }
        isPipelined = true
        return true
    }
}

// MARK: receiving

extension Connection {
    /// Reads what has arrived and answers the commands that are done; `false` if the connection is
    /// lost.
    func receive(now: Nanoseconds) -> Bool {
        lastProgress = now
        let isAlive = PQconsumeInput(pointer) == 1
        // What came before the end still counts, so the results are read in both cases.
        return readResults() && isAlive && !isBroken
    }

    /// Finishes data of a COPY that the socket has now taken.
    func finishWriting() {
        guard case .copyData? = inFlight.first?.work else { return }
        othersInFlight -= 1
        inFlight.popFirst()?.finish(.success(nil))
    }

    /// The messages that arrived for `LISTEN`, as channel and payload.
    func notifications() -> [(channel: String, payload: String)] {
        var all: [(channel: String, payload: String)] = []
        while let message = PQnotifies(pointer) {
            all.append(
                (String(cString: message.pointee.relname), String(cString: message.pointee.extra)))
            PQfreemem(message)
        }
        return all
    }

    private func readResults() -> Bool {
        while let command = inFlight.first, PQisBusy(pointer) == 0 {
            if case .copyData = command.work { return true }
            guard let pointer = PQgetResult(pointer) else {
                guard !isBroken else { return false }
                if !isPipelined {
                    guard returnToPipeline() else { return false }
                    finishFirst()
                } else {
                    endAnswer(to: command)
                }
                continue
            }
            guard take(ServerResult(owning: pointer), for: command) else { return false }
        }
        return true
    }

    /// Notes one result of the command in front; `false` if the connection cannot go on.
    private func take(_ result: ServerResult, for command: Command) -> Bool {
        switch result.status {
        case PGRES_PIPELINE_SYNC:
            finishFirst()
        case PGRES_PIPELINE_ABORTED:
            command.isPassedOver = command.failure == nil
        case PGRES_COPY_IN:
            if case .copyStart = command.work {
                finishFirst()
            } else {
                return PQputCopyEnd(pointer, "no data for a COPY in a script") == 1
            }
        case PGRES_COPY_OUT, PGRES_COPY_BOTH:
            return false
        default:
            guard let error = result.failure else {
                command.result = result
                command.answered += 1
                break
            }
            if command.failure == nil {
                command.failure = Command.Failure(error: error, state: result.sqlState)
            }
            // A server that became a standby stays one for this connection (reliability B6).
            if result.sqlState == "25006" { isDoomed = true }
            return result.sqlState != nil
        }
        return true
    }

    /// An answer is complete; with its last one a command is done, unless a Sync follows.
    private func endAnswer(to command: Command) {
        command.ended += 1
        // The newest one waits for the Sync, should that still have to be sent.
        let isLast = command.hasSync || owesSync && inFlight.count == 1
        if command.ended >= command.asked, !isLast { finishFirst() }
    }

    private func finishFirst() {
        guard let command = inFlight.popFirst() else { return }
        if command.manner == .alone { othersInFlight -= 1 }
        if let preparation = command.preparation, command.answered < preparation.answer {
            cache.remove(preparation.key)
        }
        if command.isPassedOver {
            command.rewind()
            _ = send(command, now: lastProgress)
            return
        }
        guard let failure = command.failure else { return command.finish() }
        guard isStale(command, failure.state), let sql = command.sql else {
            return command.finish()
        }
        cache.remove(StatementCache.Key(text: sql.text, types: sql.bindings.items.map(\.type)))
        if command.loss == .nothingDone { return command.finish(.failure(.retry)) }
        guard !command.isRepeated, !isDoomed else { return command.finish() }
        command.isRepeated = true
        command.rewind()
        _ = send(command, now: lastProgress)
    }

    /// Whether a plan failed that another command was to prepare, or whose tables have changed
    /// since: the statement did nothing and may be sent once more.
    private func isStale(_ command: Command, _ state: String?) -> Bool {
        command.preparation == nil && (state == "26000" || state == "0A000")
    }
}
