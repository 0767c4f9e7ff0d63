import Federation
import FoundationEssentials
import Postgres
import Reports

/// What should have been done a day ago, for a person to look at.
package struct Arrears: Sendable, Equatable {
    package let peer: Peer.Name
    /// Deliveries that were parked or refused more than a day ago, and nobody has sent again or dropped.
    package let deadLetters: Int
    /// Erasures that the peer has not done for a day, or never will.
    package let erasures: Int
}

extension CaseStore {
    /// What is in arrears with each peer, by name; those where nothing is are left out.
    package func arrears(now: Date) async throws(CaseStoreError) -> [Arrears] {
        let early = now.advanced(by: .seconds(-86_400))
        let rows = try await query(
            """
            SELECT peer.name, halted.letters, halted.erasures + (
                SELECT count(*) FROM delivery
                WHERE delivery.peer = peer.name AND kind = 'erasure' AND state = 'waiting'
                    AND created < \(early))
            FROM peer, LATERAL (
                SELECT count(*) FILTER (WHERE kind <> 'erasure'
                        AND coalesce(finished, claimed, created) < \(early)) AS letters,
                    count(*) FILTER (WHERE kind = 'erasure') AS erasures
                FROM delivery
                WHERE delivery.peer = peer.name AND state IN ('parked', 'refused')
            ) AS halted
            ORDER BY peer.name
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var arrears: [Arrears] = []
            for row in rows {
                var cells = row.cells
                let one = Arrears(
                    peer: try ReportRow.named(Peer.Name.self, try cells.next(), column: 0),
                    deadLetters: try cells.next(), erasures: try cells.next())
                if one.deadLetters + one.erasures > 0 { arrears.append(one) }
            }
            return arrears
        }
    }

    /// Reports of the last day that a peer is to handle and that were never on their way to it: none,
    /// unless we lost them. At most a hundred.
    package func unhanded(now: Date) async throws(CaseStoreError) -> [Report.ID] {
        let early = now.advanced(by: .seconds(-90_000))
        let rows = try await query(
            """
            SELECT DISTINCT report.id FROM event JOIN report ON report.id = event.report
            WHERE \(Self.events(since: early))
                AND event.kind IN ('created', 'imported', 'handed') AND report.handler IS NOT NULL
                AND NOT EXISTS (
                    SELECT FROM delivery WHERE delivery.peer = report.handler
                        AND delivery.report = report.id AND delivery.kind = 'report')
                AND NOT EXISTS (
                    SELECT FROM ticket WHERE ticket.peer = report.handler
                        AND ticket.report = report.id)
            ORDER BY report.id LIMIT 100
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var reports: [Report.ID] = []
            for row in rows {
                var cells = row.cells
                reports.append(
                    try ReportRow.named(Report.ID.self, try cells.next(), column: 0))
            }
            return reports
        }
    }

    /// How many pictures have waited for more than a day to be fetched.
    package func overduePictures(now: Date) async throws(CaseStoreError) -> Int {
        let early = now.advanced(by: .seconds(-86_400))
        let rows = try await query(
            """
            SELECT count(*) FROM media WHERE state = 'pending' AND recorded < \(early)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return 0 }
            return try cells.next()
        }
    }

    /// The names of the stored pictures that were recorded last, at most so many.
    package func newestPictures(limit: Int) async throws(CaseStoreError) -> [String] {
        let rows = try await query(
            "SELECT name FROM media WHERE name IS NOT NULL ORDER BY id DESC LIMIT \(limit)")
        return try await CaseStoreError.told { () throws(PostgresError) in
            var names: [String] = []
            for row in rows {
                var cells = row.cells
                names.append(try cells.next())
            }
            return names
        }
    }

    /// What goes wrong slowly with the server. `connections`: how many one node holds at most.
    package func upkeep(connections: Int) async throws(CaseStoreError) -> ServerUpkeep {
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await ServerUpkeep.run(on: pool, connections: connections)
        }
    }

    /// The events since then, found by their index: they are named by their time.
    static func events(since early: Date) -> SQL {
        """
        event.id >= (lpad(
                to_hex((extract(epoch FROM \(early)::timestamptz) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
        """
    }
}
