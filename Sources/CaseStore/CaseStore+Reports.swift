import FoundationEssentials
import Postgres
import Reports

/// One page of a search.
package struct ReportPage: Sendable, Equatable {
    package let reports: [Report]
    /// How many there are on all pages, if that was asked for or came for free.
    package let total: Int?
    /// Where the next page begins; `nil` on the last one.
    package let next: ReportFilter.Bookmark?

    package init(reports: [Report], total: Int?, next: ReportFilter.Bookmark?) {
        self.reports = reports
        self.total = total
        self.next = next
    }
}

/// What a token stands for now (GR-7).
package enum TokenState: Sendable, Equatable {
    /// The report's id is not to be told yet.
    case pending
    case resolved(Report.ID)
}

extension CaseStore {
    /// One report; `nil` if there is none, or it is private (GR-A62).
    ///
    /// One that is not published yet is found, unlike in a search: its `published` says so (GR-A61).
    package func report(
        _ id: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage, now: Date
    ) async throws(CaseStoreError) -> Report? {
        let rows = try await query(
            """
            SELECT \(ReportRow.columns) FROM report
            WHERE id = \(id.rawValue) AND jurisdiction = \(jurisdiction.rawValue)
                AND stage = \(stage.rawValue) AND visibility = 'public'
            """)
        return try reports(in: rows, of: jurisdiction, stage: stage).first
    }

    /// The published reports that the filter asks for; private ones are never among them.
    package func reports(
        _ filter: ReportFilter, now: Date
    ) async throws(CaseStoreError) -> ReportPage {
        switch filter.scope {
        case .ids(let ids):
            try await page(of: ids, filter, now: now)
        case .matching(let conditions):
            try await page(of: Search(filter, conditions, now: now), filter)
        }
    }

    /// What the token stands for; `nil` if it was never given, or its time is long over.
    package func token(
        _ token: Token, in jurisdiction: Jurisdiction.ID, stage: Stage, now: Date
    ) async throws(CaseStoreError) -> TokenState? {
        let rows = try await query(
            """
            SELECT report.id, token.resolves <= \(now)
            FROM token JOIN report ON report.id = token.report
            WHERE token.id = \(token.rawValue) AND report.jurisdiction = \(jurisdiction.rawValue)
                AND report.stage = \(stage.rawValue)
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            return try cells.next(Bool.self) ? .resolved(id) : .pending
        }
    }

    private func page(
        of search: Search, _ filter: ReportFilter
    ) async throws(CaseStoreError) -> ReportPage {
        // One row more than asked for tells whether there is another page.
        let rows = try await query(search.page)
        let reports = try reports(
            in: rows.prefix(filter.page.size), of: filter.jurisdiction, stage: filter.stage)
        let isLast = rows.count <= filter.page.size
        var total = search.total(ifLastPageHolds: isLast ? reports.count : nil)
        if total == nil, filter.total == .counted {
            total = try await count(search)
        }
        return ReportPage(
            reports: reports, total: total,
            next: isLast ? nil : reports.last.map { search.bookmark(at: $0) })
    }

    private func count(_ search: Search) async throws(CaseStoreError) -> Int? {
        let rows = try await query(search.count)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return try cells.next(Int.self)
        }
    }

    /// Named reports in the order of their ids; a bookmark means the ids behind its own (GR-8.2).
    private func page(
        of ids: [Report.ID], _ filter: ReportFilter, now: Date
    ) async throws(CaseStoreError) -> ReportPage {
        let wanted = ids.uniqued
        let rows = try await query(Search.named(wanted, filter, now: now))
        let all = try reports(in: rows, of: filter.jurisdiction, stage: filter.stage)
        let rest: ArraySlice<Report> =
            switch filter.page.start {
            case .offset(let offset):
                all.dropFirst(offset)
            case .after(let bookmark):
                all.drop { $0.id != bookmark.id }.dropFirst()
            }
        let page = Array(rest.prefix(filter.page.size))
        let next = page.count < rest.count ? page.last : nil
        return ReportPage(
            reports: page, total: all.count,
            next: next.map { ReportFilter.Bookmark(microseconds: 0, id: $0.id) })
    }

    private func reports(
        in rows: some Sequence<Row>, of jurisdiction: Jurisdiction.ID, stage: Stage
    ) throws(CaseStoreError) -> [Report] {
        do {
            return try ReportRow.reports(in: rows, of: jurisdiction, stage: stage)
        } catch {
            throw CaseStoreError(error)
        }
    }
}

extension [Report.ID] {
    /// Each id once, at its first place.
    fileprivate var uniqued: [Report.ID] {
        var seen: Set<Report.ID> = []
        return filter { seen.insert($0).inserted }
    }
}
