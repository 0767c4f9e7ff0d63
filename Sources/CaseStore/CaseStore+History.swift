import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Takes history in; one outcome for each report, in the same order.
    ///
    /// Repeatable: what we hold already changes nothing, what differs is corrected, and both are
    /// found by the source's number and time. The source's number becomes the public id where it can
    /// be one and is free (GR-2.7); a second report under the same number gets an id of ours. A row that cannot be kept is refused alone. If this throws, the batches
    /// before the failure are kept, and taking all in again is safe.
    package func take(
        _ history: [ImportedReport], now: Date
    ) async throws(CaseStoreError) -> [Taken] {
        var outcomes: [Taken] = []
        outcomes.reserveCapacity(history.count)
        for batch in HistoryBatch.batches(of: history) {
            outcomes += try await take(batch, now: now)
        }
        return outcomes
    }

    private func take(
        _ batch: HistoryBatch, now: Date
    ) async throws(CaseStoreError) -> [Taken] {
        let keys = try settings.sealer.keys()
        var lastError = PostgresError.unavailable
        for _ in 0..<5 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    try await batch.take(
                        now: now, mint: settings.mint, keys: keys, in: transaction)
                }
            } catch {
                lastError = error
            }
            switch lastError {
            // An id was taken in between, or it is unknown what happened: look again.
            case .retry, .outcomeUnknown, .conflict(constraint: "report_pkey"),
                .conflict(constraint: "report_source_once"):
                continue
            default:
                break
            }
            guard let rule = lastError.ruleBrokenByRow else { break }
            return try await takeApart(batch, rule: rule, now: now)
        }
        throw CaseStoreError(lastError)
    }

    /// Finds the row that breaks a rule by halving the batch, so that it fails alone.
    private func takeApart(
        _ batch: HistoryBatch, rule: String, now: Date
    ) async throws(CaseStoreError) -> [Taken] {
        guard let (first, second) = batch.halves else {
            return batch.reports.map { .refused($0.refusal ?? .rule(rule)) }
        }
        return try await take(first, now: now) + take(second, now: now)
    }
}

extension PostgresError {
    /// The rule that a row's own content broke; `nil` if the failure is nobody's row's.
    fileprivate var ruleBrokenByRow: String? {
        switch self {
        case .conflict(constraint: "report_jurisdiction_fkey"): nil
        case .conflict(let constraint): constraint
        // Data exceptions and program limits: a value that cannot be stored.
        case .refused(let state) where ["22", "54"].contains(state.prefix(2)): state
        default: nil
        }
    }
}
