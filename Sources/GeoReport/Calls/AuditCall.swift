import Reports

/// A GET of the audit log, understood.
package struct AuditCall: Sendable, Equatable {
    /// Only what is about this report; `nil` asks for all.
    package var report: Report.ID?
    /// Only entries of smaller numbers.
    package var before: Int?
    package var limit: Int
}

extension Calls {
    /// Which entries of the audit log somebody wants to read.
    package static func audit(_ parameters: Parameters) throws(Fault) -> AuditCall {
        var problems = Problems()
        var call = AuditCall(
            before: number("before", in: parameters, least: 1, most: .max, &problems),
            limit: number("limit", in: parameters, least: 1, most: 1000, &problems) ?? 100)
        let text = problems.collect { () throws(Fault) in
            try parameters.value("service_request_id")
        }
        if let text {
            call.report = Report.ID(rawValue: text)
            if call.report == nil { problems.add("service_request_id is not an id of a report") }
        }
        try problems.check()
        return call
    }
}
