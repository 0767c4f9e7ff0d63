import FoundationEssentials
import Reports

extension Calls {
    /// What a GET of reports is about (GR-8, GR-15.1).
    ///
    /// Ids override every other condition, whether those are valid or not; jurisdiction, page and
    /// view stay (GR-A15). Without dates, a search goes back 90 days.
    package static func search(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, stage: Stage,
        acceptLanguage: String? = nil, dialects: Set<Client.Profile.Dialect> = [], now: Date
    ) throws(Fault) -> Search {
        var problems = Problems()
        var filter = ReportFilter(jurisdiction: jurisdiction.id, stage: stage)
        filter.total = isSet("total", in: parameters) ? .counted : .ifKnown
        filter.page.size = pageSize(parameters, &problems)
        let ids = parameters.list("service_request_id")
        if ids.isEmpty {
            filter.sort = sort(parameters, &problems)
            filter.scope = scope(
                parameters, in: jurisdiction, dialects: dialects, now: now, &problems)
            checkCentre(of: filter, &problems)
        } else {
            filter.scope = .ids(reportIDs(ids, &problems))
        }
        filter.page.start = start(parameters, of: filter, &problems)
        try problems.check()
        return Search(
            filter: filter,
            view: view(parameters, acceptLanguage: acceptLanguage, dialects: dialects))
    }

    /// A distance is from somewhere.
    private static func checkCentre(of filter: ReportFilter, _ problems: inout Problems) {
        guard filter.sort.key == .distance, case .matching(let conditions) = filter.scope,
            conditions.circle == nil, problems.count == 0
        else { return }
        problems.add("lat and long were not provided (required with sort=distance)")
    }

    /// Ids that cannot be ours name no report, as unknown ones do (GR-8.2).
    static func reportIDs(_ ids: [String], _ problems: inout Problems) -> [Report.ID] {
        guard ids.count <= 1000 else {
            problems.add("service_request_id lists more than 1000 ids")
            return []
        }
        var seen: Set<Report.ID> = []
        return ids.compactMap(Report.ID.init(rawValue:)).filter { seen.insert($0).inserted }
    }

    private static func scope(
        _ parameters: Parameters, in jurisdiction: Jurisdiction,
        dialects: Set<Client.Profile.Dialect>, now: Date, _ problems: inout Problems
    ) -> ReportFilter.Scope {
        var conditions = ReportFilter.Conditions()
        let codes = parameters.list("service_code")
        conditions.services = codes.compactMap(Service.Code.init(rawValue:))
        conditions.status = status(parameters, &problems)
        conditions.details = details(parameters, &problems)
        conditions.agencies = agencies(parameters)
        window(&conditions, parameters, of: jurisdiction, now: now, &problems)
        if dialects.contains(.fmsImport) { conditions.windowBasis = .requestedOrPublished }
        text(&conditions, parameters, in: jurisdiction, &problems)
        conditions.circle = circle(parameters, &problems)
        conditions.box = box(parameters, &problems)
        // Codes that no service can have match nothing; without them, everything would match.
        if conditions.services.isEmpty, !codes.isEmpty { return .ids([]) }
        return .matching(conditions)
    }

    /// Both words together ask nothing; case does not matter (GR-A45).
    private static func status(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Status? {
        var asked: Set<Status> = []
        for word in parameters.list("status") {
            guard let status = Status(rawValue: word.lowercased()) else {
                problems.add("status is neither open nor closed")
                return nil
            }
            asked.insert(status)
        }
        return asked.count == 1 ? asked.first : nil
    }

    /// Our words, and those of CitySDK, which stand for several of them (GR-13.3).
    private static func details(_ parameters: Parameters, _ problems: inout Problems) -> [Detail] {
        var details: [Detail] = []
        for word in parameters.list("detailed_status") {
            if let civic = word.utf8.count <= 64 ? CivicStatus(rawValue: word.uppercased()) : nil {
                details += civic.details
                continue
            }
            guard word.utf8.count <= 64, let detail = Detail(reading: word) else {
                problems.add("detailed_status is not one of the states that reports have")
                return []
            }
            details.append(detail)
        }
        return details
    }

    /// Names of offices may hold commas themselves, so the whole value counts as one too.
    private static func agencies(_ parameters: Parameters) -> [String] {
        let whole = parameters.values("agency_responsible")
        let parts = parameters.list("agency_responsible", separators: [",", "|"])
        var seen: Set<String> = []
        return (whole + parts).filter { seen.insert($0).inserted }
    }

    /// Labels are the catalogue's, so the services that a text names are found here.
    private static func text(
        _ conditions: inout ReportFilter.Conditions, _ parameters: Parameters,
        in jurisdiction: Jurisdiction, _ problems: inout Problems
    ) {
        guard let text = problems.collect({ () throws(Fault) in try parameters.value("q") }) else {
            return
        }
        guard (2...256).contains(text.unicodeScalars.count) else {
            return problems.add("q takes 2 to 256 characters")
        }
        let wanted = text.lowercased()
        conditions.text = text
        conditions.servicesNamedByText = jurisdiction.services
            .filter { $0.name.texts.values.contains { $0.lowercased().contains(wanted) } }
            .map(\.code)
    }
}
