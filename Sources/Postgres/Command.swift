/// What a connection is asked to do at once, and who waits for the answer.
///
/// `@unchecked Sendable` is true because it has one owner at a time: the task that made it until it
/// is posted, the reactor's thread from then on.
final class Command: @unchecked Sendable {
    typealias Answer = Result<ServerResult?, PostgresError>

    /// The kinds of work, by what they send.
    enum Work {
        /// One statement, pipelined.
        case statement(SQL)
        /// `BEGIN` and the first statement of a transaction behind it, under one Sync: if the first
        /// fails, the second is not run outside of a transaction.
        case begin(SQL, SQL)
        /// Statements without values, separated by semicolons, in the simple protocol.
        case script(String)
        /// A script whose last statement is a `COPY … FROM STDIN`.
        case copyStart(String)
        case copyData([UInt8])
        case copyEnd(CopyEnding)
    }

    enum CopyEnding { case complete, abandoned }

    /// What a connection's death after sending means for the caller.
    enum Loss {
        /// The work may have been committed.
        case unknown
        /// Nothing is committed before a later COMMIT, which will now never come.
        case nothingDone
    }

    /// How long the server may say nothing while this is at the front.
    enum Patience { case statementTimeout, endless }

    /// How a statement shares a connection with others.
    enum Manner {
        /// With a Sync of its own, behind as few others as can be.
        case alone
        /// A quick read: with others under one Sync, over as few connections as can be. It changes
        /// nothing, so that the failure of another, which ends them all, makes it run once more.
        case together
    }

    let work: Work
    let loss: Loss
    private(set) var manner: Manner
    let patience: Patience
    /// How long its answer is awaited; `nil`: for as long as it may come.
    let waits: Nanoseconds?
    /// When it stops waiting for a connection; set by the reactor.
    var expires: Nanoseconds = 0
    /// When it was sent.
    var sent: Nanoseconds = 0
    /// The last result so far; the outcome is certain only once the server has said that it is done.
    var result: ServerResult?
    var failure: Failure?
    /// The statement that this command prepares, and the number of its answer among the others.
    var preparation: (key: StatementCache.Key, answer: Int)?
    /// How many answers are to come, how many have come, and how many of them without a failure.
    var asked = 0
    var ended = 0
    var answered = 0
    /// Whether the Sync that ends its batch stands behind this command.
    var hasSync = false
    /// Whether the failure of another kept it from being run.
    var isPassedOver = false
    var isRepeated = false
    private var waiter: Waiter?

    /// Who is told the answer: a task, or the reactor's own thread.
    enum Waiter {
        case task(UnsafeContinuation<Answer, Never>)
        case reactor((Answer) -> Void)
    }

    init(
        _ work: Work, manner: Manner = .alone, loss: Loss = .unknown,
        patience: Patience = .statementTimeout, waits: Duration? = nil, for waiter: Waiter
    ) {
        self.work = work
        self.manner = manner
        self.loss = loss
        self.patience = patience
        self.waits = waits?.nanoseconds
        self.waiter = waiter
    }

    /// The statement that the caller wants, if it is one.
    var sql: SQL? {
        switch work {
        case .statement(let sql), .begin(_, let sql): sql
        default: nil
        }
    }

    /// Whether everything it sent was answered without a failure, though perhaps not committed yet.
    var isAnswered: Bool { asked > 0 ? answered >= asked : result != nil }

    /// A failure as the server told it.
    struct Failure {
        var error: PostgresError
        var state: String?

        /// Whether the server ends the connection with it (class 57P, operator intervention).
        var isFarewell: Bool { state?.hasPrefix("57P") == true }
    }

    /// Answers whoever waits, once.
    func finish(_ answer: Answer) {
        switch waiter.take() {
        case .task(let continuation): continuation.resume(returning: answer)
        case .reactor(let handle): handle(answer)
        case nil: break
        }
    }

    /// Answers with what the server said.
    func finish() {
        finish(failure.map { .failure($0.error) } ?? .success(result))
    }

    /// Answers that the connection was lost, or that nobody waits for it any longer.
    func giveUp() {
        finish(.failure(loss == .unknown ? .outcomeUnknown : .unavailable))
    }

    /// Whether it was sent so long ago that nobody waits for its answer any longer.
    func isTired(at now: Nanoseconds) -> Bool {
        waits.map { now > sent &+ $0 } ?? false
    }

    /// Forgets a first try, to be sent again.
    func rewind() {
        result = nil
        failure = nil
        preparation = nil
        (asked, ended, answered) = (0, 0, 0)
        isPassedOver = false
        hasSync = false
        manner = .alone
    }
}
