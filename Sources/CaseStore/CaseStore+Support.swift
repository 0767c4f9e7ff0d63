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
    /// A person is known by each of e-mail, device and account that they give, as a SHA-256 that
    /// differs from report to report: whoever is known by one of them is counted already.
    package func support(
        _ id: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage,
        by supporter: Supporter, client: Client.ID, now: Date
    ) async throws(CaseStoreError) -> Supported {
        let chain = ReportChain(report: id, jurisdiction: jurisdiction, stage: stage)
        for _ in 0..<2 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    try await Self.support(
                        chain, by: supporter, client: client, now: now, in: transaction)
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
        in transaction: Transaction
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
        let persons = supporter.persons(of: report, client: client)
        let known = try await transaction.query(
            """
            SELECT 1 FROM contact.supporter
            WHERE report = \(report) AND encode(person, 'hex') = ANY (\(persons))
            """)
        _ = try await transaction.query(
            """
            INSERT INTO contact.supporter (report, person, client, created)
            SELECT \(report), decode(given, 'hex'), \(client.rawValue), \(now)
            FROM unnest(\(persons)) AS given
            ON CONFLICT DO NOTHING
            """)
        guard known.isEmpty else { return .already(supports) }
        _ = try await transaction.query(counting(report, in: chain.jurisdiction, now: now))
        return .counted(supports + 1)
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
    fileprivate func persons(of report: String, client: Client.ID) -> [String] {
        let names = [
            ("email", email, nil), ("device", deviceID, client.rawValue),
            ("account", accountID, client.rawValue),
        ]
        return names.compactMap { kind, name, owner in
            guard let name else { return nil }
            let digest = Fingerprint.of { hash in
                for text in [report, kind, owner, name] { hash.add(text) }
            }
            return digest.hexadecimal
        }
    }
}
