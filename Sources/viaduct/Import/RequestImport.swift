import CaseStore
import Foundation
import GeoReport
import Reports

/// Takes reports of a source into the case store, piece by piece.
///
/// An actor, because it counts; pieces come one after the other.
actor RequestImport {
    private let store: CaseStore
    private let jurisdiction: Jurisdiction
    private let stage: Stage
    private let source: String
    private let progress: Progress
    private let complain: @Sendable (String) -> Void
    private(set) var summary = Summary()
    private var waiting: [(row: Int, report: ImportedReport)] = []

    /// What became of the rows.
    struct Summary: Equatable {
        var added = 0
        var unchanged = 0
        var corrected = 0
        var bad = 0

        var rows: Int { added + unchanged + corrected + bad }

        var sentence: String {
            "\(rows) rows: \(added) added, \(unchanged) already there, \(corrected) corrected, "
                + "\(bad) bad."
        }
    }

    init(
        into store: CaseStore, jurisdiction: Jurisdiction, stage: Stage = .production,
        source: String, progress: Progress, complain: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.jurisdiction = jurisdiction
        self.stage = stage
        self.source = source
        self.progress = progress
        self.complain = complain
    }

    /// Takes rows in, the first of which has this number.
    func take(
        _ rows: [Result<ReadReport, RowProblem>], first: Int, of total: Int? = nil, now: Date
    ) async throws {
        for (offset, row) in rows.enumerated() {
            switch row {
            case .success(let report): await add(report, row: first + offset, now: now)
            case .failure(let problem): await refuse(row: problem.row, problem.problem)
            }
            if waiting.count >= 500 { try await flush(now: now) }
        }
        try await flush(now: now)
        await progress.advance(by: rows.count, of: total)
    }

    private func add(_ read: ReadReport, row: Int, now: Date) async {
        do throws(ImportedReport.Problem) {
            let report = try ImportedReport(
                read, in: jurisdiction, source: source, stage: stage, now: now)
            waiting.append((row, report))
        } catch {
            await refuse(row: row, error.text)
        }
    }

    private func refuse(row: Int, _ reason: String) async {
        summary.bad += 1
        await progress.finish()
        complain("row \(row): \(reason)")
    }

    private func flush(now: Date) async throws {
        try Task.checkCancellation()
        let piece = waiting
        waiting = []
        let outcomes = try await store.take(piece.map(\.report), now: now)
        for ((row, _), outcome) in zip(piece, outcomes) {
            switch outcome {
            case .added: summary.added += 1
            case .unchanged: summary.unchanged += 1
            case .corrected: summary.corrected += 1
            case .refused(let refusal): await refuse(row: row, refusal.sentence)
            }
        }
    }
}
