import Postgres
import Reports

/// The reports that a statement found, as the server sent them: they are read when they are
/// written, and by many never as values.
package struct FoundReports: Sendable {
    private let rows: Rows
    private let range: Range<Int>
    private let jurisdiction: Jurisdiction.ID
    private let stage: Stage

    init(_ rows: Rows, in range: Range<Int>, of jurisdiction: Jurisdiction.ID, stage: Stage) {
        self.rows = rows
        self.range = range
        self.jurisdiction = jurisdiction
        self.stage = stage
    }

    package var count: Int { range.count }

    /// What of a report is to be read.
    package enum Content: Sendable { case withAnswers, withoutAnswers }

    /// Hands out the reports one after the other.
    package func forEach(
        _ content: Content, _ body: (ReportBytes) -> Void
    ) throws(CaseStoreError) {
        let answers: ReportRow.Answers = content == .withAnswers ? .read : .skipped
        do {
            try rows.forEach(in: range) { row throws(PostgresError) in
                body(try ReportRow.bytes(row, answers))
            }
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// The ids alone.
    package func ids() throws(CaseStoreError) -> [Report.ID] {
        do {
            var ids: [Report.ID] = []
            try rows.forEach(in: range) { row throws(PostgresError) in
                ids.append(try ReportRow.id(row))
            }
            return ids
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// The reports as values.
    package func values() throws(CaseStoreError) -> [Report] {
        do {
            return try ReportRow.reports(
                in: rows, range, of: jurisdiction, stage: stage)
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// The last one alone; none if there is none.
    var last: FoundReports { dropFirst(max(count - 1, 0)) }

    /// Those behind the first so many.
    func dropFirst(_ count: Int) -> FoundReports {
        FoundReports(
            rows, in: min(range.lowerBound + count, range.upperBound)..<range.upperBound,
            of: jurisdiction, stage: stage)
    }

    /// At most so many of the first.
    func prefix(_ count: Int) -> FoundReports {
        FoundReports(
            rows, in: range.lowerBound..<min(range.lowerBound + count, range.upperBound),
            of: jurisdiction, stage: stage)
    }
}

/// One page of a search, as the server sent it.
package struct FoundPage: Sendable {
    package let reports: FoundReports
    /// How many there are on all pages, if that was asked for or came for free.
    package let total: Int?
    /// Where the next page begins; `nil` on the last one.
    package let next: ReportFilter.Bookmark?
}
