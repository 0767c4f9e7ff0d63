import Federation
import FoundationEssentials
import Postgres
import Reports

/// A token that a peer gave instead of an id, and whose turn to be asked for has come.
package struct DueToken: Sendable, Equatable {
    package let peer: Peer.Name
    package let report: Report.ID
    package let token: String
    /// How often it was asked for before.
    package let attempts: Int
    /// When the peer gave it.
    package let recorded: Date

    package init(
        peer: Peer.Name, report: Report.ID, token: String, attempts: Int, recorded: Date
    ) {
        self.peer = peer
        self.report = report
        self.token = token
        self.attempts = attempts
        self.recorded = recorded
    }
}

extension CaseStore {
    /// The tokens of a peer whose turn has come, each for one relay: nobody else is given it again
    /// before `pause` has passed. Of a peer that is paused there are none.
    package func dueTokens(
        of peer: Peer.Name, limit: Int, pause: Duration = .seconds(60), now: Date
    ) async throws(CaseStoreError) -> [DueToken] {
        let rows = try await query(
            """
            WITH due AS MATERIALIZED (
                SELECT ticket.peer, ticket.report, ticket.round
                FROM ticket JOIN peer ON peer.name = ticket.peer
                WHERE ticket.peer = \(peer.rawValue)
                    AND ticket.remote_id IS NULL AND ticket.token_due <= \(now)
                    AND peer.paused IS NULL
                ORDER BY ticket.token_due LIMIT \(limit) FOR UPDATE OF ticket SKIP LOCKED
            )
            UPDATE ticket SET token_due = \(now.advanced(by: pause)),
                token_attempts = token_attempts + 1
            FROM due
            WHERE ticket.peer = due.peer AND ticket.report = due.report
                AND ticket.round = due.round
            RETURNING ticket.peer, ticket.report, ticket.token, ticket.token_attempts - 1,
                ticket.recorded
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var tokens: [DueToken] = []
            for row in rows {
                var cells = row.cells
                tokens.append(
                    DueToken(
                        peer: try ReportRow.named(Peer.Name.self, try cells.next(), column: 0),
                        report: try ReportRow.named(Report.ID.self, try cells.next(), column: 1),
                        token: try cells.next(), attempts: try cells.next(),
                        recorded: try cells.next()))
            }
            return tokens
        }
    }

    /// Notes what a token has become: the updates that waited for it go on at once. `false` if there
    /// is no such token any more, or the id belongs to another report.
    package func resolved(
        _ token: DueToken, as id: String, now: Date
    ) async throws(CaseStoreError) -> Bool {
        let rows = try await query(
            """
            WITH named AS (
                UPDATE ticket SET remote_id = \(id), token_due = NULL
                WHERE peer = \(token.peer.rawValue) AND report = \(token.report.rawValue)
                    AND token = \(token.token) AND remote_id IS NULL AND NOT EXISTS (
                        SELECT FROM ticket AS other
                        WHERE other.peer = \(token.peer.rawValue) AND other.remote_id = \(id))
                RETURNING peer, report
            ), turned AS (
                UPDATE lane SET \(Ending.touch("least(lane.due, \(now))")) FROM named
                WHERE lane.peer = named.peer AND lane.report = named.report
            )
            SELECT FROM named
            """)
        return !rows.isEmpty
    }

    /// Asks for a token again, not before then; never if there is no time.
    package func postpone(_ token: DueToken, until due: Date?) async throws(CaseStoreError) {
        _ = try await query(
            """
            UPDATE ticket SET token_due = \(due)
            WHERE peer = \(token.peer.rawValue) AND report = \(token.report.rawValue)
                AND token = \(token.token) AND remote_id IS NULL
            """)
    }
}
