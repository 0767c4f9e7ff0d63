import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// The published updates that the filter asks for, of public reports only: ascending by their
    /// publication (GR-13.1).
    ///
    /// Who asks for windows that follow each other, both ends inclusive, gets every update (D13):
    /// nothing appears before the end of a window that was read, as far as the end is not in the
    /// future. Who sent a report is told its own number of it (GR-13.1), and nobody else is. What has
    /// passed the peer that reads is left out (GR-18.5).
    package func updates(
        _ filter: UpdateFilter, for client: Client.ID? = nil, at reader: PeerReader? = nil,
        audience: ChangeFilter.Audience = .public, now: Date
    ) async throws(CaseStoreError) -> [Update] {
        let end = min(filter.to, now).wholeSeconds
        let clock = PublicationClock(jurisdiction: filter.jurisdiction, stage: filter.stage)
        if audience == .staff { _ = try settings.sealer.keys() }
        return try await CaseStoreError.told { () async throws(PostgresError) in
            try await clock.pass(end, on: pool)
            let rows = try await pool.query(
                UpdateRow.listed(
                    filter, for: client, at: reader, audience, until: end, now: now))
            var updates: [Update] = []
            updates.reserveCapacity(rows.count)
            for row in rows {
                var cells = row.cells
                var update = try UpdateRow.update(from: &cells)
                if audience == .staff,
                    let told = try UpdateRow.told(
                        of: update.id.rawValue, from: &cells, settings.sealer)
                {
                    update.description = told
                    update.isOriginal = true
                }
                updates.append(update)
            }
            return updates
        }
    }
}

/// A row of `"update"` as an `Update`: the columns, and beside them the code that reads them.
enum UpdateRow {
    static let columns: SQL = """
        "update".id, "update".report, "update".detail, "update".description, "update".published,
        "update".media, "update".external_status, "update".customer_reference, "update".service,
        foreign_number.number, "update".notify
        """

    /// What was said, of the columns of an original; `nil` if the public is shown it, or no key of
    /// ours opens it, which is noted.
    static func told(
        of update: String, from cells: inout Cells, _ sealer: Sealer
    ) throws(PostgresError) -> String? {
        try OriginalRow.Held(from: &cells).open(of: update, by: sealer)?.description
    }

    /// Whether an update tells a status to others: it changed that, or the report stands where this
    /// one said once more. Whatever else it told has been overruled since, as they will hear.
    static let tellsStatus: SQL = """
        ("update".kind NOT IN ('comment', 'moved') OR EXISTS (
            SELECT FROM event
            WHERE event.id = report.standing_event AND event."update" = "update".id))
        """

    /// What the filter asks for, up to this time at most.
    static func listed(
        _ filter: UpdateFilter, for client: Client.ID?, at reader: PeerReader?,
        _ audience: ChangeFilter.Audience, until end: Date, now: Date
    ) -> SQL {
        // Staff read what was said, and not what of it the public is shown.
        let isStaff = audience == .staff
        let columns: SQL =
            isStaff ? "\(columns), \(OriginalRow.columns(sealedIn: "original"))" : columns
        let originals: SQL =
            isStaff ? "LEFT JOIN contact.original ON original.\"update\" = \"update\".id" : ""
        var statement: SQL = """
            SELECT \(columns) FROM "update" JOIN report ON report.id = "update".report
                LEFT JOIN foreign_number ON foreign_number.report = "update".report
                    AND foreign_number.client = \(client?.rawValue)
                \(originals)
            WHERE "update".jurisdiction = \(filter.jurisdiction.rawValue)
                AND "update".stage = \(filter.stage.rawValue)
                AND "update".published >= \(filter.from.wholeSeconds)
                AND "update".published <= \(end)
                AND report.visibility = 'public' AND report.published <= \(now)
            """
        if !filter.reports.isEmpty {
            statement += " AND \"update\".report = ANY (\(filter.reports.map(\.rawValue)))"
        }
        if let reader { statement += " AND NOT \(reader.hasSeenUpdate)" }
        statement += " ORDER BY \"update\".published, \"update\".place"
        if let page = filter.page { statement += " LIMIT \(page.size) OFFSET \(page.offset)" }
        return statement
    }

    /// Reads the columns, and leaves the reader behind them.
    static func update(from cells: inout Cells) throws(PostgresError) -> Update {
        let (id, report, detail) = try (
            ReportRow.named(Update.ID.self, try cells.next(), column: 0),
            ReportRow.named(Report.ID.self, try cells.next(), column: 1),
            Detail(rawValue: try cells.next())
        )
        guard let detail else { throw .undecodable(column: 2) }
        var update = try Update(
            id: id, report: report, detail: detail, description: cells.next(),
            published: cells.next(), media: cells.next([String]?.self) ?? [],
            externalStatus: cells.next(), customerReference: cells.next(),
            service: cells.next(String?.self).flatMap(Service.Code.init(rawValue:)),
            foreignReport: cells.next())
        update.tells = try cells.next() ? .everybody : .nobody
        return update
    }
}
