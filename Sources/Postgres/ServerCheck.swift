import FoundationEssentials

/// What is wrong with a server for somebody who must lose nothing (reliability B4).
package struct ServerCheck: Sendable, Equatable {
    /// Everything that was found.
    package let remarks: [ServerRemark]

    /// With one of these nothing may be served.
    package var refusals: [String] { sentences(.refusal) }
    /// What an operator should know.
    package var warnings: [String] { sentences(.warning) }

    private func sentences(_ weight: ServerRemark.Weight) -> [String] {
        remarks.filter { $0.weight == weight }.map(\.sentence)
    }

    /// Asks the server.
    package static func run(on pool: Pool) async throws(PostgresError) -> ServerCheck {
        ServerCheck(try await Facts(from: pool))
    }

    /// Judges what a server told.
    init(_ facts: Facts) {
        remarks = Self.refusals(facts) + Self.warnings(facts)
    }

    private static func refusals(_ facts: Facts) -> [ServerRemark] {
        var remarks: [ServerRemark] = []
        for (name, value) in [
            ("fsync", facts.fsync), ("full_page_writes", facts.fullPageWrites),
            ("synchronous_commit", facts.synchronousCommit),
        ] where value == "off" {
            remarks.append(
                ServerRemark(
                    .durability,
                    "\(name) is off: a crash of the server would lose acknowledged reports.",
                    "Set \(name) = on.", weight: .refusal))
        }
        if facts.encoding != "UTF8" {
            remarks.append(
                ServerRemark(
                    .encoding, "The database's encoding is \(facts.encoding).",
                    "Make one with ENCODING 'UTF8'.", weight: .refusal))
        }
        return remarks
    }

    private static func warnings(_ facts: Facts) -> [ServerRemark] {
        var remarks: [ServerRemark] = []
        func warn(_ side: ServerRemark.Side, _ text: String, _ advice: String) {
            remarks.append(ServerRemark(side, text, advice))
        }
        if facts.version < 150_000 {
            warn(
                .version, "The server is PostgreSQL \(facts.version / 10_000).",
                "This program is tested with 15 and later.")
        }
        if facts.isSuperuser {
            warn(.role, "We connect as a superuser.", "A role that owns the database is enough.")
        }
        if facts.dataChecksums != "on" {
            warn(
                .checksums, "data_checksums is off: a failing disk goes unnoticed.",
                "Stop the server once and run pg_checksums --enable.")
        }
        if facts.hasAsynchronousStandby {
            warn(
                .standbys,
                "A standby follows asynchronously: a fail-over to it may lose the last reports.",
                "Name it in synchronous_standby_names, or know that.")
        }
        if facts.hasOtherCollation {
            warn(
                .collation, "The collation's version has changed since the database was made.",
                "Rebuild the indexes, then ALTER DATABASE … REFRESH COLLATION VERSION.")
        }
        if abs(facts.clockOffset) > 2 {
            warn(
                .clock,
                "The server's clock and ours differ by \(facts.clockOffset.rounded()) s.",
                "Let both follow the same time server (NTP).")
        }
        return remarks
    }
}

extension ServerCheck {
    /// What a server tells about itself.
    struct Facts: Sendable {
        var version = 150_000
        var fsync = "on"
        var fullPageWrites = "on"
        var synchronousCommit = "on"
        var dataChecksums = "on"
        var encoding = "UTF8"
        var isSuperuser = false
        var hasAsynchronousStandby = false
        var hasOtherCollation = false
        /// Seconds that the server's clock is ahead of ours.
        var clockOffset = 0.0
    }
}

extension ServerCheck.Facts {
    init(from pool: Pool) async throws(PostgresError) {
        let before = Date()
        let rows = try await pool.query(
            """
            SELECT current_setting('server_version_num')::integer, current_setting('fsync'),
                current_setting('full_page_writes'), current_setting('synchronous_commit'),
                current_setting('data_checksums'), current_setting('server_encoding'),
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
                EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'async'),
                clock_timestamp()
            """)
        let after = Date()
        guard var cells = rows.first?.cells else { throw .unavailable }
        version = try cells.next()
        fsync = try cells.next()
        fullPageWrites = try cells.next()
        synchronousCommit = try cells.next()
        dataChecksums = try cells.next()
        encoding = try cells.next()
        isSuperuser = try cells.next()
        hasAsynchronousStandby = try cells.next()
        // The answer was made between the two looks at our clock.
        let theirs = try cells.next(Date.self)
        let middle = before.addingTimeInterval(after.timeIntervalSince(before) / 2)
        clockOffset = theirs.timeIntervalSince(middle)
        if version >= 150_000 { hasOtherCollation = try await Self.hasOtherCollation(pool) }
    }

    private static func hasOtherCollation(_ pool: Pool) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            """
            SELECT datcollversion IS NOT NULL
                AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
            FROM pg_database WHERE datname = current_database()
            """)
        guard var cells = rows.first?.cells else { throw .unavailable }
        return try cells.next()
    }
}
