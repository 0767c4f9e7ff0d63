import FoundationEssentials
import Postgres
import Reports

/// Imported reports of one jurisdiction and stage, none of them twice, that are taken in together.
struct HistoryBatch: Sendable {
    let reports: ArraySlice<ImportedReport>
    private let jurisdiction: Jurisdiction.ID
    private let stage: Stage

    private init(reports: ArraySlice<ImportedReport>, of first: ImportedReport) {
        self.reports = reports
        jurisdiction = first.jurisdiction
        stage = first.stage
    }

    /// The whole history, in its order, cut where a batch has to end.
    static func batches(of history: [ImportedReport], size: Int = 500) -> [HistoryBatch] {
        var batches: [HistoryBatch] = []
        var rest = history[...]
        while let first = rest.first {
            var seen: Set<ImportedReport.Identity> = []
            let reports = rest.prefix { report in
                seen.count < size && report.jurisdiction == first.jurisdiction
                    && report.stage == first.stage && seen.insert(report.identity).inserted
            }
            batches.append(HistoryBatch(reports: reports, of: first))
            rest = rest.dropFirst(reports.count)
        }
        return batches
    }

    /// The batch in two, or `nil` if it is one report.
    var halves: (HistoryBatch, HistoryBatch)? {
        guard reports.count > 1, let first = reports.first else { return nil }
        let half = reports.prefix(reports.count / 2)
        return (
            HistoryBatch(reports: half, of: first),
            HistoryBatch(reports: reports.dropFirst(half.count), of: first)
        )
    }

    /// Takes all of it in, and tells what became of each report.
    func take(
        now: Date, mint: @Sendable (Jurisdiction.Slug, Visibility) -> Report.ID, keys: DataKeys,
        in transaction: Transaction
    ) async throws(PostgresError) -> [Taken] {
        let good = reports.filter { $0.refusal == nil }
        guard !good.isEmpty else { return reports.map { .refused($0.refusal ?? .text) } }
        _ = try await transaction.query(lock)
        let held = try await held(among: good, in: transaction)
        var names = try await names(for: good.filter { held[$0.identity] == nil }, in: transaction)
        var added: [HistoryRow] = []
        var corrected: [HistoryRow] = []
        var outcomes: [Taken] = []
        for report in reports {
            if let refusal = report.refusal {
                outcomes.append(.refused(refusal))
                continue
            }
            let content = report.content
            if let held = held[report.identity] {
                outcomes.append(
                    held.content == content ? .unchanged(held.id) : .corrected(held.id))
                if held.content != content {
                    corrected.append(HistoryRow(report, id: held.id, content: content, now: now))
                }
            } else if case .ours(let id) = names[report.sourceID] {
                outcomes.append(.unchanged(id))
            } else {
                let name = names.removeValue(forKey: report.sourceID)
                let id = name?.free ?? mint(report.slug, report.visibility)
                outcomes.append(.added(id))
                added.append(HistoryRow(report, id: id, content: content, now: now))
            }
        }
        if !added.isEmpty {
            _ = try await transaction.query(
                HistoryRow.insert(added, into: jurisdiction, stage: stage, now: now))
        }
        if !corrected.isEmpty {
            _ = try await transaction.query(
                HistoryRow.correct(corrected, in: jurisdiction, now: now))
        }
        try await keepOriginals(of: added + corrected, keys, in: transaction)
        return outcomes
    }
}

extension HistoryBatch {
    /// Of what was corrected the source's last word counts, and no earlier one.
    private func keepOriginals(
        of rows: [HistoryRow], _ keys: DataKeys, in transaction: Transaction
    ) async throws(PostgresError) {
        guard !rows.isEmpty else { return }
        _ = try await transaction.query(
            "DELETE FROM contact.original WHERE report = ANY (\(rows.map(\.id.rawValue)))")
        let originals = rows.filter { !$0.original.isEmpty }.map { ($0.id, $0.original) }
        guard !originals.isEmpty else { return }
        _ = try await transaction.query(OriginalRow.keeping(originals, keys: keys))
    }

    private struct Held {
        let id: Report.ID
        let content: [UInt8]
    }

    /// What a source id can be as a public id.
    private enum Name {
        case free(Report.ID)
        /// Names a report that was reported to us: the history is our own export, come back.
        case ours(Report.ID)

        var free: Report.ID? {
            if case .free(let id) = self { id } else { nil }
        }
    }

    /// One import at a time per jurisdiction and stage; the others wait.
    private var lock: SQL { Self.lock(jurisdiction.rawValue, stage.rawValue) }

    /// The same, for whoever must not have an import beside it.
    static func lock(_ jurisdiction: String, _ stage: String) -> SQL {
        let name = "viaduct import \(jurisdiction) \(stage)"
        return "SELECT pg_advisory_xact_lock(hashtextextended(\(name), 0))"
    }

    /// What we hold of these reports.
    ///
    /// One look-up in the index for each: for `= ANY (…)` a planner that has no statistics yet
    /// expects nearly all rows, and reads the whole table for each batch of a large import.
    private func held(
        among good: [ImportedReport], in transaction: Transaction
    ) async throws(PostgresError) -> [ImportedReport.Identity: Held] {
        let rows = try await transaction.query(
            """
            SELECT wanted.id, wanted.requested, held.id, held.source_content
            FROM unnest(\(good.map(\.sourceID)), \(good.map(\.identity.requested)))
                AS wanted (id, requested), LATERAL (
                SELECT id, source_content FROM report
                WHERE jurisdiction = \(jurisdiction.rawValue) AND stage = \(stage.rawValue)
                    AND source_id = wanted.id AND requested = wanted.requested
                LIMIT 1
            ) AS held
            """)
        var held: [ImportedReport.Identity: Held] = [:]
        for row in rows {
            var cells = row.cells
            let identity = ImportedReport.Identity(
                sourceID: try cells.next(), requested: try cells.next())
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 2)
            held[identity] = Held(id: id, content: try cells.next())
        }
        return held
    }

    /// Beginnings of ids for which FixMyStreet switches off its check of dates (GR-2.7).
    private static let misread = ["JOB_", "DEFECT_"]

    /// The source ids that can be public ids, by themselves.
    private func names(
        for new: [ImportedReport], in transaction: Transaction
    ) async throws(PostgresError) -> [String: Name] {
        let wanted = new.compactMap { Report.ID(rawValue: $0.sourceID) }
            .filter { id in !Self.misread.contains { id.rawValue.hasPrefix($0) } }
        guard !wanted.isEmpty else { return [:] }
        var names: [String: Name] = [:]
        for id in wanted { names[id.rawValue] = .free(id) }
        let rows = try await transaction.query(
            """
            SELECT id,
                jurisdiction = \(jurisdiction.rawValue) AND stage = \(stage.rawValue)
                    AND source_id IS NULL
            FROM report WHERE id = ANY (\(wanted.map(\.rawValue)))
            """)
        for row in rows {
            var cells = row.cells
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            names[id.rawValue] = try cells.next(Bool.self) ? .ours(id) : nil
        }
        return names
    }
}
