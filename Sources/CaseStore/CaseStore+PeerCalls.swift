import Federation
import FoundationEssentials
import Postgres
import Reports

/// A signed call of a peer: what was asked under which id (Specs/Peering.md).
package struct PeerCall: Sendable, Equatable {
    package let peer: Peer.Name
    /// The sender's `webhook-id`.
    package let id: String
    /// SHA-256 of what was asked, and where.
    package let content: [UInt8]

    package init(peer: Peer.Name, id: String, content: [UInt8]) {
        self.peer = peer
        self.id = id
        self.content = content
    }
}

/// What ties a peer to a report.
package struct PeerBond: Sendable, Equatable {
    package let visibility: Visibility
    /// The report's status now.
    package let detail: Detail
    /// Whether it decides the report's status: it handles the report, or was the one to tell us.
    package let decides: Bool
    /// Whether it told us of the report, the first or not.
    package let gave: Bool
    /// Whether we told it of the report, or are about to.
    package let got: Bool

    /// Whether the report is any of its business.
    package var exists: Bool { decides || gave || got }
}

extension CaseStore {
    /// Whether a signed call is new, or is the same as one that was taken, or pretends to be (A7).
    package enum Recognition: Sendable, Equatable {
        case new
        case same
        case another
    }

    /// What is remembered of the call; it is remembered only once it was taken, so that what was
    /// refused may be mended and sent again under its id.
    package func recognise(_ call: PeerCall) async throws(CaseStoreError) -> Recognition {
        let rows = try await query(
            """
            SELECT content FROM peer_call
            WHERE peer = \(call.peer.rawValue) AND id = \(call.id)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return .new }
            return try cells.next([UInt8].self) == call.content ? .same : .another
        }
    }

    /// Remembers a call that was taken.
    package func remember(_ call: PeerCall, now: Date) async throws(CaseStoreError) {
        _ = try await query(
            """
            INSERT INTO peer_call (peer, id, content, taken)
            VALUES (\(call.peer.rawValue), \(call.id), \(call.content), \(now))
            ON CONFLICT DO NOTHING
            """)
    }

    /// Notes that the peer told us of the report, and so may tell more of it.
    package func note(
        giver peer: Peer.Name, of report: Report.ID, now: Date
    ) async throws(CaseStoreError) {
        _ = try await query(
            """
            INSERT INTO giver (peer, report, told)
            VALUES (\(peer.rawValue), \(report.rawValue), \(now))
            ON CONFLICT DO NOTHING
            """)
    }

    /// Notes under which id the peer with which a report began knows it, if we have the report from
    /// somebody else who was quicker: from now on it hears of updates, and of those so far now.
    package func note(
        origin name: Peer.Name, of report: Report.ID, as id: String, now: Date
    ) async throws(CaseStoreError) {
        guard let peer = settings.peering[name], (1...255).contains(id.utf8.count) else { return }
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                // As whoever publishes an update does: it is either among those so far, or later.
                _ = try await transaction.query(HandOver.lock(report))
                _ = try await transaction.query(Self.beginning(report, at: peer, as: id, now: now))
            }
        }
    }

    private static func beginning(
        _ report: Report.ID, at peer: Peer, as id: String, now: Date
    ) -> SQL {
        let name = peer.name.rawValue
        let mayKnow = peer.privacy.allowed.contains(.handlerOnly)
        let updates = DeliveryRows.queueing(
            """
            SELECT \(name), known.report, event.id, 'update', "update".id, \(now),
                greatest("update".published, \(now))
            FROM known JOIN report ON report.id = known.report
                JOIN "update" ON "update".report = known.report
                JOIN event ON event.report = known.report AND event."update" = "update".id
            WHERE report.stage = 'production' AND (report.visibility = 'public' OR \(mayKnow))
                AND event.kind = 'updated' AND NOT event.path @> ARRAY[\(peer.authority.rawValue)]
            ORDER BY event.id
            """)
        return """
            WITH known AS (
                INSERT INTO ticket (peer, report, remote_id, direction, recorded)
                SELECT \(name), \(report.rawValue), \(id), 'in', \(now)
                WHERE NOT EXISTS (
                    SELECT FROM ticket WHERE peer = \(name) AND report = \(report.rawValue))
                ON CONFLICT DO NOTHING
                RETURNING report
            )\(peer.flow.contains(.updatesOut) ? updates : "")
            SELECT FROM known
            """
    }

    /// What ties the peer to the report; `nil` if there is no such report.
    package func bond(
        of reader: PeerReader, to report: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage
    ) async throws(CaseStoreError) -> PeerBond? {
        let peer = reader.name.rawValue
        let rows = try await query(
            """
            SELECT visibility, coalesce(detail, upper(status)), handler IS NOT DISTINCT FROM \(peer) OR \(reader.hasSeen)
                    OR EXISTS (SELECT FROM ticket WHERE ticket.peer = \(peer)
                        AND ticket.report = report.id AND direction = 'in'),
                \(reader.gave),
                EXISTS (SELECT FROM ticket WHERE ticket.peer = \(peer)
                        AND ticket.report = report.id AND direction = 'out')
                    OR EXISTS (SELECT FROM delivery WHERE delivery.peer = \(peer)
                        AND delivery.report = report.id AND delivery.kind = 'report'
                        AND delivery.state IN ('waiting', 'parked', 'done'))
            FROM report
            WHERE id = \(report.rawValue) AND jurisdiction = \(jurisdiction.rawValue)
                AND stage = \(stage.rawValue)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return try PeerBond(
                visibility: Visibility(rawValue: cells.next()) ?? .private,
                detail: Detail(rawValue: cells.next()) ?? .open, decides: cells.next(),
                gave: cells.next(), got: cells.next())
        }
    }
}
