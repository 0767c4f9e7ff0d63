import FoundationEssentials
import Reports

extension Calls {
    /// The longest range of the standard, and how far back a search without dates goes (GR-8.1).
    static let window: TimeInterval = 90 * 86400

    /// The bounds on times: inclusive, in whole seconds (GR-8.2).
    static func window(
        _ conditions: inout ReportFilter.Conditions, _ parameters: Parameters,
        of jurisdiction: Jurisdiction, now: Date, _ problems: inout Problems
    ) {
        let start = time("start_date", .startOfDay, &problems) { () throws(Fault) in
            try parameters.value("start_date")
        }
        let end = time("end_date", .endOfDay, &problems) { () throws(Fault) in
            try parameters.value("end_date")
        }
        conditions.updatedFrom = time("updated_after", .startOfDay, &problems) {
            () throws(Fault) in try parameters.value("updated_after", "updated")
        }
        conditions.updatedTo = time("updated_before", .endOfDay, &problems) {
            () throws(Fault) in try parameters.value("updated_before")
        }
        let hasUpdated = conditions.updatedFrom != nil || conditions.updatedTo != nil
        switch (start, end) {
        case (nil, nil) where hasUpdated: break
        case (nil, nil): conditions.requestedFrom = wholeSeconds(now) - window
        case (nil, let end?): conditions.requestedFrom = end - window
        case (let start?, _): conditions.requestedFrom = start
        }
        // Nothing is requested after now: an open end needs no bound.
        conditions.requestedTo = end
        if let start, let end { check(start, end, of: jurisdiction, &problems) }
        if let from = conditions.updatedFrom, let to = conditions.updatedTo, from > to {
            problems.add("updated_after is later than updated_before")
        }
    }

    /// Seconds without their fraction: what is printed as `:38Z` is found by a bound of `:38Z`
    /// (GR-21).
    static func wholeSeconds(_ time: Date) -> Date {
        Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
    }

    private static func check(
        _ start: Date, _ end: Date, of jurisdiction: Jurisdiction, _ problems: inout Problems
    ) {
        if start > end {
            problems.add("start_date is later than end_date")
        } else if jurisdiction.windowLimit == .refused, end.timeIntervalSince(start) > window {
            problems.add("start_date and end_date are more than 90 days apart")
        }
    }

    /// The time of a bound, in whole seconds.
    static func time(
        _ name: String, _ edge: DateTime.Edge, _ problems: inout Problems,
        _ value: () throws(Fault) -> String?
    ) -> Date? {
        guard let text = problems.collect(value) else { return nil }
        guard let time = DateTime.parse(text, dateOnly: edge) else {
            problems.add("\(name) is not a date and time such as 2026-04-14T06:37:38Z")
            return nil
        }
        return wholeSeconds(time)
    }
}
