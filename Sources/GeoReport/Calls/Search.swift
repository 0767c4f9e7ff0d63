import Reports

/// Which members of a report are shown, and in which languages its labels are.
package struct ReportView: Sendable, Equatable {
    package var extensions: Extensions
    /// The wanted languages, best first; the jurisdiction's own default follows by itself.
    package var languages: [Language]
    /// The habits of the client that reads it.
    package var dialects: Set<Client.Profile.Dialect>
    /// What stands in front of the names of stored pictures, without a slash at its end.
    package var mediaBase: String
    /// What happened to the reports that are shown; without an entry a report is shown without
    /// `notes`.
    package var notes: [Report.ID: [Note]]
    /// Where the reports that are shown began, for peers; without an entry it is not told.
    package var provenances: [Report.ID: ShownProvenance] = [:]
    /// The same of updates.
    package var updateProvenances: [Update.ID: ShownProvenance] = [:]

    /// Whether members beyond the seventeen of the standard are shown (GR-15.4).
    package enum Extensions: Sendable, Equatable {
        case none
        case included
    }

    package init(
        extensions: Extensions = .none, languages: [Language] = [],
        dialects: Set<Client.Profile.Dialect> = [], mediaBase: String = "",
        notes: [Report.ID: [Note]] = [:]
    ) {
        self.extensions = extensions
        self.languages = languages
        self.dialects = dialects
        self.mediaBase = mediaBase
        self.notes = notes
    }
}

/// A GET of reports, understood (GR-8).
package struct Search: Sendable, Equatable {
    package var filter: ReportFilter
    package var view: ReportView

    package init(filter: ReportFilter, view: ReportView = ReportView()) {
        self.filter = filter
        self.view = view
    }

    /// The value of `cursor` that continues this search behind a row.
    package func cursor(after row: ReportFilter.Bookmark) -> String {
        Cursor(sort: filter.sort, row: row).text
    }
}

/// Where a page ended, as clients see it: `rd1713076658000000.sofia-7F3K2M9Q`.
///
/// It names the order it belongs to, because a row's place in another order is another one.
struct Cursor: Equatable {
    let sort: ReportFilter.Sort
    let row: ReportFilter.Bookmark

    init(sort: ReportFilter.Sort, row: ReportFilter.Bookmark) {
        self.sort = sort
        self.row = row
    }

    /// A cursor, or `nil` if the text is none of ours.
    init?(parsing text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let sort = Self.order(parts[0].prefix(2)),
            let microseconds = Int64(parts[0].dropFirst(2)),
            let id = Report.ID(rawValue: String(parts[1]))
        else { return nil }
        self.sort = sort
        row = ReportFilter.Bookmark(microseconds: microseconds, id: id)
    }

    var text: String {
        let direction = sort.direction == .descending ? "d" : "a"
        return "\(sort.key.rawValue.prefix(1))\(direction)\(row.microseconds).\(row.id)"
    }

    private static func order(_ letters: Substring) -> ReportFilter.Sort? {
        guard letters.count == 2 else { return nil }
        let keys: [Character: ReportFilter.Sort.Key] = [
            "r": .requested, "u": .updated, "i": .id, "d": .distance,
        ]
        let directions: [Character: ReportFilter.Sort.Direction] = [
            "d": .descending, "a": .ascending,
        ]
        guard let key = letters.first.flatMap({ keys[$0] }),
            let direction = letters.last.flatMap({ directions[$0] })
        else { return nil }
        return ReportFilter.Sort(key: key, direction: direction)
    }
}
