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
    /// Fails with `taken` if another client's key has the same first characters.
    package func create(
        key: Key, name: String, jurisdictions: Set<Jurisdiction.ID> = [],
        scopes: Set<Client.Scope> = [.report],
        profile: Client.Profile = Client.Profile(), holder: Client.Holder = .program, now: Date
    ) async throws(CaseStoreError) -> Client {
        guard let id = Client.ID(rawValue: key.clientID) else { throw .defect("client id") }
        let rows = try await query(
            """
            INSERT INTO client_key (
                id, digest, name, jurisdictions, scopes, absent, success, dialects, shared,
                created)
            VALUES (
                \(id.rawValue), \(KeyDigest(of: key.secret).bytes), \(name),
                \(jurisdictions.map(\.rawValue).sorted()), \(scopes.map(\.rawValue).sorted()),
                \(profile.absent.rawValue), \(Int32(profile.created.rawValue)),
                \(profile.dialects.map(\.rawValue).sorted()), \(holder == .everybody),
                \(now.wholeSeconds))
            ON CONFLICT DO NOTHING
            RETURNING id
            """)
        guard !rows.isEmpty else { throw .taken }
        return Client(
            id: id, name: name, jurisdictions: jurisdictions, scopes: scopes, profile: profile,
            holder: holder, created: now.wholeSeconds)
    }

    /// All clients, revoked ones too, the oldest first: for operators.
    package func list() async throws(CaseStoreError) -> [Client] {
        let rows = try await query(
            "SELECT \(Self.clientColumns) FROM client_key ORDER BY created, id")
        return try await clients(in: rows).map(\.client)
    }

    /// The clients whose keys count, by what is known of their keys: for a ring in memory.
    package func clients() async throws(CaseStoreError) -> [KeyDigest: Client] {
        let rows = try await query(
            "SELECT \(Self.clientColumns) FROM client_key WHERE revoked IS NULL")
        let known = try await clients(in: rows)
        return Dictionary(known.map { ($0.digest, $0.client) }, uniquingKeysWith: { $1 })
    }

    /// The client of a key; `nil` if there is none, or it was revoked.
    package func client(of secret: String) async throws(CaseStoreError) -> Client? {
        let rows = try await query(
            """
            SELECT \(Self.clientColumns) FROM client_key
            WHERE digest = \(KeyDigest(of: secret).bytes) AND revoked IS NULL
            """)
        return try await clients(in: rows).first?.client
    }

    /// Makes a client's key worthless from now on; `false` if there is no such client.
    ///
    /// A second time changes nothing.
    package func revoke(_ id: Client.ID, now: Date) async throws(CaseStoreError) -> Bool {
        let rows = try await query(
            """
            UPDATE client_key SET revoked = coalesce(revoked, greatest(created, \(now)))
            WHERE id = \(id.rawValue)
            RETURNING id
            """)
        return !rows.isEmpty
    }

    private static let clientColumns: SQL =
        """
        id, digest, name, jurisdictions, scopes, absent, success, dialects, shared, created, revoked
        """

    private func clients(
        in rows: Rows
    ) async throws(CaseStoreError) -> [(digest: KeyDigest, client: Client)] {
        try await CaseStoreError.told { () throws(PostgresError) in
            var clients: [(digest: KeyDigest, client: Client)] = []
            for row in rows { clients.append(try Self.client(in: row)) }
            return clients
        }
    }

    private static func client(
        in row: Row
    ) throws(PostgresError) -> (digest: KeyDigest, client: Client) {
        var cells = row.cells
        let id = try ReportRow.named(Client.ID.self, try cells.next(), column: 0)
        let digest = KeyDigest(bytes: try cells.next())
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
        let client = Client(
            id: id, name: name, jurisdictions: Set(jurisdictions), scopes: Set(scopes),
            profile: profile, holder: holder,
            created: try cells.next(), revoked: try cells.next())
        return (digest, client)
    }
}
