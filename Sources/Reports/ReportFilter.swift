import FoundationEssentials

/// Which reports a search is about, in which order, and which page of them.
package struct ReportFilter: Sendable, Equatable {
    package var jurisdiction: Jurisdiction.ID
    package var stage: Stage
    /// What is searched: the reports of these ids, or those that meet the conditions.
    package var scope: Scope
    package var sort: Sort
    package var page: Page
    package var total: Total

    /// The reports in question.
    package enum Scope: Sendable, Equatable {
        /// Exactly these, in this order; unknown ones are left out (GR-8.2).
        case ids([Report.ID])
        case matching(Conditions)
    }

    /// What listed reports must meet; an empty list or `nil` asks nothing.
    package struct Conditions: Sendable, Equatable {
        package var services: [Service.Code] = []
        package var status: Status?
        package var details: [Detail] = []
        package var agencies: [String] = []
        /// Bounds on the time of reporting, both inclusive, in whole seconds.
        package var requestedFrom: Date?
        package var requestedTo: Date?
        /// What the bounds on the time of reporting are about.
        package var windowBasis = WindowBasis.requested
        /// Bounds on the time of the last change, both inclusive, in whole seconds.
        package var updatedFrom: Date?
        package var updatedTo: Date?
        /// Words to find in the public texts, at least two characters.
        package var text: String?
        /// Services whose name holds `text`, which the case store cannot know.
        package var servicesNamedByText: [Service.Code] = []
        package var circle: Circle?
        package var box: Box?

        package init() {}

        /// Which time of a report the bounds on the time of reporting are about.
        package enum WindowBasis: Sendable, Equatable {
            case requested
            /// Either that, or when the report was first listed (GR-18.3).
            case requestedOrPublished
        }
    }

    /// The order of the answer; ties are broken by id in the same direction.
    package struct Sort: Sendable, Equatable {
        package var key: Key
        package var direction: Direction

        package enum Key: String, Sendable {
            case requested, updated, id
            /// From the centre of the circle that is searched; without a circle it is by id.
            case distance
        }
        package enum Direction: Sendable { case ascending, descending }

        package init(key: Key = .requested, direction: Direction = .descending) {
            self.key = key
            self.direction = direction
        }
    }

    /// Which rows of the ordered answer.
    package struct Page: Sendable, Equatable {
        /// 1 to 1000.
        package var size: Int
        package var start: Start

        package enum Start: Sendable, Equatable {
            case offset(Int)
            /// Behind the row with this id and this sort time: stable while rows are added.
            case after(Bookmark)
        }

        package init(size: Int = 1000, start: Start = .offset(0)) {
            self.size = size
            self.start = start
        }
    }

    /// The last row of a page.
    package struct Bookmark: Sendable, Equatable {
        /// Microseconds since 1970 of the sort key; 0 when sorted by id or distance.
        package let microseconds: Int64
        package let id: Report.ID

        package init(microseconds: Int64, id: Report.ID) {
            self.microseconds = microseconds
            self.id = id
        }
    }

    /// Whether all matches are counted, which costs a pass over them.
    package enum Total: Sendable, Equatable {
        case counted
        case ifKnown
    }

    package init(
        jurisdiction: Jurisdiction.ID, stage: Stage = .production,
        scope: Scope = .matching(Conditions()), sort: Sort = Sort(), page: Page = Page(),
        total: Total = .ifKnown
    ) {
        self.jurisdiction = jurisdiction
        self.stage = stage
        self.scope = scope
        self.sort = sort
        self.page = page
        self.total = total
    }
}
