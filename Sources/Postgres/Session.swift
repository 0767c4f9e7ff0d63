import Synchronization

/// A connection of one's own for some statements: a transaction, a cursor, a COPY, a script.
///
/// The connection comes with the first command, so that an idle session costs none and the first
/// statement needs no extra round trip.
///
/// `@unchecked Sendable` is true because `binding` belongs to the reactor's thread alone.
final class Session: @unchecked Sendable {
    /// Where a session stands with its connection.
    enum Binding {
        case none
        case bound(Connection)
        case over
    }

    var binding = Binding.none
    private let inbox: Inbox
    private let progress = Mutex(Progress())

    private struct Progress {
        var hasBegun = false
        var failure: PostgresError?
        var hasEnded = false
    }

    init(inbox: Inbox) {
        self.inbox = inbox
    }

    /// Sends the work and waits for its answer.
    func perform(
        _ work: Command.Work, loss: Command.Loss = .nothingDone,
        patience: Command.Patience = .statementTimeout
    ) async throws(PostgresError) -> ServerResult? {
        try await answer(patience: patience, loss: loss) { _ in work }
    }

    /// As `perform`, for work that itself begins the transaction.
    func begin(_ work: Command.Work) async throws(PostgresError) {
        _ = try await answer(patience: .endless, loss: .nothingDone) { progress in
            progress.hasBegun = true
            return work
        }
    }

    /// One statement inside a transaction, which the first one begins.
    func query(
        _ sql: SQL, beginning begin: SQL = "BEGIN", patience: Command.Patience = .statementTimeout
    ) async throws(PostgresError) -> Rows {
        guard sql.isSendable else { throw .refused(state: "54023") }
        let result = try await answer(patience: patience, loss: .nothingDone) { progress in
            defer { progress.hasBegun = true }
            return progress.hasBegun ? .statement(sql) : .begin(begin, sql)
        }
        guard let result else { throw .unavailable }
        return Rows(result: result)
    }

    /// Chooses the work and posts it under one lock, so that BEGIN is posted before what follows it.
    private func answer(
        patience: Command.Patience, loss: Command.Loss, work: (inout Progress) -> Command.Work
    ) async throws(PostgresError) -> ServerResult? {
        let wait = WaitingTime.Wait()
        defer { wait?.end() }
        let answer: Command.Answer = await withUnsafeContinuation { continuation in
            progress.withLock { progress in
                // Outside of its transaction a statement would commit by itself.
                guard !progress.hasEnded else {
                    return continuation.resume(returning: .failure(.refused(state: "25P01")))
                }
                let command = Command(
                    work(&progress), loss: loss, patience: patience, waits: wait?.most,
                    for: .task(continuation))
                inbox.post(.session(self, command))
            }
        }
        if case .failure(let error) = answer {
            progress.withLock { $0.failure = $0.failure ?? error }
        }
        return try answer.get()
    }

    /// Ends the transaction; throws if that did not make it last.
    func commit(
        patience: Command.Patience = .statementTimeout
    ) async throws(PostgresError) {
        guard progress.withLock(\.hasBegun) else { return }
        let result = try await perform(.statement("COMMIT"), loss: .unknown, patience: patience)
        progress.withLock { $0.hasBegun = false }
        // COMMIT after a failed statement answers ROLLBACK, without an error.
        if let result, result.command == "ROLLBACK" {
            throw progress.withLock(\.failure) ?? .refused(state: "25P02")
        }
    }

    /// Undoes the transaction; if that fails, the connection is closed, which undoes it as well.
    func rollback() async {
        guard progress.withLock(\.hasBegun) else { return }
        // A refused ROLLBACK needs no answer: the connection is not used again.
        _ = try? await perform(.statement("ROLLBACK"))
        progress.withLock { $0.hasBegun = false }
    }

    /// What becomes of the connection.
    enum Ending { case kept, closed }

    /// Gives the connection back.
    func end(_ ending: Ending = .kept) {
        progress.withLock { progress in
            guard !progress.hasEnded else { return }
            progress.hasEnded = true
            inbox.post(.release(self, ending))
        }
    }
}
