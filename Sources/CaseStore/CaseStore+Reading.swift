import Federation
import FoundationEssentials
import Postgres
import Reports

/// A relay's turn to read a peer; nobody else does meanwhile.
package struct ReadingTurn: Sendable, Equatable {
    package let peer: Peer.Name
    /// Where to read on; `nil` is as far back as the peer is read at all.
    package let cursor: Cursor?
    package let kind: Kind
    /// How many readings have failed in a row.
    package let failures: Int
    /// Which claim this is: once there is a later one, this one moves no cursor.
    let lease: Int
    let duration: Duration

    package enum Kind: String, Sendable {
        /// What is new since the last time.
        case news
        /// All over again, for what a peer's times have hidden.
        case sweep
    }
}

extension CaseStore {
    /// Claims the reading of one of these peers that is due, the longest overdue first; `nil` if
    /// none is. A sweep has the time that the news leave.
    ///
    /// A paused peer is not read. A turn ends by `finishReading`, `failReading` or `releaseReading`,
    /// or, if its relay dies, when its lease is over, which the database's own clock decides.
    package func claimReading(
        of peers: [Peer.Name], lease: Duration, now: Date
    ) async throws(CaseStoreError) -> ReadingTurn? {
        // Without all keys, other nodes read.
        guard settings.sealer.lock == nil else { return nil }
        let names = peers.map(\.rawValue)
        let rows = try await query(
            """
            WITH begun AS (
                INSERT INTO cursor (peer, due)
                SELECT name, \(now) FROM peer
                WHERE name = ANY (\(names))
                    AND NOT EXISTS (SELECT FROM cursor WHERE cursor.peer = peer.name)
                ON CONFLICT DO NOTHING
            ), claimed AS MATERIALIZED (
                SELECT cursor.peer FROM cursor JOIN peer ON peer.name = cursor.peer
                WHERE cursor.peer = ANY (\(names)) AND least(due, sweep_due) <= \(now)
                    AND peer.paused IS NULL
                    AND (lease_until IS NULL OR lease_until <= clock_timestamp())
                ORDER BY least(due, sweep_due), cursor.peer
                LIMIT 1 FOR UPDATE OF cursor SKIP LOCKED
            )
            UPDATE cursor SET lease = lease + 1, lease_until = \(SQL.end(of: lease))
            FROM claimed WHERE cursor.peer = claimed.peer
            RETURNING cursor.peer, due > \(now), value, sweep_value, failures, lease
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            try rows.first.map { row throws(PostgresError) in
                try Self.turn(in: row, lease: lease)
            }
        }
    }

    /// Keeps the turn for another lease, while its reading goes on; `false` if it is over.
    package func keepReading(_ turn: ReadingTurn) async throws(CaseStoreError) -> Bool {
        // A turn that has just ended is not to be kept by a heartbeat that was on its way.
        try await finish(
            turn, "lease_until = \(SQL.end(of: turn.duration))", where: "lease_until IS NOT NULL")
    }

    /// Notes how far a page has brought the turn, and keeps it; `false` if it is over, because
    /// somebody else has it.
    func moveOn(
        _ turn: ReadingTurn, to cursor: Cursor
    ) async throws(CaseStoreError) -> Bool {
        let column: SQL = turn.kind == .sweep ? "sweep_value" : "value"
        return try await finish(
            turn,
            """
            \(column) = \(cursor.text), lease_until = \(SQL.end(of: turn.duration))
            """)
    }

    /// Ends the turn with its last page: the next reading is due after the peer's interval, a first
    /// sweep in the next night, and the one after it in the night that follows.
    func finishReading(
        _ turn: ReadingTurn, at cursor: Cursor, of peer: Peer, now: Date
    ) async throws(CaseStoreError) -> Bool {
        let night = peer.nextSweep(after: now)
        switch turn.kind {
        case .news:
            return try await finish(
                turn,
                """
                value = \(cursor.text), read = \(now), failures = 0, reason = NULL,
                    due = \(now.advanced(by: peer.polling.interval)), sweep_due = CASE
                        WHEN \(night)::timestamptz IS NOT NULL
                        THEN coalesce(sweep_due, \(night)) END
                """)
        case .sweep:
            return try await finish(
                turn,
                """
                sweep_value = NULL, sweep_due = \(night), read = \(now), failures = 0,
                    reason = NULL
                """)
        }
    }

    /// Ends the turn after a failure: the reading goes on where it broke off, not before `due`.
    package func failReading(
        _ turn: ReadingTurn, reason: String, due: Date
    ) async throws(CaseStoreError) {
        _ = try await finish(
            turn,
            """
            failures = failures + 1, reason = \(String(reason.prefix(500))), lease_until = NULL,
                due = greatest(due, \(due)), sweep_due = greatest(sweep_due, \(due))
            """)
    }

    /// Ends the turn; what was not read remains due.
    package func releaseReading(_ turn: ReadingTurn) async throws(CaseStoreError) {
        _ = try await finish(turn, "lease_until = NULL")
    }

    /// Ends the turn of a peer that is not read but asked for tickets; when to ask again.
    package func restReading(
        _ turn: ReadingTurn, until due: Date
    ) async throws(CaseStoreError) {
        _ = try await finish(turn, "due = \(due), sweep_due = NULL, lease_until = NULL")
    }

    private func finish(
        _ turn: ReadingTurn, _ change: SQL, where condition: SQL = "true"
    ) async throws(CaseStoreError) -> Bool {
        try await query(
            """
            UPDATE cursor SET \(change)
            WHERE peer = \(turn.peer.rawValue) AND lease = \(turn.lease) AND \(condition)
            """
        ).affected > 0
    }

    private static func turn(
        in row: Row, lease: Duration
    ) throws(PostgresError) -> ReadingTurn {
        var cells = row.cells
        let peer = try ReportRow.named(Peer.Name.self, try cells.next(), column: 0)
        let isSweep = try cells.next(Bool.self)
        let (value, sweep) = try (cells.next(String?.self), cells.next(String?.self))
        let failures = Int(try cells.next(Int32.self))
        return ReadingTurn(
            peer: peer, cursor: (isSweep ? sweep : value).map(Cursor.init(text:)),
            kind: isSweep ? .sweep : .news, failures: failures, lease: try cells.next(),
            duration: lease)
    }
}

extension Peer {
    /// When the next sweep is due: between one and four in the night (UTC), each peer at a time of
    /// its own, so that they are not all swept at once.
    func nextSweep(after now: Date) -> Date? {
        guard polling.sweep != nil else { return nil }
        let day = 86_400.0
        let minute = name.rawValue.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % 180 }
        let moment = 3600 + Double(minute) * 60
        let today = (now.timeIntervalSince1970 / day).rounded(.down) * day + moment
        return Date(timeIntervalSince1970: today > now.timeIntervalSince1970 ? today : today + day)
    }
}
