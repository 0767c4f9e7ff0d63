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
        try await find(id, in: jurisdiction, stage: stage) { found throws(CaseStoreError) in
            try found.values().first
        }
    }

    /// The published reports that the filter asks for; private ones are never among them.
    package func reports(
        _ filter: ReportFilter, now: Date
    ) async throws(CaseStoreError) -> ReportPage {
        let page = try await find(filter, now: now)
        return ReportPage(reports: try page.reports.values(), total: page.total, next: page.next)
    }

    /// As `report`, to be written and not to be worked with: none or one, read as `Pool.find` says.
    package func find<Found: Sendable>(
        _ id: Report.ID, in jurisdiction: Jurisdiction.ID, stage: Stage,
        _ read: @escaping @Sendable (FoundReports) throws(CaseStoreError) -> Found
    ) async throws(CaseStoreError) -> Found {
        let lookUp = Self.lookUp(in: jurisdiction, stage: stage)
        let found: Result<Found, CaseStoreError>
        do {
            found = try await pool.find(id.rawValue, by: lookUp) { rows in
                let place = rows.firstIndex(ofKey: id.rawValue)
                let reports = FoundReports(
                    rows, in: place.map { $0..<$0 + 1 } ?? 0..<0, of: jurisdiction, stage: stage)
                return Result { () throws(CaseStoreError) in try read(reports) }
            }
        } catch {
            throw CaseStoreError(error)
        }
        return try found.get()
    }

    /// Public reports of one jurisdiction by their ids.
    private static func lookUp(in jurisdiction: Jurisdiction.ID, stage: Stage) -> LookUp {
        LookUp(named: jurisdiction.rawValue + " " + stage.rawValue) { ids in
            let named: SQL = ids.count == 1 ? "id = \(ids[0])" : "id = ANY (\(ids))"
            return """
                SELECT \(ReportRow.columns) FROM report
                WHERE \(named) AND jurisdiction = \(jurisdiction.rawValue)
                    AND stage = \(stage.rawValue) AND visibility = 'public'
                """
        }
    }

    /// As `reports`, to be written and not to be worked with.
    ///
    /// What the reader knows already is left out, unless it is asked for by its id (GR-18.5).
    package func find(
        _ filter: ReportFilter, for reader: PeerReader? = nil, now: Date
    ) async throws(CaseStoreError) -> FoundPage {
        switch filter.scope {
        case .ids(let ids):
            try await page(of: ids, filter, now: now)
        case .matching(let conditions):
            try await page(of: Search(filter, conditions, for: reader, now: now), filter)
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
    ) async throws(CaseStoreError) -> FoundPage {
        // One row more than asked for tells whether there is another page.
        let rows = try await search.isQuick ? read(search.page) : query(search.page)
        let reports = FoundReports(
            rows, in: rows.indices, of: filter.jurisdiction, stage: filter.stage
        ).prefix(filter.page.size)
        let isLast = rows.count <= filter.page.size
        var total = search.total(ifLastPageHolds: isLast ? reports.count : nil)
        if total == nil, filter.total == .counted {
            total = try await count(search)
        }
        var next: ReportFilter.Bookmark?
        if !isLast {
            try reports.last.forEach(.withoutAnswers) { next = search.bookmark(at: $0) }
        }
        return FoundPage(reports: reports, total: total, next: next)
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
    ) async throws(CaseStoreError) -> FoundPage {
        let wanted = ids.uniqued
        let rows = try await query(Search.named(wanted, filter, now: now))
        let all = FoundReports(
            rows, in: rows.indices, of: filter.jurisdiction, stage: filter.stage)
        let rest: FoundReports
        switch filter.page.start {
        case .offset(let offset):
            rest = all.dropFirst(offset)
        case .after(let bookmark):
            let place = try all.values().firstIndex { $0.id == bookmark.id }
            rest = all.dropFirst(place.map { $0 + 1 } ?? all.count)
        }
        let page = rest.prefix(filter.page.size)
        let next = page.count < rest.count ? try page.last.values().first : nil
        return FoundPage(
            reports: page, total: all.count,
            next: next.map { ReportFilter.Bookmark(microseconds: 0, id: $0.id) })
    }
}

extension [Report.ID] {
    /// Each id once, at its first place.
    fileprivate var uniqued: [Report.ID] {
        var seen: Set<Report.ID> = []
        return filter { seen.insert($0).inserted }
    }
}
