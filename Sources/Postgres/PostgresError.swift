/// Why a statement gave no answer, told as what the caller may do next.
///
/// Text of the server never becomes part of it: it may quote a citizen's words.
package enum PostgresError: Error, Equatable {
    /// No connection, a lost one, a server that shuts down, is full or has become read-only: nothing
    /// was done, try again later.
    case unavailable
    /// The connection died after the statement was sent: it may or may not have committed.
    case outcomeUnknown
    /// `statement_timeout` or a deadline of ours ended it; nothing was done.
    case timeout
    /// Somebody else held what it needed for longer than `lock_timeout`; nothing was done.
    case locked
    /// A rule of the schema said no (unique, foreign key, check, exclusion): the constraint's name.
    case conflict(constraint: String)
    /// A serialization failure or a deadlock; the same again may succeed.
    case retry
    /// Any other refusal, by its SQLSTATE: a mistake in the statement or in the rights.
    case refused(state: String)
    /// The cell of this column (counted from 0) does not hold what was asked for.
    case undecodable(column: Int)
}

extension PostgresError {
    /// The error of a server's SQLSTATE, and of the constraint that it named.
    init(state: String, constraint: String?) {
        switch state {
        case "57014", "25P03", "25P04":
            self = .timeout
        case "55P03":
            self = .locked
        case "40001", "40P01":
            self = .retry
        case "23505", "23503", "23514", "23P01":
            self = .conflict(constraint: constraint ?? "")
        case "25006", "57P01", "57P02", "57P03", "57P04", "57P05":
            self = .unavailable
        case _ where ["08", "53", "58"].contains(state.prefix(2)):
            self = .unavailable
        default:
            self = .refused(state: state)
        }
    }
}
