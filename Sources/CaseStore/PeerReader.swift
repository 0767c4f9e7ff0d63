import Federation
import Postgres

/// A peer that reads at ours: what it knows already it need not be told (GR-18.5).
package struct PeerReader: Sendable, Equatable {
    package let name: Peer.Name
    package let authority: Authority

    package init(name: Peer.Name, authority: Authority) {
        self.name = name
        self.authority = authority
    }

    /// Whether a report had passed the peer when it came to us, as a condition on `report`.
    var hasSeen: SQL {
        """
        EXISTS (SELECT FROM event WHERE event.report = report.id AND event.kind = 'created'
            AND \(authority.rawValue) = ANY (event.path))
        """
    }

    /// Whether the peer told us of a report, the first or not, as a condition on `report`.
    var gave: SQL {
        """
        EXISTS (SELECT FROM giver
            WHERE giver.peer = \(name.rawValue) AND giver.report = report.id)
        """
    }

    /// Whether an update had passed the peer when it came to us, as a condition on `"update"`.
    var hasSeenUpdate: SQL {
        """
        EXISTS (SELECT FROM event WHERE event.report = "update".report
            AND event."update" = "update".id AND \(authority.rawValue) = ANY (event.path))
        """
    }
}
