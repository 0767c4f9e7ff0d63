import FoundationEssentials
import Postgres
import Reports

/// What became of a picture that was fetched.
package enum Kept: Sendable, Equatable {
    case kept
    /// It was decided before: by another worker, or by a first try whose answer was lost.
    case decided
}

extension CaseStore {
    /// Shows a fetched picture, whose file lies there already, at its place among the others.
    ///
    /// The report or update names it, and the change is an event; a second time changes nothing.
    @discardableResult
    package func keep(
        _ id: DuePicture.ID, name: StoredPicture.Name, bytes: Int, now: Date
    ) async throws(CaseStoreError) -> Kept {
        let picture = StoredPicture(name: name, bytes: bytes)
        let quota = settings.pictureQuota
        return try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                let keeping = PictureKeeping(
                    id: id, picture: picture, now: now, transaction: transaction)
                return try await keeping.keep(quota: quota)
            }
        }
    }
}

/// The statements by which a fetched picture gets its place.
private struct PictureKeeping {
    let id: DuePicture.ID
    let picture: StoredPicture
    let now: Date
    let transaction: Transaction

    /// Whose picture it is.
    struct Owner {
        let report: Report.ID
        let update: String?
        let client: String
        let jurisdiction: Jurisdiction.ID
        let stage: Stage
    }

    func keep(quota: Int) async throws(PostgresError) -> Kept {
        guard let owner = try await owner(), let report = try await lock(owner),
            try await mark()
        else { return .decided }
        try await charge(owner, quota: quota)
        guard let update = owner.update else { return try await show(in: report) }
        return try await show(in: update, of: report)
    }

    private func owner() async throws(PostgresError) -> Owner? {
        let rows = try await transaction.query(
            """
            SELECT report.id, media."update", media.client, report.jurisdiction, report.stage
            FROM media JOIN report ON report.id = media.report
            WHERE media.id = \(id.rawValue) AND media.state = 'pending'
            """)
        guard var cells = rows.first?.cells else { return nil }
        return try Owner(
            report: ReportRow.named(Report.ID.self, cells.next(), column: 0),
            update: cells.next(), client: cells.next(),
            jurisdiction: ReportRow.named(Jurisdiction.ID.self, cells.next(), column: 3),
            stage: cells.next(String.self) == Stage.test.rawValue ? .test : .production)
    }

    /// The report, before the picture's row: whoever changes a report locks it first.
    private func lock(_ owner: Owner) async throws(PostgresError) -> Report? {
        let rows = try await transaction.query(
            """
            SELECT \(ReportRow.columns) FROM report WHERE id = \(owner.report.rawValue)
            FOR NO KEY UPDATE
            """)
        return try ReportRow.reports(in: rows, of: owner.jurisdiction, stage: owner.stage).first
    }

    /// Whether it was still to be decided.
    private func mark() async throws(PostgresError) -> Bool {
        let rows = try await transaction.query(
            """
            UPDATE media SET state = 'stored', name = \(picture.name.rawValue), due = NULL
            WHERE id = \(id.rawValue) AND state = 'pending'
            RETURNING id
            """)
        return !rows.isEmpty
    }

    /// Counts it for its client, up to all that there is: it is here already.
    private func charge(_ owner: Owner, quota: Int) async throws(PostgresError) {
        _ = try await transaction.query(
            """
            INSERT INTO media_quota AS used (client, day, bytes, most)
            VALUES (
                \(owner.client), \(CaseStore.day(now)), \(min(picture.bytes, quota)), \(quota))
            ON CONFLICT (client, day) DO UPDATE
            SET bytes = least(used.bytes + excluded.bytes, excluded.most), most = excluded.most
            """)
    }
}

extension PictureKeeping {
    /// A report with a new picture has changed; one that is closed keeps the time of its closing
    /// (GR-A43).
    private func show(in report: Report) async throws(PostgresError) -> Kept {
        var report = report
        report.media = try await media(of: report.id, update: nil, beside: report.media)
        _ = try await transaction.query(
            """
            UPDATE report SET media = \(report.media),
                updated = CASE status WHEN 'open' THEN greatest(updated, \(now.wholeSeconds))
                    ELSE updated END
            WHERE id = \(report.id.rawValue)
            """)
        try await tell(report, update: nil)
        return .kept
    }

    private func show(in update: String, of report: Report) async throws(PostgresError) -> Kept {
        let rows = try await transaction.query(
            """
            SELECT media FROM "update" WHERE id = \(update)
            """)
        guard var cells = rows.first?.cells else { return .decided }
        let shown = try await media(
            of: report.id, update: update, beside: cells.next([String]?.self) ?? [])
        _ = try await transaction.query(
            """
            UPDATE "update" SET media = \(shown) WHERE id = \(update)
            """)
        try await tell(report, update: update)
        return .kept
    }

    /// The addresses that were there, and behind them the names of all that is stored.
    private func media(
        of report: Report.ID, update: String?, beside shown: [String]
    ) async throws(PostgresError) -> [String] {
        let rows = try await transaction.query(
            """
            SELECT name FROM media
            WHERE report = \(report.rawValue) AND "update" IS NOT DISTINCT FROM \(update)
                AND state = 'stored'
            ORDER BY ordinal
            """)
        var media = shown.filter { StoredPicture.Name(rawValue: $0) == nil }
        for row in rows {
            var cells = row.cells
            let name = try cells.next(String.self)
            if !media.contains(name) { media.append(name) }
        }
        return media
    }

    private func tell(_ report: Report, update: String?) async throws(PostgresError) {
        var source = SystemRandomNumberGenerator()
        _ = try await transaction.query(
            """
            INSERT INTO event (
                id, report, "update", kind, actor, recorded, path, content)
            VALUES (
                \(Event.ID(at: now, using: &source).uuid), \(report.id.rawValue), \(update),
                'pictured', 'system', \(now), \([report.jurisdiction.rawValue]), \(report.content))
            """)
    }
}
