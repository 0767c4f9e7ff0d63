import Federation
import FoundationEssentials
import Postgres
import Reports

/// What waits for one peer and what a person must look at (D11).
package struct PeerCounts: Sendable, Equatable {
    package let peer: Peer.Name
    package var waiting = 0
    /// How long the oldest of these has waited since it could have been sent; `nil` if none could.
    package var oldestAge: Duration?
    /// Waiting or parked, and perhaps there already.
    package var doubtful = 0
    package var parked = 0
    package var refused = 0
    /// Read, and not understood.
    package var quarantined = 0
    /// Waiting, and not tried for a quarter of an hour though it could have been.
    package var stuck = 0
    /// Tokens that have not become an id for a quarter of an hour.
    package var tokens = 0
    package var isPaused = false
    /// Whether the breaker is open.
    package var isFailing = false

    /// A peer for which nothing waits.
    package init(peer: Peer.Name) {
        self.peer = peer
    }
}

extension CaseStore {
    /// How every peer stands, by name; one look for all of them.
    package func federationCounts(now: Date) async throws(CaseStoreError) -> [PeerCounts] {
        let early = now.advanced(by: .seconds(-900))
        let rows = try await query(
            """
            SELECT peer.name, peer.paused IS NOT NULL, peer.probe_due IS NOT NULL,
                coalesce(waiting.count, 0), extract(epoch FROM \(now) - waiting.oldest)::bigint,
                coalesce(waiting.doubtful, 0) + halted.doubtful, halted.parked, halted.refused,
                coalesce(waiting.stuck, 0),
                (SELECT count(*) FROM inbox
                    WHERE inbox.peer = peer.name AND inbox.state = 'quarantined'),
                (SELECT count(*) FROM ticket
                    WHERE ticket.peer = peer.name AND ticket.remote_id IS NULL
                        AND ticket.recorded < \(early))
            FROM peer LEFT JOIN (
                SELECT peer, count(*),
                    min(\(Self.begun)) FILTER (WHERE \(Self.begun) <= \(now)) AS oldest,
                    count(*) FILTER (WHERE doubt <> 'none') AS doubtful,
                    count(*) FILTER (
                        WHERE coalesce(claimed, \(Self.begun)) < \(early)) AS stuck
                FROM delivery WHERE state = 'waiting' GROUP BY peer
            ) AS waiting ON waiting.peer = peer.name, LATERAL (
                SELECT count(*) FILTER (WHERE state = 'parked') AS parked,
                    count(*) FILTER (WHERE state = 'refused') AS refused,
                    count(*) FILTER (WHERE state = 'parked' AND doubt <> 'none') AS doubtful
                FROM delivery
                WHERE delivery.peer = peer.name AND state IN ('parked', 'refused')
            ) AS halted
            ORDER BY peer.name
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var counts: [PeerCounts] = []
            for row in rows { counts.append(try Self.counts(in: row)) }
            return counts
        }
    }

    /// When a waiting delivery could be sent first: what is listed later is sent later.
    private static let begun: SQL = """
        CASE WHEN first_tried IS NULL THEN greatest(created, due) ELSE created END
        """

    private static func counts(in row: Row) throws(PostgresError) -> PeerCounts {
        var cells = row.cells
        var counts = PeerCounts(
            peer: try ReportRow.named(Peer.Name.self, try cells.next(), column: 0))
        counts.isPaused = try cells.next(Bool.self)
        counts.isFailing = try cells.next(Bool.self)
        counts.waiting = try cells.next()
        counts.oldestAge = try cells.next(Int?.self).map { .seconds($0) }
        counts.doubtful = try cells.next()
        counts.parked = try cells.next()
        counts.refused = try cells.next()
        counts.stuck = try cells.next()
        counts.quarantined = try cells.next()
        counts.tokens = try cells.next()
        return counts
    }
}
