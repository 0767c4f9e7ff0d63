import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Publishes the jurisdictions and their services; answers when each last changed (GR-3).
    ///
    /// A changeset moves only if what is published differs from before, and then always forward, by
    /// a whole second at least, so that it also sorts as text. Any number of nodes may publish at
    /// once. A jurisdiction that is no longer published keeps its reports.
    package func publish(
        _ catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> [Jurisdiction.ID: Date] {
        // In one order everywhere, so that nodes wait for each other and never in a circle.
        let jurisdictions = catalogue.jurisdictions.sorted { $0.id.rawValue < $1.id.rawValue }
        return try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                var changesets: [Jurisdiction.ID: Date] = [:]
                for jurisdiction in jurisdictions {
                    changesets[jurisdiction.id] = try await Self.publish(
                        jurisdiction, now: now, in: transaction)
                }
                return changesets
            }
        }
    }

    /// The services that a jurisdiction once published and no longer does, with their last names:
    /// their reports are still listed.
    package func withdrawnServices(
        of jurisdiction: Jurisdiction.ID
    ) async throws(CaseStoreError) -> [Service.Code: Localized] {
        let rows = try await query(
            """
            SELECT service.code, named.key, named.value
            FROM service, jsonb_each_text(service.name) AS named
            WHERE service.jurisdiction = \(jurisdiction.rawValue) AND withdrawn IS NOT NULL
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var names: [Service.Code: [Language: String]] = [:]
            for row in rows {
                var cells = row.cells
                let code = try ReportRow.named(Service.Code.self, try cells.next(), column: 0)
                let language = try ReportRow.named(Language.self, try cells.next(), column: 1)
                names[code, default: [:]][language] = try cells.next(String.self)
            }
            return names.mapValues { Localized($0) }
        }
    }

    private static func publish(
        _ jurisdiction: Jurisdiction, now: Date, in transaction: Transaction
    ) async throws(PostgresError) -> Date? {
        let id = jurisdiction.id.rawValue
        let content = Fingerprint.of { $0.add(jurisdiction) }
        let changed = try await transaction.query(
            """
            INSERT INTO jurisdiction AS held (id, slug, content, changeset)
            VALUES (\(id), \(jurisdiction.slug.rawValue), \(content), \(now.wholeSeconds))
            ON CONFLICT (id) DO UPDATE
            SET slug = excluded.slug, content = excluded.content,
                changeset = greatest(excluded.changeset, held.changeset + interval '1 second')
            WHERE held.content <> excluded.content
            RETURNING changeset
            """)
        if let row = changed.first {
            try await publish(jurisdiction.services, of: id, now: now, in: transaction)
            var cells = row.cells
            return try cells.next(Date.self)
        }
        let kept = try await transaction.query(
            "SELECT changeset FROM jurisdiction WHERE id = \(id)")
        guard var cells = kept.first?.cells else { return nil }
        return try cells.next(Date.self)
    }

    private static func publish(
        _ services: [Service], of jurisdiction: String, now: Date, in transaction: Transaction
    ) async throws(PostgresError) {
        let codes = services.map(\.code.rawValue)
        _ = try await transaction.query(
            """
            INSERT INTO service (jurisdiction, code, name)
            SELECT \(jurisdiction), given.code, given.name::jsonb
            FROM unnest(\(codes), \(services.map { JSONText.of($0.name) })) AS given (code, name)
            ON CONFLICT (jurisdiction, code) DO UPDATE
            SET name = excluded.name, withdrawn = NULL
            """)
        _ = try await transaction.query(
            """
            UPDATE service SET withdrawn = \(now)
            WHERE jurisdiction = \(jurisdiction) AND withdrawn IS NULL
                AND code <> ALL (\(codes))
            """)
    }
}
