import Federation
import FoundationEssentials
import Postgres
import Reports

/// Deliveries as parts of the statement that stores what they carry: both are there or neither.
enum DeliveryRows {
    /// `, sent AS (…), queued AS (…)`: a report for each of these peers, or nothing if there are none.
    ///
    /// `report` is an expression over the one row, or none, of `source`: without a row nothing is
    /// sent.
    static func report(
        _ report: SQL, to peers: [Peer.Name], event: UUID, created: Date, due: Date,
        from source: SQL
    ) -> SQL {
        guard !peers.isEmpty else { return "" }
        return queueing(
            """
            SELECT given, \(report), \(event), 'report', NULL, \(created), \(due)
            FROM \(source), unnest(\(peers.map(\.rawValue))) AS given
            """)
    }

    /// `, sent AS (…), queued AS (…)`: updates for those of these peers that know the report, or
    /// nothing if there are none.
    ///
    /// `rows` names a FROM with the columns `report`, `"update"`, `event` and `due`.
    static func updates(_ rows: SQL, to peers: [Peer.Name], created: Date) -> SQL {
        guard !peers.isEmpty else { return "" }
        return queueing(
            """
            SELECT given, told.report, told.event, 'update', told."update", \(created), told.due
            FROM \(rows), unnest(\(peers.map(\.rawValue))) AS given
            WHERE \(knows(report: "told.report", peer: "given"))
            """)
    }

    /// Whether the peer has the report, or will have it once what waits is done: the last that was
    /// sent of it was not refused or dropped, or it came from there. Who gave it to the peer tells
    /// the peer of updates: what only both of us know (`known`) is not ours to tell.
    static func knows(report: SQL, peer: SQL) -> SQL {
        """
        coalesce(
            (SELECT sent.state IN ('waiting', 'done', 'parked') FROM delivery AS sent
                WHERE sent.report = \(report) AND sent.peer = \(peer) AND sent.kind = 'report'
                ORDER BY sent.id DESC LIMIT 1),
            EXISTS (
                SELECT FROM ticket WHERE ticket.peer = \(peer) AND ticket.report = \(report)
                    AND ticket.direction <> 'known'))
        """
    }

    /// Whether we gave the report to the peer, or are about to: then it has what must be erased.
    static func got(report: SQL, peer: SQL) -> SQL {
        """
        (EXISTS (
            SELECT FROM ticket WHERE ticket.peer = \(peer) AND ticket.report = \(report)
                AND ticket.direction = 'out')
        OR EXISTS (
            SELECT FROM delivery AS sent WHERE sent.peer = \(peer) AND sent.report = \(report)
                AND sent.kind = 'report' AND sent.state IN ('waiting', 'parked', 'done')))
        """
    }

    /// Stores the deliveries that a SELECT gives, each in its lane.
    static func queueing(_ rows: SQL) -> SQL {
        """
        , sent AS (
            INSERT INTO delivery (peer, report, event, kind, "update", created, due)
            \(rows)
            RETURNING peer, report, due
        ), queued AS (
            INSERT INTO lane (peer, report, due) SELECT peer, report, min(due) FROM sent
            GROUP BY peer, report ORDER BY peer, report
            ON CONFLICT (peer, report) DO UPDATE
            SET due = least(lane.due, excluded.due), changes = lane.changes + 1
        )
        """
    }
}

/// Where something began, as part of the statement that stores it (D14).
struct OriginRow {
    let provenance: Provenance
    let kind: Delivery.Kind

    /// Our report or update that began there, as the condition of a SELECT from `origin`.
    var isThis: SQL {
        """
        origin.authority = \(provenance.origin.rawValue) AND origin.kind = \(kind.rawValue)
            AND origin.origin_id = \(provenance.originID)
        """
    }

    /// The INSERT, with the ids of report and update.
    func insert(report: SQL, update: SQL = "NULL") -> SQL {
        """
        INSERT INTO origin (authority, kind, origin_id, report, "update", path)
        VALUES (
            \(provenance.origin.rawValue), \(kind.rawValue), \(provenance.originID), \(report),
            \(update), \(provenance.path.map(\.rawValue)))
        """
    }
}
