import FoundationEssentials
import Reports

/// A GET of updates, understood (GR-13.1).
package struct UpdatesCall: Sendable, Equatable {
    package var filter: UpdateFilter
    package var view: ReportView

    package init(filter: UpdateFilter, view: ReportView = ReportView()) {
        self.filter = filter
        self.view = view
    }
}

extension Calls {
    /// Which updates a client wants to see (GR-13.1).
    ///
    /// FixMyStreet sends both dates; one alone is as good (GR-A65), and none asks for a day. All of
    /// the window is served, unless a page is asked for.
    package static func updates(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, stage: Stage,
        acceptLanguage: String? = nil, dialects: Set<Client.Profile.Dialect> = [], now: Date
    ) throws(Fault) -> UpdatesCall {
        var problems = Problems()
        let window = updatesWindow(parameters, now: now, &problems)
        var filter = UpdateFilter(
            jurisdiction: jurisdiction.id, stage: stage, from: window.from, to: window.to,
            page: updatesPage(parameters, &problems))
        let asked = parameters.list("service_request_id")
        filter.reports = reportIDs(asked, &problems)
        // Ids that cannot be ours name no report; without them, all reports would be asked for.
        if filter.reports.isEmpty, !asked.isEmpty {
            filter.page = UpdateFilter.Page(size: 0, offset: 0)
        }
        try problems.check()
        return UpdatesCall(
            filter: filter,
            view: view(parameters, acceptLanguage: acceptLanguage, dialects: dialects))
    }

    private static func updatesWindow(
        _ parameters: Parameters, now: Date, _ problems: inout Problems
    ) -> (from: Date, to: Date) {
        let start = time("start_date", .startOfDay, &problems) { () throws(Fault) in
            try parameters.value("start_date")
        }
        let end = time("end_date", .endOfDay, &problems) { () throws(Fault) in
            try parameters.value("end_date")
        }
        if let start, let end, start > end {
            problems.add("start_date is later than end_date")
        }
        let to = end ?? wholeSeconds(now)
        return (start ?? to - 86400, to)
    }

    private static func updatesPage(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> UpdateFilter.Page? {
        let asked = parameters.values(
            "page", "page_size", "per_page", "limit", "max_requests", "offset")
        guard !asked.isEmpty else { return nil }
        let size = pageSize(parameters, &problems)
        return UpdateFilter.Page(
            size: size, offset: offset(parameters, pageSize: size, &problems))
    }
}
