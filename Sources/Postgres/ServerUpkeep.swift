/// What goes wrong with a server slowly, for an operator who asks: too dear to be asked each second.
package struct ServerUpkeep: Sendable, Equatable {
    /// Everything that was found.
    package let remarks: [ServerRemark]

    /// Asks the server. `connections`: how many a server process of ours holds at most.
    package static func run(
        on pool: Pool, connections: Int
    ) async throws(PostgresError) -> ServerUpkeep {
        ServerUpkeep(try await Facts(from: pool), connections: connections)
    }

    /// Judges what a server told.
    init(_ facts: Facts, connections: Int) {
        remarks = [
            Self.autovacuum(facts), Self.timeouts(facts), Self.transactions(facts),
            Self.slots(facts), Self.age(facts), Self.bloat(facts), Self.role(facts),
            Self.connections(facts, wanted: connections), Self.archiving(facts),
        ].compactMap(\.self)
    }

    private static func autovacuum(_ facts: Facts) -> ServerRemark? {
        guard facts.hasAutovacuum else {
            return ServerRemark(
                .autovacuum, "autovacuum is off: tables grow, and one day the server stops.",
                "Set autovacuum = on and track_counts = on.")
        }
        guard !facts.unswept.isEmpty else { return nil }
        let tables = facts.unswept.joined(separator: ", ")
        return ServerRemark(
            .autovacuum, "autovacuum is off for \(tables): they grow without end.",
            "ALTER TABLE … RESET (autovacuum_enabled).")
    }

    private static func timeouts(_ facts: Facts) -> ServerRemark? {
        guard facts.statementTimeout == 0 else { return nil }
        return ServerRemark(
            .timeouts, "statement_timeout is 0 in our own sessions, though we ask for 5 s.",
            "Something between us and the server drops what we ask for (in PgBouncer: "
                + "ignore_startup_parameters), or the address sets it: let it through.")
    }

    private static func transactions(_ facts: Facts) -> ServerRemark? {
        if facts.preparedTransactions > 0 {
            return ServerRemark(
                .transactions,
                "\(facts.preparedTransactions) prepared transactions are older than 15 minutes: "
                    + "nothing behind them is cleaned up, and the change feed waits.",
                "Look at pg_prepared_xacts, then COMMIT PREPARED or ROLLBACK PREPARED.")
        }
        guard facts.longestTransaction > 900 else { return nil }
        return ServerRemark(
            .transactions,
            "A transaction has run for \(facts.longestTransaction / 60) minutes: nothing behind "
                + "it is cleaned up, and the change feed waits.",
            "Look at pg_stat_activity (xact_start), then pg_terminate_backend(pid).")
    }

    private static func slots(_ facts: Facts) -> ServerRemark? {
        guard !facts.idleSlots.isEmpty else { return nil }
        return ServerRemark(
            .slots,
            "Nobody reads the replication slots \(facts.idleSlots.joined(separator: ", ")): the "
                + "server keeps all of its log for them, until the disk is full.",
            "Start who reads them, or SELECT pg_drop_replication_slot(…).")
    }

    private static func age(_ facts: Facts) -> ServerRemark? {
        // Autovacuum begins at this age; twice as much means that it does not get through.
        guard facts.age > 2 * facts.freezeAge else { return nil }
        return ServerRemark(
            .age,
            "The oldest transaction is \(facts.age / 1_000_000) million behind; at 2,000 million "
                + "the server stops.",
            "Run VACUUM (FREEZE) in the database of greatest age(datfrozenxid).")
    }

    private static func bloat(_ facts: Facts) -> ServerRemark? {
        guard !facts.bloated.isEmpty else { return nil }
        return ServerRemark(
            .bloat,
            "More dead than living rows in \(facts.bloated.joined(separator: ", ")).",
            "See what keeps autovacuum away (long transactions, locks), then VACUUM.")
    }

    private static func role(_ facts: Facts) -> ServerRemark? {
        guard !facts.unreadable.isEmpty else { return nil }
        return ServerRemark(
            .role,
            "Our role may not read \(facts.unreadable.joined(separator: ", ")).",
            "Connect as the owner of the tables, or GRANT it what the owner may.",
            weight: .refusal)
    }

    private static func connections(_ facts: Facts, wanted: Int) -> ServerRemark? {
        guard facts.room < wanted else { return nil }
        return ServerRemark(
            .connections,
            "The server has room for \(max(facts.room, 0)) connections beside those of others, "
                + "and one node takes up to \(wanted).",
            "Raise max_connections, or lower database.connections and database.transactions.")
    }

    private static func archiving(_ facts: Facts) -> ServerRemark? {
        guard let file = facts.unarchived else { return nil }
        return ServerRemark(
            .archiving,
            "The server's log is not archived any more, \(file) was tried last: no restore "
                + "reaches beyond it, and the disk fills up.",
            "See the server's log for what archive_command says: room and rights where it writes.",
            weight: .refusal)
    }
}

extension ServerUpkeep {
    /// What a server tells about itself.
    struct Facts: Sendable {
        var hasAutovacuum = true
        /// Tables of ours that are left out of it.
        var unswept: [String] = []
        /// Of our sessions, in milliseconds; 0 is none.
        var statementTimeout = 5000
        /// Seconds, of anybody's, as far as we may see.
        var longestTransaction = 0
        /// Those older than 15 minutes.
        var preparedTransactions = 0
        var idleSlots: [String] = []
        /// Of the oldest transaction of all databases, in transactions.
        var age = 0
        var freezeAge = 200_000_000
        var bloated: [String] = []
        var unreadable: [String] = []
        /// Connections that others leave.
        var room = 97
        /// The file of the log that could not be archived last; `nil` if the last one could.
        var unarchived: String?
    }
}

extension ServerUpkeep.Facts {
    init(from pool: Pool) async throws(PostgresError) {
        let rows = try await pool.query(
            """
            SELECT current_setting('autovacuum')::boolean
                    AND current_setting('track_counts')::boolean,
                (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'),
                coalesce((
                    SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::bigint
                    FROM pg_stat_activity WHERE backend_type = 'client backend'), 0),
                (SELECT count(*) FROM pg_prepared_xacts
                    WHERE prepared < clock_timestamp() - interval '15 minutes'),
                ARRAY(SELECT slot_name::text FROM pg_replication_slots
                    WHERE NOT active ORDER BY slot_name),
                (SELECT max(age(datfrozenxid))::bigint FROM pg_database),
                current_setting('autovacuum_freeze_max_age')::bigint,
                current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint
                    - (SELECT count(*) FROM pg_stat_activity
                        WHERE backend_type = 'client backend' AND application_name <> 'viaduct'),
                (SELECT last_failed_wal FROM pg_stat_archiver
                    WHERE last_failed_time > coalesce(last_archived_time, '-infinity'))
            """)
        guard var cells = rows.first?.cells else { throw .unavailable }
        hasAutovacuum = try cells.next()
        statementTimeout = try cells.next()
        longestTransaction = try cells.next()
        preparedTransactions = try cells.next()
        idleSlots = try cells.next()
        age = try cells.next()
        freezeAge = try cells.next()
        room = try cells.next()
        unarchived = try cells.next(String?.self)
        try await readTables(pool)
    }

    /// What is told table by table, of the schemas that are ours.
    private mutating func readTables(_ pool: Pool) async throws(PostgresError) {
        let rows = try await pool.query(
            """
            WITH ours AS (
                SELECT pg_class.oid, nspname || '.' || relname AS name, reloptions,
                    has_schema_privilege(pg_namespace.oid, 'USAGE')
                        AND has_table_privilege(pg_class.oid, 'SELECT') AS is_readable
                FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE relkind = 'r' AND nspname IN (current_schema(), 'contact')
            )
            SELECT
                ARRAY(SELECT name FROM ours
                    WHERE 'autovacuum_enabled=false' = ANY (reloptions)
                        OR 'autovacuum_enabled=off' = ANY (reloptions) ORDER BY name),
                ARRAY(SELECT name FROM ours JOIN pg_stat_user_tables AS stat ON stat.relid = oid
                    WHERE n_dead_tup > 100000 AND n_dead_tup > n_live_tup ORDER BY name),
                ARRAY(SELECT name FROM ours WHERE NOT is_readable ORDER BY name)
            """)
        guard var cells = rows.first?.cells else { throw .unavailable }
        unswept = try cells.next()
        bloated = try cells.next()
        unreadable = try cells.next()
    }
}
