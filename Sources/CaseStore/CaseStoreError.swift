import Postgres

/// Why the case store did not do what was asked, told as what to do next.
package enum CaseStoreError: Error, Equatable {
    /// The database is out of reach, or it is unknown whether it did what was asked: try again later
    /// (503 with `Retry-After`).
    case unavailable
    /// The database took longer than we wait; nothing was done: try again later.
    case timeout
    /// The first POST of the client's idempotency key is still being taken: try again in a second
    /// (409).
    case inFlight
    /// The client's idempotency key already names a report of other content (422).
    case keyReused
    /// The client has brought in all the pictures that it may today (429); nothing was done.
    case quotaUsedUp
    /// The name is given already; choose another.
    case taken
    /// The catalogue that holds this jurisdiction was never published: publish it first.
    case unpublished
    /// The data keys that personal data is sealed with are not all here: this node takes nothing
    /// until they are (503).
    case locked
    /// It has passed us already, says its path, and we know nothing of it (400).
    case unknownOrigin
    /// A rule of the schema (by its name) or a statement (by its SQLSTATE) stood in the way: a
    /// mistake of ours that somebody must look at (500). Nothing was done.
    case defect(String)
}

extension CaseStoreError {
    init(_ error: PostgresError) {
        switch error {
        case .unavailable, .outcomeUnknown, .retry: self = .unavailable
        case .timeout, .locked: self = .timeout
        case .conflict(constraint: "report_jurisdiction_fkey"): self = .unpublished
        case .conflict(constraint: "media_quota_kept"): self = .quotaUsedUp
        case .conflict(let constraint): self = .defect(constraint)
        case .refused(let state): self = .defect(state)
        case .undecodable(let column): self = .defect("column \(column)")
        }
    }

    /// Runs database work and tells its failure in our words.
    static func told<R: Sendable>(
        _ work: () async throws(PostgresError) -> R
    ) async throws(CaseStoreError) -> R {
        do {
            return try await work()
        } catch {
            throw CaseStoreError(error)
        }
    }
}

extension CaseStore {
    /// One statement that reads a few rows by an index, and never takes long.
    func read(_ statement: SQL) async throws(CaseStoreError) -> Rows {
        do {
            return try await pool.read(statement)
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// One statement outside a transaction.
    func query(_ statement: SQL) async throws(CaseStoreError) -> Rows {
        do {
            return try await pool.query(statement)
        } catch {
            throw CaseStoreError(error)
        }
    }
}
