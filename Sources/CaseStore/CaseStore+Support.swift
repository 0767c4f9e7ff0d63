import FoundationEssentials
import Postgres
import Reports

/// What became of a "me too"; the number is how many people say so now.
package enum Supported: Sendable, Equatable {
    case counted(Int)
    /// This person supports the report already.
    case already(Int)
    /// There is no such report, or the public may not see it.
    case unknownReport
}

extension CaseStore {
    /// Counts a person's "me too", once; support for a merged report goes to the survivor.
    ///
    /// A person is known by each of e-mail, device and account that they give, as a keyed digest
    /// that differs from report to report: whoever is known by one of them is counted already.
    package func support(
        _ id: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage,
        by supporter: Supporter, client: Client.ID, now: Date
    ) async throws(CaseStoreError) -> Supported {
        let chain = ReportChain(report: id, jurisdiction: jurisdiction, stage: stage)
        let keys = try settings.sealer.keys()
        for _ in 0..<2 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    try await Self.support(
                        chain, by: supporter, client: client, now: now, keys, in: transaction)
                }
            } catch {
                // Whether the first try arrived shows in the second.
                guard error == .outcomeUnknown else { throw CaseStoreError(error) }
            }
        }
        throw .unavailable
    }

    private static func support(
        _ chain: ReportChain, by supporter: Supporter, client: Client.ID, now: Date,
        _ keys: DataKeys, in transaction: Transaction
    ) async throws(PostgresError) -> Supported {
        let held = try await transaction.query(
            """
            SELECT id, supports FROM report
            WHERE id = \(chain.survivor) AND visibility = 'public' AND published <= \(now)
            FOR NO KEY UPDATE
            """)
        guard var cells = held.first?.cells else { return .unknownReport }
        let report = try cells.next(String.self)
        let supports = Int(try cells.next(Int32.self))
        let names = supporter.names(at: report, client: client)
        let known = try persons(
            in: try await transaction.query(
                """
                SELECT person FROM contact.supporter
                WHERE report = \(report) AND person = ANY (\(names.flatMap { $0.marks(by: keys) }))
                """))
        let new = names.filter { known.isDisjoint(with: $0.marks(by: keys)) }
        _ = try await transaction.query(
            """
            INSERT INTO contact.supporter (report, person, client, created, sealed)
            SELECT \(report), person, \(client.rawValue), \(now), sealed
            FROM unnest(
                \(new.map { Octets($0.mark(by: keys.current)) }),
                \(new.map { Octets($0.sealed(at: report, keys)) })) AS given (person, sealed)
            ON CONFLICT DO NOTHING
            """)
        guard known.isEmpty else { return .already(supports) }
        _ = try await transaction.query(counting(report, in: chain.jurisdiction, now: now))
        return .counted(supports + 1)
    }

    private static func persons(in rows: Rows) throws(PostgresError) -> Set<Octets> {
        var persons: Set<Octets> = []
        for row in rows {
            var cells = row.cells
            persons.insert(try cells.next())
        }
        return persons
    }

    private static func counting(
        _ report: String, in jurisdiction: Jurisdiction.ID, now: Date
    ) -> SQL {
        var source = SystemRandomNumberGenerator()
        let content = Fingerprint.of { $0.add(report) }
        return """
            WITH counted AS (
                UPDATE report SET supports = supports + 1 WHERE id = \(report)
            )
            INSERT INTO event (id, report, kind, actor, recorded, path, content)
            VALUES (
                \(Event.ID(at: now, using: &source).uuid), \(report), 'supported', 'client', \(now),
                ARRAY[\(jurisdiction.rawValue)], \(content))
            """
    }
}

extension Supporter {
    /// The names by which the person is known at this report, none of which tells who it is.
    ///
    /// Devices and accounts are the client's own; an e-mail address is the same everywhere.
    fileprivate func names(at report: String, client: Client.ID) -> [SupporterName] {
        let names = [
            ("email", email, nil), ("device", deviceID, client.rawValue),
            ("account", accountID, client.rawValue),
        ]
        return names.compactMap { kind, name, owner in
            name.map { SupporterName(kind, owner, $0, at: report) }
        }
    }
}

/// A name by which a supporter is known at one report: a digest, of which a keyed one is kept (P3),
/// and itself sealed, so that another key can make another one.
struct SupporterName {
    private let digest: [UInt8]

    fileprivate init(_ kind: String, _ owner: String?, _ name: String, at report: String) {
        digest = Fingerprint.of { hash in
            for text in [report, kind, owner, name] { hash.add(text) }
        }
    }

    /// Of whoever has this e-mail address.
    init(email: String, at report: String) {
        self.init("email", nil, email, at: report)
    }

    /// What is kept in a row; without anything sealed it is the digest, from before there were keys.
    /// `nil` if no key of ours opens it.
    init?(_ person: [UInt8], sealed: [UInt8]?, at report: String, _ keys: DataKeys) {
        guard let sealed else {
            digest = person
            return
        }
        let row = Self.row(report, person)
        guard let opened = keys.open(sealed, .supporter, row) else { return nil }
        digest = opened
    }

    func mark(by key: DataKey) -> [UInt8] { key.mark(digest.hexadecimal, of: .supporter) }

    /// All that may be kept of it.
    func marks(by keys: DataKeys) -> [Octets] {
        [Octets(digest)] + keys.all.map { Octets(mark(by: $0)) }
    }

    func sealed(at report: String, _ keys: DataKeys) -> [UInt8] {
        keys.seal(digest, .supporter, Self.row(report, mark(by: keys.current)))
    }

    private static func row(_ report: String, _ person: [UInt8]) -> String {
        "\(report)/\(person.hexadecimal)"
    }
}
