import Reports

extension Calls {
    /// The order of a search; the newest first unless another one is asked for (GR-A20).
    static func sort(_ parameters: Parameters, _ problems: inout Problems) -> ReportFilter.Sort {
        guard let text = problems.collect({ () throws(Fault) in try parameters.value("sort") })
        else { return ReportFilter.Sort() }
        let isDescending = text.hasPrefix("-")
        let keys: [Substring: ReportFilter.Sort.Key] = [
            "created": .requested, "updated": .updated, "id": .id,
        ]
        if text == "distance" { return ReportFilter.Sort(key: .distance, direction: .ascending) }
        guard let key = keys[isDescending ? text.dropFirst() : text[...]] else {
            problems.add(
                "sort is none of distance, created, updated and id, the last three also with -")
            return ReportFilter.Sort()
        }
        return ReportFilter.Sort(key: key, direction: isDescending ? .descending : .ascending)
    }

    /// More than 1000 is served as 1000, and a header says so (peers.md 3.2, rule 11).
    static func pageSize(_ parameters: Parameters, _ problems: inout Problems) -> Int {
        let text = problems.collect { () throws(Fault) in
            try parameters.value("page_size", "per_page", "limit", "max_requests")
        }
        guard let text else { return 1000 }
        guard let size = wholeNumber(text), size > 0 else {
            problems.add("page_size is not a whole number from 1 on")
            return 1000
        }
        return min(size, 1000)
    }

    /// Where the page begins: behind a cursor, else at a page, else at an offset.
    static func start(
        _ parameters: Parameters, of filter: ReportFilter, _ problems: inout Problems
    ) -> ReportFilter.Page.Start {
        if let text = problems.collect({ () throws(Fault) in try parameters.value("cursor") }) {
            guard let cursor = Cursor(parsing: text), cursor.sort == filter.sort else {
                problems.add("cursor is not one that this search gave out")
                return .offset(0)
            }
            return .after(cursor.row)
        }
        return .offset(offset(parameters, pageSize: filter.page.size, &problems))
    }

    /// How many rows a page has in front of it.
    static func offset(
        _ parameters: Parameters, pageSize: Int, _ problems: inout Problems
    ) -> Int {
        if let text = problems.collect({ () throws(Fault) in try parameters.value("page") }) {
            guard let page = wholeNumber(text) else {
                problems.add("page is not a whole number from 1 on")
                return 0
            }
            return max(page - 1, 0) * pageSize
        }
        guard let text = problems.collect({ () throws(Fault) in try parameters.value("offset") })
        else { return 0 }
        guard let offset = wholeNumber(text) else {
            problems.add("offset is not a whole number from 0 on")
            return 0
        }
        return offset
    }

    /// A number of at most nine digits and nothing else, so that no product of it overflows.
    static func wholeNumber(_ text: String) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy(digits.contains) else {
            return nil
        }
        return Int(text)
    }
}
