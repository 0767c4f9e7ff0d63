import FoundationEssentials
import Postgres
import Reports

/// The SHA-256 of a client's key: what is stored and looked up instead of the key (A1, A2).
package struct KeyDigest: Sendable, Hashable {
    let bytes: [UInt8]

    package init(of secret: String) {
        bytes = Fingerprint.plain(secret)
    }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension CaseStore {
    /// Makes a client known by this key; the key itself is stored nowhere.
    ///
    /// Fails with `taken` if another key has the same first characters. Nodes hear of it at once, as
    /// of all that changes with keys.
    package func create(
        key: Key, name: String, jurisdictions: Set<Jurisdiction.ID> = [],
        scopes: Set<Client.Scope> = [.report],
        profile: Client.Profile = Client.Profile(), holder: Client.Holder = .program,
        by party: AuditEntry.Party = .viaduct, now: Date
    ) async throws(CaseStoreError) -> Client {
        guard let id = Client.ID(rawValue: key.clientID) else { throw .defect("client id") }
        let client = Client(
            id: id, name: name, jurisdictions: jurisdictions, scopes: scopes, profile: profile,
            holder: holder, created: now.wholeSeconds)
        let isMade = try await changing { transaction throws(PostgresError) in
            let rows = try await transaction.query(Self.creation(of: client, key))
            guard !rows.isEmpty else { return false }
            let entry = AuditEntry(
                .keyCreated, by: party, subject: id.rawValue, changes: Self.rights(of: client))
            try await Self.tell([entry], now: now, in: transaction)
            return true
        }
        guard isMade else { throw .taken }
        return client
    }

    /// Makes another key of a client, which goes on as the same: its rations, reports, webhooks and
    /// peers are those of its id, whichever key it calls with (A6).
    ///
    /// `retirement` is that of the keys it has so far.
    package func rotate(
        _ id: Client.ID, to key: Key, retiring retirement: Client.Retirement? = nil,
        by party: AuditEntry.Party = .viaduct, now: Date
    ) async throws(CaseStoreError) -> Rotation {
        guard let fresh = Client.ID(rawValue: key.clientID) else { throw .defect("client id") }
        return try await changing { transaction throws(PostgresError) in
            guard let client = try await Self.lock(clientOf: id, in: transaction) else {
                return .unknown
            }
            let keys = try await Self.count(ofKeysOf: client, now: now, in: transaction)
            guard keys.kept > 0 else { return .unknown }
            guard keys.counting < 2 else { return .tooMany }
            if let retirement {
                _ = try await transaction.query(
                    """
                    UPDATE issued_key SET retires = \(retirement.date), notice = \(retirement.notice)
                    WHERE client = \(client.rawValue) AND revoked IS NULL AND retires IS NULL
                    """)
            }
            _ = try await transaction.query(
                """
                INSERT INTO issued_key (id, client, digest, created)
                VALUES (
                    \(fresh.rawValue), \(client.rawValue), \(KeyDigest(of: key.secret).bytes),
                    \(now.wholeSeconds))
                """)
            var changes = ["key": AuditEntry.Change(id.rawValue, fresh.rawValue)]
            changes["retires"] = retirement.map {
                AuditEntry.Change(nil, $0.date.formatted(.iso8601))
            }
            let entry = AuditEntry(
                .keyRotated, by: party, subject: client.rawValue, changes: changes)
            try await Self.tell([entry], now: now, in: transaction)
            return .made(client)
        }
    }

    /// What became of a rotation.
    package enum Rotation: Sendable, Equatable {
        case made(Client.ID)
        /// There is no such key, or all of its client's are revoked.
        case unknown
        /// Two keys of the client count already.
        case tooMany
    }

    /// Has a key refused from then on, with a sentence for whoever still calls with it; `false` if
    /// there is no such key, it is revoked, or it is retired already and would count again as a third
    /// one.
    package func retire(
        _ id: Client.ID, _ retirement: Client.Retirement, by party: AuditEntry.Party = .viaduct,
        now: Date
    ) async throws(CaseStoreError) -> Bool {
        try await changing { transaction throws(PostgresError) in
            _ = try await Self.lock(clientOf: id, in: transaction)
            let rows = try await transaction.query(
                """
                UPDATE issued_key SET retires = \(retirement.date), notice = \(retirement.notice)
                WHERE id = \(id.rawValue) AND revoked IS NULL
                    AND (\(retirement.date) <= \(now) OR (
                        SELECT count(*) FROM issued_key AS other
                        WHERE other.client = issued_key.client AND other.id <> issued_key.id
                            AND other.revoked IS NULL
                            AND (other.retires IS NULL OR other.retires > \(now))) < 2)
                RETURNING id
                """)
            guard !rows.isEmpty else { return false }
            let entry = AuditEntry(
                .keyRetired, by: party, subject: id.rawValue,
                changes: [
                    "retires": AuditEntry.Change(nil, retirement.date.formatted(.iso8601))
                ])
            try await Self.tell([entry], now: now, in: transaction)
            return true
        }
    }

    /// Makes a key worthless from now on; `false` if there is no such key.
    ///
    /// A second time changes nothing. Without a key that counts a client's webhooks are told nothing.
    package func revoke(
        _ id: Client.ID, by party: AuditEntry.Party = .viaduct, now: Date
    ) async throws(CaseStoreError) -> Bool {
        try await changing { transaction throws(PostgresError) in
            _ = try await Self.lock(clientOf: id, in: transaction)
            let rows = try await transaction.query(
                "SELECT revoked IS NULL FROM issued_key WHERE id = \(id.rawValue) FOR UPDATE")
            guard var cells = rows.first?.cells else { return false }
            guard try cells.next(Bool.self) else { return true }
            _ = try await transaction.query(
                """
                UPDATE issued_key SET revoked = greatest(created, \(now)) WHERE id = \(id.rawValue)
                """)
            _ = try await transaction.query(
                """
                UPDATE client_key SET revoked = greatest(created, \(now))
                WHERE id = (SELECT client FROM issued_key WHERE id = \(id.rawValue))
                    AND NOT EXISTS (
                        SELECT FROM issued_key
                        WHERE issued_key.client = client_key.id AND revoked IS NULL)
                """)
            let entry = AuditEntry(.keyRevoked, by: party, subject: id.rawValue)
            try await Self.tell([entry], now: now, in: transaction)
            return true
        }
    }

    /// All clients, revoked ones too, the oldest first: for operators.
    package func list() async throws(CaseStoreError) -> [Client] {
        try await keys().filter { $0.id == $0.client.id }.map { key in
            var client = key.client
            client.retirement = nil
            return client
        }
    }

    /// All keys that were ever given, each client's one after the other, the oldest client first.
    package func keys() async throws(CaseStoreError) -> [IssuedKey] {
        let rows = try await query(
            "\(Self.issued) ORDER BY client_key.created, client_key.id, issued_key.created")
        return try await issued(in: rows).map(\.key)
    }

    /// The clients whose keys count, by what is known of their keys: for a ring in memory. Keys that
    /// are retired are there as well, with what their holders are told.
    package func clients() async throws(CaseStoreError) -> [KeyDigest: Client] {
        let rows = try await query("\(Self.issued) WHERE issued_key.revoked IS NULL")
        let known = try await issued(in: rows)
        return Dictionary(
            known.map { ($0.digest, $0.key.client) }, uniquingKeysWith: { $1 })
    }

    /// The client of a key; `nil` if there is none, or it was revoked.
    package func client(of secret: String) async throws(CaseStoreError) -> Client? {
        let rows = try await query(
            """
            \(Self.issued)
            WHERE issued_key.digest = \(KeyDigest(of: secret).bytes) AND issued_key.revoked IS NULL
            """)
        return try await issued(in: rows).first?.key.client
    }

    /// Yields each time that keys have changed, or may have.
    package func keyChanges() -> AsyncStream<String> { pool.listen(Self.keyChannel) }

    /// Every node listens to it. Keys change rarely enough for a notice (see `ChangeSignal`).
    private static let keyChannel = "viaduct_keys"

    /// One transaction that changes keys.
    private func changing<R: Sendable>(
        _ body: sending (Transaction) async throws(PostgresError) -> R
    ) async throws(CaseStoreError) -> R {
        do {
            return try await pool.transaction(body)
        } catch .conflict(constraint: "issued_key_pkey"),
            .conflict(constraint: "issued_key_digest_key")
        {
            throw .taken
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// Takes hold of the client that has this key, so that of two that change its keys the second
    /// one, in its next statement, sees what the first one did; `nil` if nobody has it.
    private static func lock(
        clientOf key: Client.ID, in transaction: Transaction
    ) async throws(PostgresError) -> Client.ID? {
        let rows = try await transaction.query(
            """
            SELECT id FROM client_key
            WHERE id = (SELECT client FROM issued_key WHERE id = \(key.rawValue))
            FOR NO KEY UPDATE
            """)
        guard var cells = rows.first?.cells else { return nil }
        return try ReportRow.named(Client.ID.self, try cells.next(), column: 0)
    }

    /// How many keys of a client are not revoked, and how many of these are not retired either.
    private static func count(
        ofKeysOf client: Client.ID, now: Date, in transaction: Transaction
    ) async throws(PostgresError) -> (kept: Int, counting: Int) {
        let rows = try await transaction.query(
            """
            SELECT count(*), count(*) FILTER (WHERE \(counts(at: now))) FROM issued_key
            WHERE client = \(client.rawValue) AND revoked IS NULL
            """)
        guard var cells = rows.first?.cells else { throw .undecodable(column: 0) }
        return try (cells.next(), cells.next())
    }

    /// Whether a key of `issued_key` counts: neither revoked nor retired.
    static func counts(at time: Date) -> SQL {
        """
        issued_key.revoked IS NULL AND (issued_key.retires IS NULL OR issued_key.retires > \(time))
        """
    }

    /// Tells the other nodes, and the audit log at the end.
    private static func tell(
        _ entries: [AuditEntry], now: Date, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query("SELECT pg_notify(\(keyChannel), '')")
        _ = try await transaction.query(AuditRow.adding(entries, now: now))
    }

    private static func creation(of client: Client, _ key: Key) -> SQL {
        let profile = client.profile
        return """
            WITH made AS (
                INSERT INTO client_key (
                    id, digest, name, jurisdictions, scopes, absent, success, dialects, shared,
                    created)
                VALUES (
                    \(client.id.rawValue), \(KeyDigest(of: key.secret).bytes), \(client.name),
                    \(client.jurisdictions.map(\.rawValue).sorted()),
                    \(client.scopes.map(\.rawValue).sorted()), \(profile.absent.rawValue),
                    \(Int32(profile.created.rawValue)),
                    \(profile.dialects.map(\.rawValue).sorted()), \(client.holder == .everybody),
                    \(client.created))
                ON CONFLICT DO NOTHING
                RETURNING id, digest, created
            )
            INSERT INTO issued_key (id, client, digest, created)
            SELECT id, id, digest, created FROM made
            RETURNING id
            """
    }

    /// What a client may do, and where.
    private static func rights(of client: Client) -> [String: AuditEntry.Change] {
        let places = client.jurisdictions.map(\.rawValue).sorted().joined(separator: ",")
        return [
            "scopes": AuditEntry.Change(
                nil, client.scopes.map(\.rawValue).sorted().joined(separator: ",")),
            "jurisdictions": AuditEntry.Change(nil, places.isEmpty ? "everywhere" : places),
        ]
    }

    private static let issued: SQL =
        """
        SELECT issued_key.digest, issued_key.id, issued_key.created, issued_key.revoked,
            issued_key.retires, issued_key.notice, client_key.id, client_key.name, jurisdictions,
            scopes, absent, success, dialects, shared, client_key.created, client_key.revoked
        FROM issued_key JOIN client_key ON client_key.id = issued_key.client
        """

    private func issued(
        in rows: Rows
    ) async throws(CaseStoreError) -> [(digest: KeyDigest, key: IssuedKey)] {
        try await CaseStoreError.told { () throws(PostgresError) in
            var keys: [(digest: KeyDigest, key: IssuedKey)] = []
            for row in rows { keys.append(try Self.issued(in: row)) }
            return keys
        }
    }

    private static func issued(
        in row: Row
    ) throws(PostgresError) -> (digest: KeyDigest, key: IssuedKey) {
        var cells = row.cells
        let digest = KeyDigest(bytes: try cells.next())
        let id = try ReportRow.named(Client.ID.self, try cells.next(), column: 1)
        let (created, revoked) = try (cells.next(Date.self), cells.next(Date?.self))
        let (retires, notice) = try (cells.next(Date?.self), cells.next(String?.self))
        var client = try client(from: &cells)
        if let retires, let notice {
            client.retirement = Client.Retirement(date: retires, notice: notice)
        }
        return (digest, IssuedKey(id: id, client: client, created: created, revoked: revoked))
    }

    private static func client(from cells: inout Cells) throws(PostgresError) -> Client {
        let id = try ReportRow.named(Client.ID.self, try cells.next(), column: 6)
        let name = try cells.next(String.self)
        let jurisdictions = try cells.next([String].self).compactMap(
            Jurisdiction.ID.init(rawValue:))
        let scopes = try cells.next([String].self).compactMap(Client.Scope.init(rawValue:))
        let absent = Client.Profile.Absent(rawValue: try cells.next()) ?? .null
        let success = Client.Profile.Created(rawValue: try cells.next()) ?? .ok
        let dialects = try cells.next([String].self).compactMap(
            Client.Profile.Dialect.init(rawValue:))
        let profile = Client.Profile(
            absent: absent, created: success, dialects: Set(dialects))
        let holder: Client.Holder = try cells.next(Bool.self) ? .everybody : .program
        return try Client(
            id: id, name: name, jurisdictions: Set(jurisdictions), scopes: Set(scopes),
            profile: profile, holder: holder, created: cells.next(), revoked: cells.next())
    }
}
