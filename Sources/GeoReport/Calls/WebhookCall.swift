import Reports

/// A wish to have changes told to an address, understood.
package struct WebhookCall: Sendable, Equatable {
    /// Nobody has looked yet whether it may be called.
    package let url: String
    /// `nil` is wherever the client may follow.
    package let jurisdictions: Set<Jurisdiction.ID>?
    /// Only reports of these services; none asks for all.
    package let services: Set<Service.Code>
    /// Only events of these kinds; none asks for all.
    package let kinds: Set<Event.Kind>
    /// `nil` begins now.
    package let after: ChangeCursor?
}

extension Calls {
    /// What an address is to be told, or all faults of the wish.
    package static func webhook(
        _ parameters: Parameters, at base: Jurisdiction?, in catalogue: Catalogue
    ) throws(Fault) -> WebhookCall {
        var problems = Problems()
        let url = problems.collect { () throws(Fault) in try parameters.value("url") }
        if let url, url.utf8.count > 2048 {
            problems.add("url is longer than 2048 bytes")
        } else if url == nil {
            problems.add("url was not provided (required)")
        }
        let named = parameters.list("jurisdictions", "jurisdiction_id").compactMap { text in
            let known = Jurisdiction.ID(rawValue: text).flatMap(catalogue.jurisdiction)
            if known == nil {
                problems.add("jurisdictions: \(text) is not served here")
            }
            return known?.id
        }
        let all = base.map { [$0.id] } ?? named
        let call = WebhookCall(
            url: url ?? "", jurisdictions: all.isEmpty ? nil : Set(all),
            services: services(parameters, &problems), kinds: kinds(parameters, &problems),
            after: cursor(parameters, &problems))
        try problems.check()
        return call
    }
}
