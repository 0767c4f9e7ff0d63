import Federation
import FoundationEssentials
import Postgres
import Reports

/// What became of an update that was told.
package enum PublishedUpdate: Sendable, Equatable {
    case published(Update.ID)
    /// The same update was taken already; this is its id.
    case repeated(Update.ID)
    /// A peer that does not handle the report told a status: it is kept as an internal note.
    case proposed(Update.ID)
    /// It has passed us already, says its path, and we know nothing of it; nothing was kept.
    case unknownOrigin
    /// There is no such report in this jurisdiction and stage; nothing was kept.
    case unknownReport
    /// The parent that it names is no public report, or it is the report itself, or one that was
    /// merged into it; nothing was kept.
    case unfitParent
}

extension CaseStore {
    /// Takes an update or an internal note in, once: a repeat gets the first one's id (D5, GR-13.2).
    ///
    /// One transaction: the update, its event, the report as it is after it, and a word to those who
    /// reported the same if it closes the report. An update of a merged report goes to the survivor.
    /// If the connection dies while it commits, it is sent once more: its id shows whether the first
    /// one arrived. In the same transaction are the deliveries to the peers that know the report, and
    /// what the audit log is told of it if it names a party.
    package func publish(
        _ draft: Update.Draft, by client: Client.ID, actor: Event.Actor,
        provenance: Provenance? = nil, party: AuditEntry.Party? = nil, now: Date
    ) async throws(CaseStoreError) -> PublishedUpdate {
        var submission = UpdateSubmission(
            draft, by: client, actor: actor, provenance: provenance, party: party, now: now,
            settings: settings, keys: try settings.sealer.keys())
        for _ in 0..<6 {
            let attempt = submission
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    let published = try await attempt.take(in: transaction)
                    try await LateUpdate(published)?.eraseAgain(in: transaction)
                    return published
                }
            } catch {
                try submission.recover(from: error)
            }
        }
        throw .unavailable
    }
}
