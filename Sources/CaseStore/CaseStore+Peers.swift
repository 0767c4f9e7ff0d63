import Federation
import FoundationEssentials
import Postgres
import Reports

/// What all relays together know of one peer.
package struct PeerState: Sendable, Equatable {
    package let name: Peer.Name
    package let paused: Date?
    package let pauseReason: String?
    /// Failures in a row.
    package let failures: Int
    package let failingSince: Date?
    /// When the next probe may go; `nil` while the breaker is closed.
    package let probeDue: Date?
}

extension CaseStore {
    /// Makes the peers of the settings known, and begins to read those that are read; what is known
    /// already stays as it is.
    package func register(_ peering: Peering, now: Date) async throws(CaseStoreError) {
        let read = peering.peers.filter { !$0.flow.isDisjoint(with: [.reportsIn, .updatesIn]) }
        _ = try await query(
            """
            WITH known AS (
                INSERT INTO peer (name) SELECT * FROM unnest(\(peering.peers.map(\.name.rawValue)))
                ON CONFLICT DO NOTHING
            )
            INSERT INTO cursor (peer, due)
            SELECT given, \(now) FROM unnest(\(read.map(\.name.rawValue))) AS given
            ON CONFLICT DO NOTHING
            """)
    }

    /// All peers that were ever registered, by name.
    package func peerStates() async throws(CaseStoreError) -> [PeerState] {
        try await states(in: try await query("SELECT \(Self.stateColumns) FROM peer ORDER BY name"))
    }

    /// Notes that the peer failed once more; from the `limit`th failure in a row on, one delivery at
    /// a time is tried, and none before `probeDue`. Answers what is known now.
    @discardableResult
    package func noteFailure(
        of peer: Peer.Name, limit: Int = 5, probeDue: Date, now: Date
    ) async throws(CaseStoreError) -> PeerState? {
        try await change(
            peer,
            """
            failures = failures + 1, failing_since = coalesce(failing_since, \(now)),
                probe_due = CASE WHEN failures + 1 >= \(limit) THEN \(probeDue) END
            """)
    }

    /// Sends the peer nothing more and reads nothing of it until it is resumed; `nil` if there is no
    /// such peer. The first reason stays.
    package func pause(
        _ peer: Peer.Name, reason: String, now: Date
    ) async throws(CaseStoreError) -> PeerState? {
        try await change(
            peer,
            """
            paused = coalesce(paused, \(now)), pause_reason = coalesce(pause_reason, \(reason))
            """)
    }

    /// Goes on with the peer at once, whatever it stopped for; `nil` if there is no such peer.
    package func resume(_ peer: Peer.Name) async throws(CaseStoreError) -> PeerState? {
        try await change(
            peer,
            """
            paused = NULL, pause_reason = NULL, failures = 0, failing_since = NULL,
                probe_due = NULL
            """)
    }

    /// Closes the breaker of the peers that a WHERE names.
    static let healing: SQL = """
        UPDATE peer SET failures = 0, failing_since = NULL, probe_due = NULL
        """

    private static let stateColumns: SQL = """
        peer.name, peer.paused, peer.pause_reason, peer.failures, peer.failing_since, peer.probe_due
        """

    private func change(
        _ peer: Peer.Name, _ change: SQL
    ) async throws(CaseStoreError) -> PeerState? {
        let rows = try await query(
            """
            UPDATE peer SET \(change) WHERE name = \(peer.rawValue) RETURNING \(Self.stateColumns)
            """)
        return try await states(in: rows).first
    }

    private func states(in rows: Rows) async throws(CaseStoreError) -> [PeerState] {
        try await CaseStoreError.told { () throws(PostgresError) in
            var states: [PeerState] = []
            for row in rows {
                var cells = row.cells
                states.append(
                    PeerState(
                        name: try ReportRow.named(Peer.Name.self, try cells.next(), column: 0),
                        paused: try cells.next(), pauseReason: try cells.next(),
                        failures: try cells.next(), failingSince: try cells.next(),
                        probeDue: try cells.next()))
            }
            return states
        }
    }
}
