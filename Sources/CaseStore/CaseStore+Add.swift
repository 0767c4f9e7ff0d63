import Faults
import Federation
import FoundationEssentials
import Postgres
import Reports

/// What a taken report is known by.
package struct Receipt: Sendable, Equatable {
    package let id: Report.ID
    /// Of a batch service: what the client is told instead of the id.
    package let token: Token?

    package init(id: Report.ID, token: Token? = nil) {
        self.id = id
        self.token = token
    }
}

/// Whether a report is new or was taken before.
package enum Added: Sendable, Equatable {
    case added(Receipt)
    /// The same POST was taken already; this is its receipt.
    case repeated(Receipt)

    package var receipt: Receipt {
        switch self {
        case .added(let receipt), .repeated(let receipt): receipt
        }
    }
}

extension CaseStore {
    /// Takes a report in, once: a repeated POST gets the first one's receipt (D5, D5b, GR-18.6).
    ///
    /// Report, event, contact data, token and idempotency are one statement, so that they are stored
    /// together or not at all. If the connection dies after sending it, it is sent once more: the
    /// idempotency row shows whether the first one arrived.
    ///
    /// In the same statement are the deliveries to the peers that it goes to. What began elsewhere
    /// is taken once, whoever brings it, and what comes back to us is our own report (D14).
    package func add(
        _ draft: Report.Draft, by client: Client.ID, idempotency: Idempotency,
        provenance: Provenance? = nil, now: Date
    ) async throws(CaseStoreError) -> Added {
        if let provenance, provenance.hasPassed(settings.peering.node) {
            guard let own = try await receipt(of: provenance) else { throw .unknownOrigin }
            return .repeated(own)
        }
        var submission = Submission(
            draft, by: client, idempotency: idempotency, provenance: provenance, now: now,
            settings: settings, keys: try settings.sealer.keys())
        for _ in 0..<6 {
            do {
                if try await isNew(submission) {
                    KillPoint.afterCommit.pass()
                    return .added(submission.receipt)
                }
                if let first = try await earlier(submission) {
                    return try submission.answer(to: first)
                }
                // The earlier row expired or was pruned between the two statements: try again.
            } catch let error as PostgresError {
                try submission.recover(from: error)
            } catch let error as CaseStoreError {
                throw error
            } catch {
                throw .unavailable
            }
        }
        throw .unavailable
    }

    /// Stores the submission, unless it was taken before.
    private func isNew(_ submission: Submission) async throws(PostgresError) -> Bool {
        do {
            return try await !pool.query(submission.statement).isEmpty
        } catch .conflict(constraint: "origin_report_fkey") {
            // Its origin is new, but the key names an earlier POST.
            return false
        }
    }

    /// Our own report that has come back to us.
    private func receipt(
        of provenance: Provenance
    ) async throws(CaseStoreError) -> Receipt? {
        let isOurs = provenance.origin == settings.peering.node
        let origin = OriginRow(provenance: provenance, kind: .report)
        let rows = try await read(
            """
            SELECT report.id, token.id FROM report LEFT JOIN token ON token.report = report.id
            WHERE report.id = \(isOurs
                ? "\(provenance.originID)" as SQL
                : "(SELECT origin.report FROM origin WHERE \(origin.isThis))")
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return Receipt(
                id: try ReportRow.named(Report.ID.self, try cells.next(), column: 0),
                token: try cells.next(String?.self).flatMap(Token.init(rawValue:)))
        }
    }

    /// What was taken before under the submission's key.
    private func earlier(
        _ submission: Submission
    ) async throws(PostgresError) -> Submission.Earlier? {
        guard var cells = try await pool.query(submission.look).first?.cells else { return nil }
        return Submission.Earlier(
            fingerprint: try cells.next(),
            receipt: Receipt(
                id: try ReportRow.named(Report.ID.self, try cells.next(), column: 1),
                token: try cells.next(String?.self).flatMap(Token.init(rawValue:))))
    }
}
