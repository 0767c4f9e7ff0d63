import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// What `mask` changed.
    package struct Masked: Sendable, Equatable {
        package var reports = 0
        package var updates = 0
        /// What stays as it is, because no key of ours opens what was told.
        package var unreadable = 0

        package init() {}
    }

    /// Shows the public of everything as much as the catalogue says now: for what came before the
    /// settings were changed, or before there were masks.
    ///
    /// In batches, each whole or not at all; done again it changes nothing. The times of reports
    /// stay, so that who reads only what is new does not read it again.
    package func mask(in catalogue: Catalogue) async throws(CaseStoreError) -> Masked {
        let keys = try settings.sealer.keys()
        var masked = Masked()
        for kind in MaskedBatch.Kind.allCases {
            var last = ""
            while !Task.isCancelled {
                let batch = MaskedBatch(
                    kind: kind, last: last, catalogue: catalogue, keys: keys)
                let done = try await CaseStoreError.told { () async throws(PostgresError) in
                    try await pool.transaction { transaction async throws(PostgresError) in
                        try await batch.mask(in: transaction)
                    }
                }
                guard let end = done.last else { break }
                last = end
                masked.unreadable += done.unreadable
                switch kind {
                case .reports: masked.reports += done.count
                case .updates: masked.updates += done.count
                }
            }
        }
        return masked
    }
}

/// Some reports or updates, in the order of their ids, whose public texts are made anew.
private struct MaskedBatch: Sendable {
    let kind: Kind
    /// The id behind which it begins.
    let last: String
    let catalogue: Catalogue
    let keys: DataKeys

    enum Kind: CaseIterable { case reports, updates }

    /// What was done with a batch.
    struct Done: Sendable {
        /// Its last id, `nil` if there is none.
        var last: String?
        /// How many were changed.
        var count = 0
        var unreadable = 0
    }

    func mask(in transaction: Transaction) async throws(PostgresError) -> Done {
        switch kind {
        case .reports: try await maskReports(in: transaction)
        case .updates: try await maskUpdates(in: transaction)
        }
    }

    private func maskReports(in transaction: Transaction) async throws(PostgresError) -> Done {
        // First of all: behind an erasure, the originals are read as they are after it.
        _ = try await transaction.query(
            "SELECT FROM report WHERE id > \(last) ORDER BY id LIMIT 500 FOR UPDATE")
        let rows = try await transaction.query(
            """
            SELECT report.id, report.jurisdiction, report.service,
                \(OriginalRow.columns(of: "report")), \(OriginalRow.columns(sealedIn: "original"))
            FROM report LEFT JOIN contact.original ON original.report = report.id
            WHERE report.id > \(last) ORDER BY report.id LIMIT 500 FOR UPDATE OF report
            """)
        var done = Done()
        for row in rows {
            var cells = row.cells
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            let place = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 1)
            let service = try ReportRow.named(Service.Code.self, try cells.next(), column: 2)
            let current = try OriginalRow.original(from: &cells)
            let held = try OriginalRow.Held(from: &cells)
            done.last = id.rawValue
            guard let kept = held.open(of: id.rawValue, keys: keys) else {
                done.unreadable += 1
                continue
            }
            guard let disclosure = disclosure(of: service, in: place) else { continue }
            let (shown, original) = disclosure.shown(of: current.restored(by: kept))
            guard shown != current || original != kept else { continue }
            done.count += 1
            _ = try await transaction.query(Self.showing(shown, of: id))
            _ = try await transaction.query(
                "DELETE FROM contact.original WHERE report = \(id.rawValue)")
            guard !original.isEmpty else { continue }
            _ = try await transaction.query(OriginalRow.keeping([(id, original)], keys: keys))
        }
        return done
    }

    /// `nil` of what the settings do not name any more: nothing says that it may be shown as it is.
    private func disclosure(of code: Service.Code, in place: Jurisdiction.ID) -> Disclosure? {
        guard let jurisdiction = catalogue.jurisdiction(place),
            let service = jurisdiction.service(code)
        else { return nil }
        return Disclosure(jurisdiction, service)
    }

    private static func showing(_ shown: Original, of id: Report.ID) -> SQL {
        """
        UPDATE report SET title = \(shown.title), description = \(shown.description),
            address = \(shown.address), address_id = \(shown.addressID),
            latitude = \(shown.coordinate?.latitude), longitude = \(shown.coordinate?.longitude),
            answers = \(shown.answers.flatMap { JSONText.of($0) })::jsonb
        WHERE id = \(id.rawValue)
        """
    }

    /// Those of staff stay as they are. With the reports in hand: an erasure beside this one would
    /// leave the original behind that this one keeps.
    private func maskUpdates(in transaction: Transaction) async throws(PostgresError) -> Done {
        _ = try await transaction.query(
            """
            SELECT FROM report WHERE id IN (
                SELECT report FROM "update" WHERE id > \(last) ORDER BY id LIMIT 500)
            ORDER BY id FOR UPDATE
            """)
        let rows = try await transaction.query(
            """
            SELECT told.id, told.report, told.jurisdiction, told.description,
                \(OriginalRow.columns(sealedIn: "original")), EXISTS (
                    SELECT FROM event WHERE event.report = told.report
                        AND event."update" = told.id AND actor = 'operator')
            FROM "update" AS told JOIN report ON report.id = told.report
                LEFT JOIN contact.original ON original."update" = told.id
            WHERE told.id > \(last) ORDER BY told.id LIMIT 500 FOR UPDATE OF report, told
            """)
        var done = Done()
        for row in rows {
            var cells = row.cells
            let id = try cells.next(String.self)
            let report = try cells.next(String.self)
            let place = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 2)
            let current = try cells.next(String?.self)
            let held = try OriginalRow.Held(from: &cells)
            let isStaffs = try cells.next(Bool.self)
            done.last = id
            guard let current, !isStaffs else { continue }
            guard let kept = held.open(of: id, keys: keys) else {
                done.unreadable += 1
                continue
            }
            let masking = catalogue.jurisdiction(place)?.privacy.masking ?? .on
            let whole = kept.description ?? current
            let shown = masking.masked(whole)
            guard shown != current else { continue }
            done.count += 1
            for statement in showing(
                shown, insteadOf: current, whole: whole, update: id, report: report)
            { _ = try await transaction.query(statement) }
        }
        return done
    }

    /// What the last update said, the report says as well.
    private func showing(
        _ shown: String, insteadOf current: String, whole: String, update: String, report: String
    ) -> [SQL] {
        let statements: [SQL] = [
            "UPDATE \"update\" SET description = \(shown) WHERE id = \(update)",
            """
            UPDATE report SET status_notes = \(shown)
            WHERE id = \(report) AND status_notes = \(current)
            """,
            "DELETE FROM contact.original WHERE \"update\" = \(update)",
        ]
        guard shown != whole else { return statements }
        return statements + [
            """
            INSERT INTO contact.original ("update", sealed)
            SELECT \(update), \(OriginalRow.sealed(Original(description: whole), of: update, keys))
            WHERE NOT EXISTS (
                SELECT FROM tombstone WHERE report = \(report) AND part IN ('contact', 'text'))
            """
        ]
    }
}
