import Reports

/// A look for reports that what someone is about to report may repeat, understood.
package struct CandidatesCall: Sendable, Equatable {
    package var circle: Circle
    /// `nil` asks for all services.
    package var service: Service.Code?
    package var limit: Int
    package var view: ReportView

    package init(
        circle: Circle, service: Service.Code? = nil, limit: Int = 20,
        view: ReportView = ReportView()
    ) {
        self.circle = circle
        self.service = service
        self.limit = limit
        self.view = view
    }
}

extension Calls {
    /// Where a client looks for candidates: within 100 metres, at most 1000.
    package static func candidates(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, acceptLanguage: String? = nil,
        dialects: Set<Client.Profile.Dialect> = []
    ) throws(Fault) -> CandidatesCall {
        var problems = Problems()
        let before = problems.count
        let circle = circle(parameters, radius: 100, upTo: 1000, &problems)
        if circle == nil, problems.count == before {
            problems.add("lat and long were not provided (required)")
        }
        let service = problems.collect { () throws(Fault) -> Service? in
            guard let code = try parameters.value("service_code") else { return nil }
            return try Self.service(code, in: jurisdiction)
        }
        let limit = number("limit", in: parameters, least: 1, most: 50, &problems)
        try problems.check()
        guard let circle else {
            throw Fault(.malformed, "lat and long were not provided (required)")
        }
        return CandidatesCall(
            circle: circle, service: service?.code, limit: limit ?? 20,
            view: view(parameters, acceptLanguage: acceptLanguage, dialects: dialects))
    }

    /// A whole number of at least `least`; more than `most` is served as that.
    static func number(
        _ name: String, in parameters: Parameters, least: Int, most: Int,
        _ problems: inout Problems
    ) -> Int? {
        guard let text = problems.collect({ () throws(Fault) in try parameters.value(name) })
        else { return nil }
        guard let number = wholeNumber(text), number >= least else {
            problems.add("\(name) is not a whole number from \(least) on")
            return nil
        }
        return min(number, most)
    }
}
