import Federation
import FoundationEssentials
import Postgres
import Reports

/// What a peer told and no mapping explained.
package struct Quarantined: Sendable, Equatable {
    package let peer: Peer.Name
    /// The peer's id of it.
    package let remoteID: String
    /// The report that it is about, if we know that.
    package let report: Report.ID?
    package let reason: String
    package let received: Date
    /// What it said; `nil` if an older release wrote it down in a way that we no longer read, or if
    /// it is sealed with a key that is not here.
    package let incoming: Incoming?
    let kind: InboxItem.Kind

    package static func == (one: Self, other: Self) -> Bool {
        one.peer == other.peer && one.kind == other.kind && one.remoteID == other.remoteID
    }
}

extension CaseStore {
    /// What is in quarantine, of one peer or of all, the oldest first.
    package func quarantined(
        of peer: Peer.Name? = nil, limit: Int = 1000
    ) async throws(CaseStoreError) -> [Quarantined] {
        let rows = try await query(
            """
            SELECT peer, kind, remote_id, report, reason, received, payload::text, sealed
            FROM inbox
            WHERE state = 'quarantined' AND (\(peer?.rawValue)::text IS NULL
                OR peer = \(peer?.rawValue))
            ORDER BY received, peer, kind, remote_id LIMIT \(limit)
            """)
        let keys = settings.sealer.held
        return try await CaseStoreError.told { () throws(PostgresError) in
            var items: [Quarantined] = []
            for row in rows { items.append(try Self.quarantined(in: row, keys)) }
            return items
        }
    }

    private static func quarantined(
        in row: Row, _ keys: DataKeys?
    ) throws(PostgresError) -> Quarantined {
        var cells = row.cells
        let peer = try ReportRow.named(Peer.Name.self, try cells.next(), column: 0)
        let kind = try InboxItem.Kind(rawValue: cells.next()) ?? .update
        let remoteID = try cells.next(String.self)
        let report = try cells.next(String?.self).flatMap(Report.ID.init(rawValue:))
        let reason = try cells.next(String?.self) ?? ""
        let received = try cells.next(Date.self)
        var payload = try cells.next(String?.self)
        if let sealed = try cells.next([UInt8]?.self) {
            let row = InboxPayload.row(peer: peer, kind.rawValue, remoteID)
            payload = keys?.text(sealed, .inbox, row)
        }
        return Quarantined(
            peer: peer, remoteID: remoteID, report: report, reason: reason, received: received,
            incoming: payload.flatMap(InboxPayload.init(text:))?.incoming, kind: kind)
    }

    /// Judges what is in a peer's quarantine once more, after its mapping was completed; it may be
    /// done any number of times.
    package func replay(
        _ peer: Peer, in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> Reception {
        var reception = Reception()
        for held in try await quarantined(of: peer.name, limit: 10_000) {
            guard let incoming = held.incoming, !Task.isCancelled else { continue }
            let item = InboxItem(incoming, kind: held.kind, remoteID: held.remoteID)
            let arrival = try await receive(
                item, from: peer, in: catalogue, as: .replayed, now: now)
            reception.count(arrival)
        }
        return reception
    }
}
