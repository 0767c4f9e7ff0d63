import Federation
import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Claims deliveries to a peer whose turn it is: each the first unfinished one of its report,
    /// as many as the peer's pace allows over all relays together (D7, D18).
    ///
    /// None if the peer is paused; one at a time, as a probe, while its breaker is open: then the
    /// next one not before `probePause` has passed. A turn ends by `finish`, or, if its relay dies,
    /// when its lease is over, which the database's own clock decides: then the next claim finds
    /// the delivery ambiguous.
    package func claimDeliveries(
        of peer: Peer, limit: Int, lease: Duration = .seconds(30),
        probePause: Duration = .seconds(30), now: Date
    ) async throws(CaseStoreError) -> [DeliveryTurn] {
        let claim = Claim(
            peer: peer, limit: limit, lease: lease, nextProbe: now.advanced(by: probePause),
            now: now)
        // Without all keys, other nodes deliver.
        guard claim.most > 0, let keys = try? settings.sealer.keys() else { return [] }
        for _ in 0..<8 {
            let rows = try await query(claim.statement)
            let found = try await CaseStoreError.told { () throws(PostgresError) in
                try claim.found(in: rows, node: settings.peering.node, keys: keys)
            }
            guard found.turns.isEmpty, found.isWorthAnotherLook else { return found.turns }
        }
        return []
    }

    /// Prolongs the leases of turns that are under way, and answers which of them still are; the
    /// others are over, and nothing that is said about them counts.
    package func keep(
        _ turns: [DeliveryTurn], lease: Duration = .seconds(30)
    ) async throws(CaseStoreError) -> Set<Delivery.ID> {
        let rows = try await query(
            """
            UPDATE lane SET lease_until = \(SQL.end(of: lease))
            FROM unnest(
                \(turns.map(\.delivery.peer.rawValue)), \(turns.map(\.delivery.report.rawValue)),
                \(turns.map(\.delivery.id.number)), \(turns.map(\.lease))
            ) AS held (peer, report, delivery, lease)
            WHERE lane.peer = held.peer AND lane.report = held.report
                AND lane.delivery = held.delivery AND lane.lease = held.lease
                AND lane.lease_until > clock_timestamp()
            RETURNING lane.delivery
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var kept: Set<Delivery.ID> = []
            for row in rows {
                var cells = row.cells
                kept.insert(Delivery.ID(number: try cells.next()))
            }
            return kept
        }
    }

    /// The peers that a claim might find something for now; one look for all of them.
    package func peersWithDueDeliveries(now: Date) async throws(CaseStoreError) -> Set<Peer.Name> {
        let rows = try await read(
            """
            SELECT name FROM peer
            WHERE paused IS NULL AND (probe_due IS NULL OR probe_due <= \(now))
                AND EXISTS (
                    SELECT FROM lane WHERE lane.peer = peer.name AND lane.due <= \(now)
                        AND (lease_until IS NULL OR lease_until <= clock_timestamp()))
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var names: Set<Peer.Name> = []
            for row in rows {
                var cells = row.cells
                names.insert(try ReportRow.named(Peer.Name.self, try cells.next(), column: 0))
            }
            return names
        }
    }
}
