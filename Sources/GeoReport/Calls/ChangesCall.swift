import Reports

/// A GET of the change feed, understood.
package struct ChangesCall: Sendable, Equatable {
    /// `nil` asks for all that the client may follow.
    package var jurisdiction: Jurisdiction?
    /// `nil` begins with the first change there is.
    package var after: ChangeCursor?
    /// How long an answer may wait for the first change.
    package var wait: Duration
    package var limit: Int
    /// Only reports of these services; none asks for all.
    package var services: Set<Service.Code>
    /// Only events of these kinds; none asks for all.
    package var kinds: Set<Event.Kind>

    package init(
        jurisdiction: Jurisdiction? = nil, after: ChangeCursor? = nil, wait: Duration = .zero,
        limit: Int = 1000, services: Set<Service.Code> = [], kinds: Set<Event.Kind> = []
    ) {
        self.jurisdiction = jurisdiction
        self.after = after
        self.wait = wait
        self.limit = limit
        self.services = services
        self.kinds = kinds
    }
}

extension Calls {
    /// Which changes a client wants to be told.
    ///
    /// `base` is the jurisdiction of a base that serves only that one; elsewhere a client may follow
    /// several at once, and names one only if it wants no other.
    package static func changes(
        _ parameters: Parameters, at base: Jurisdiction?, in catalogue: Catalogue
    ) throws(Fault) -> ChangesCall {
        var problems = Problems()
        var call = ChangesCall(
            wait: .seconds(number("wait", in: parameters, least: 0, most: 30, &problems) ?? 0),
            limit: number("limit", in: parameters, least: 1, most: 1000, &problems) ?? 1000)
        call.jurisdiction = problems.collect { () throws(Fault) in
            let named = try parameters.value("jurisdiction_id")
            if base == nil, named == nil { return nil }
            return try jurisdiction(parameters, at: base, in: catalogue, for: .read)
        }
        call.after = cursor(parameters, &problems)
        call.services = services(parameters, &problems)
        call.kinds = kinds(parameters, &problems)
        try problems.check()
        return call
    }

    static func cursor(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> ChangeCursor? {
        let text = problems.collect { () throws(Fault) in
            try parameters.value("after", "cursor")
        }
        guard let text else { return nil }
        guard let cursor = ChangeCursor(parsing: text) else {
            problems.add("after is not a cursor that this feed gave out")
            return nil
        }
        return cursor
    }

    /// What cannot be a code is refused, because without it all services would be asked for.
    static func services(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Set<Service.Code> {
        let texts = parameters.list("service_code", "services")
        let codes = texts.compactMap(Service.Code.init(rawValue:))
        if codes.count < texts.count { problems.add("service_code is not a code of a service") }
        return Set(codes)
    }

    static func kinds(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Set<Event.Kind> {
        var kinds: Set<Event.Kind> = []
        for word in parameters.list("type", "kinds") {
            let kind = Event.Kind.allCases.first { word == $0.type || word == $0.rawValue }
            guard let kind else {
                problems.add("type is not one that changes have")
                return []
            }
            kinds.insert(kind)
        }
        return kinds
    }
}

extension Event.Kind {
    /// Its name on the wire: `report.updated`.
    package var type: String { "report." + rawValue }
}
