import FoundationEssentials
import Postgres
import Reports

/// The statements of one search, put together from parts with bound values only.
///
/// Lists are bound as one array and limits as values, so that searches of one kind have one text,
/// and stay prepared.
struct Search {
    private let filter: ReportFilter
    private let conditions: SQL
    /// From where distances count, if the answer is in their order.
    private let origin: Coordinate?
    /// Whether one index gives the matches in their order, whatever the values: then one plan serves
    /// all of them. The other searches are planned for their values.
    private let isReadInOrder: Bool
    /// Whether some of what matches is left out, so that it may be far to the next row.
    private let isSifted: Bool

    init(
        _ filter: ReportFilter, _ conditions: ReportFilter.Conditions,
        for reader: PeerReader? = nil,
        now: Date
    ) {
        self.filter = filter
        let news: [SQL] = reader.map { ["NOT (\($0.hasSeen) OR \($0.gave))"] } ?? []
        self.conditions =
            ([Self.visible(filter, now: now)] + Self.parts(of: conditions) + news)
            .joined(separator: " AND ")
        isSifted = reader != nil
        isReadInOrder = conditions.areReadInOrder(by: filter.sort.key)
        origin = filter.sort.key == .distance ? conditions.circle?.center : nil
    }

    /// The page's rows and one more, if there is one.
    var page: SQL {
        let (offset, matches) = start
        var rows: SQL = "LIMIT \(filter.page.size + 1)"
        if offset > 0 { rows += " OFFSET \(offset)" }
        guard isReadInOrder, let bound = Self.bound(on: offset + filter.page.size + 1) else {
            return
                "SELECT \(ReportRow.columns) FROM report WHERE \(matches) ORDER BY \(order) \(rows)"
        }
        return """
            SELECT \(ReportRow.columns) FROM (
                SELECT \(ReportRow.columns) FROM report WHERE \(matches) ORDER BY \(order) \(bound)
            ) AS report ORDER BY \(order) \(rows)
            """
    }

    /// How many rows are passed over, and the conditions with those of a bookmark.
    private var start: (offset: Int, matches: SQL) {
        switch filter.page.start {
        case .offset(let offset): (offset, conditions)
        case .after(let bookmark): (0, "\(conditions) AND \(behind(bookmark))")
        }
    }

    /// A limit that the planner can read, no smaller than `rows`.
    ///
    /// It takes a bound limit for a tenth of all matches, finds every plan without the values
    /// dearer than one with them, and so plans each hot search anew, which takes three times as long as
    /// running it. Few sizes, so that there are few texts to prepare.
    private static func bound(on rows: Int) -> SQL? {
        switch rows {
        case ...11: "LIMIT 11"
        case ...51: "LIMIT 51"
        case ...101: "LIMIT 101"
        case ...251: "LIMIT 251"
        case ...501: "LIMIT 501"
        case ...1001: "LIMIT 1001"
        default: nil
        }
    }

    /// Whether the page is a few rows at one place of an index. With a status it may be far to the
    /// next row that has it.
    var isQuick: Bool {
        guard case .matching(let wanted) = filter.scope, isReadInOrder, !isSifted else {
            return false
        }
        return wanted.status == nil && start.offset + filter.page.size <= 100
    }

    /// All matches in their order, page or no page.
    var everything: SQL {
        "SELECT \(ReportRow.columns) FROM report WHERE \(conditions) ORDER BY \(order)"
    }

    /// The number of matches on all pages.
    var count: SQL {
        "SELECT count(*) FROM report WHERE \(conditions)"
    }

    /// The number of all matches as far as the page itself tells.
    func total(ifLastPageHolds rows: Int?) -> Int? {
        guard let rows, case .offset(let offset) = filter.page.start else { return nil }
        return rows > 0 || offset == 0 ? offset + rows : nil
    }

    /// The place of a report in the order of the answer.
    func bookmark(at report: ReportBytes) -> ReportFilter.Bookmark? {
        guard let id = Report.ID(rawValue: String(decoding: report.id, as: UTF8.self)) else {
            return nil
        }
        let time: Date? =
            switch filter.sort.key {
            case .requested: report.requested
            case .updated: report.updated
            case .id, .distance: nil
            }
        let seconds = time.flatMap { Int64(exactly: $0.timeIntervalSince1970.rounded(.down)) }
        return ReportFilter.Bookmark(microseconds: (seconds ?? 0) * 1_000_000, id: id)
    }

    /// The named reports that may be shown, in the order of their names.
    static func named(_ ids: [Report.ID], _ filter: ReportFilter, now: Date) -> SQL {
        """
        SELECT \(ReportRow.columns)
        FROM unnest(\(ids.map(\.rawValue))) WITH ORDINALITY AS asked (name, place)
            JOIN report ON report.id = asked.name
        WHERE \(visible(filter, now: now))
        ORDER BY asked.place
        """
    }

    /// What holds for whatever is listed, the way the partial indexes say it.
    private static func visible(_ filter: ReportFilter, now: Date) -> SQL {
        """
        jurisdiction = \(filter.jurisdiction.rawValue) AND stage = \(filter.stage.rawValue)
            AND visibility = 'public' AND published <= \(now)
        """
    }

    private var order: SQL {
        if let origin {
            let distance = Self.distance(from: origin)
            return filter.sort.direction == .ascending
                ? "\(distance), id" : "\(distance) DESC, id DESC"
        }
        return switch (filter.sort.key, filter.sort.direction) {
        case (.requested, .descending): "requested DESC, id DESC"
        case (.requested, .ascending): "requested, id"
        case (.updated, .descending): "updated DESC, id DESC"
        case (.updated, .ascending): "updated, id"
        case (.id, .descending), (.distance, .descending): "id DESC"
        case (.id, .ascending), (.distance, .ascending): "id"
        }
    }

    private func behind(_ bookmark: ReportFilter.Bookmark) -> SQL {
        let time = Date(timeIntervalSince1970: Double(bookmark.microseconds) / 1_000_000)
        let id = bookmark.id.rawValue
        if let origin {
            // Where the row is is asked again: a distance that was told could be rounded otherwise.
            let distance = Self.distance(from: origin)
            let here: SQL = "(SELECT \(distance) FROM report WHERE id = \(id))"
            return filter.sort.direction == .ascending
                ? "(\(distance), id) > (\(here), \(id))" : "(\(distance), id) < (\(here), \(id))"
        }
        return switch (filter.sort.key, filter.sort.direction) {
        case (.requested, .descending): "(requested, id) < (\(time), \(id))"
        case (.requested, .ascending): "(requested, id) > (\(time), \(id))"
        case (.updated, .descending): "(updated, id) < (\(time), \(id))"
        case (.updated, .ascending): "(updated, id) > (\(time), \(id))"
        case (.id, .descending), (.distance, .descending): "id < \(id)"
        case (.id, .ascending), (.distance, .ascending): "id > \(id)"
        }
    }
}

extension Search {
    /// One part for each condition that asks something.
    private static func parts(of wanted: ReportFilter.Conditions) -> [SQL] {
        var parts: [SQL] = []
        if wanted.services.count == 1 {
            // As a comparison and not a list of one, so that the index also gives the order.
            parts.append("service = \(wanted.services[0].rawValue)")
        } else if !wanted.services.isEmpty {
            parts.append("service = ANY (\(wanted.services.map(\.rawValue)))")
        }
        if let status = wanted.status { parts.append("status = \(status.rawValue)") }
        if !wanted.details.isEmpty {
            parts.append("detail = ANY (\(wanted.details.map(\.rawValue)))")
        }
        if !wanted.agencies.isEmpty { parts.append("agency = ANY (\(wanted.agencies))") }
        parts += times(wanted)
        if let text = wanted.text { parts.append(holds(text, wanted.servicesNamedByText)) }
        if let box = wanted.box { parts += inside(box) }
        if let circle = wanted.circle { parts += inside(circle) }
        return parts
    }

    /// Bounds are inclusive and in whole seconds, as the stored times are.
    private static func times(_ wanted: ReportFilter.Conditions) -> [SQL] {
        var parts = toldOrListed(wanted)
        if let time = wanted.updatedFrom { parts.append("updated >= \(time.wholeSeconds)") }
        if let time = wanted.updatedTo { parts.append("updated <= \(time.wholeSeconds)") }
        return parts
    }

    /// The bounds on the time of reporting, and on that of the first listing if either will do.
    private static func toldOrListed(_ wanted: ReportFilter.Conditions) -> [SQL] {
        func bounds(_ column: SQL) -> [SQL] {
            var bounds: [SQL] = []
            if let time = wanted.requestedFrom {
                bounds.append("\(column) >= \(time.wholeSeconds)")
            }
            if let time = wanted.requestedTo { bounds.append("\(column) <= \(time.wholeSeconds)") }
            return bounds
        }
        let told = bounds("requested")
        guard wanted.windowBasis == .requestedOrPublished, !told.isEmpty else { return told }
        let listed = (["published <> requested"] + bounds("published")).joined(separator: " AND ")
        return ["(\(told.joined(separator: " AND ")) OR \(listed))"]
    }

    /// Whether a public text holds the words, in any case, or the service is one whose name does.
    private static func holds(_ text: String, _ services: [Service.Code]) -> SQL {
        let pattern = "%" + text.likeEscaped + "%"
        // One text instead of four comparisons: folding case is what costs.
        let texts: SQL = """
            concat_ws(E'\\n', description, address, status_notes, title) COLLATE any_case
                ILIKE \(pattern)
            """
        guard !services.isEmpty else { return texts }
        return "(\(texts) OR service = ANY (\(services.map(\.rawValue))))"
    }
}

extension Search {
    private static func inside(_ box: Box) -> [SQL] {
        let (low, high) = (box.southWest, box.northEast)
        return [
            nearby(
                south: low.latitude, west: low.longitude, north: high.latitude,
                east: high.longitude),
            "latitude BETWEEN \(low.latitude) AND \(high.latitude)",
            "longitude BETWEEN \(low.longitude) AND \(high.longitude)",
        ]
    }

    private static func inside(_ circle: Circle) -> [SQL] {
        let bounds = CircleBounds(circle)
        return [
            nearby(
                south: bounds.south, west: bounds.west, north: bounds.north, east: bounds.east),
            "\(distance(from: circle.center)) <= \(circle.radius)",
        ]
    }

    /// Metres along the great circle, on a sphere of the Earth's mean radius.
    private static func distance(from place: Coordinate) -> SQL {
        """
        \(2 * CircleBounds.earthRadius) * asin(least(1, sqrt(
            sin(radians(latitude - \(place.latitude)) / 2) ^ 2
            + cos(radians(\(place.latitude))) * cos(radians(latitude))
            * sin(radians(longitude - \(place.longitude)) / 2) ^ 2)))
        """
    }

    /// A first sieve that the index on points serves: a hand's breadth too wide, because
    /// PostgreSQL's geometry rounds.
    private static func nearby(south: Double, west: Double, north: Double, east: Double) -> SQL {
        let margin = 0.000_001
        return """
            latitude IS NOT NULL AND point(longitude, latitude)
                <@ box(point(\(west - margin), \(south - margin)),
                    point(\(east + margin), \(north + margin)))
            """
    }
}

extension ReportFilter.Conditions {
    /// Whether all that is asked, but the status, is a range of an index that has this order.
    fileprivate func areReadInOrder(by key: ReportFilter.Sort.Key) -> Bool {
        guard details.isEmpty, agencies.isEmpty, text == nil, circle == nil, box == nil,
            windowBasis == .requested
        else { return false }
        let isAnyRequested = requestedFrom == nil && requestedTo == nil
        let isAnyUpdated = updatedFrom == nil && updatedTo == nil
        return switch key {
        case .requested: services.count <= 1 && isAnyUpdated
        case .updated: services.isEmpty && isAnyRequested
        case .id, .distance: false
        }
    }
}

extension String {
    /// The text as a pattern of LIKE that means only itself.
    fileprivate var likeEscaped: String {
        // By scalars, as PostgreSQL reads them: `%` with an accent behind it is still a `%`.
        var escaped = "".unicodeScalars
        for scalar in unicodeScalars {
            if ["%", "_", "\\"].contains(scalar) { escaped.append("\\") }
            escaped.append(scalar)
        }
        return String(escaped)
    }
}
