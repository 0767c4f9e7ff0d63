import Reports

extension Sink {
    /// GR-3: every field is required.
    mutating func discovery(_ discovery: Discovery) {
        beginObject("discovery", as: .root)
        time("changeset", discovery.changeset)
        text("contact", discovery.contact)
        text("key_service", discovery.keyService)
        beginList("endpoints", as: .member)
        for endpoint in discovery.endpoints { self.endpoint(endpoint) }
        endList()
        endObject()
    }

    private mutating func endpoint(_ endpoint: Discovery.Endpoint) {
        beginObject("endpoint", as: .item)
        text("specification", "http://wiki.open311.org/GeoReport_v2")
        text("url", endpoint.url)
        time("changeset", endpoint.changeset)
        text("type", endpoint.stage.rawValue)
        beginList("formats", as: .member)
        item("format", "text/xml")
        item("format", "application/json")
        endList()
        endObject()
    }

    /// GR-10: the code is the HTTP status, one item a problem.
    mutating func errors(_ fault: Fault) {
        beginList("errors", as: .root)
        for problem in fault.problems {
            beginObject("error", as: .item)
            integer("code", fault.status)
            text("description", problem)
            endObject()
        }
        endList()
    }

    /// GR-6.3: the other one of id and token is left out, because a phone app takes a null id
    /// for an id.
    mutating func receipt(_ issued: Issued) {
        beginList("service_requests", as: .root)
        beginObject("request", as: .item)
        if let token = issued.token {
            text("token", token.rawValue)
        } else {
            text("service_request_id", issued.id.rawValue)
        }
        text("service_notice", issued.notice)
        text("account_id", nil)
        endObject()
        endList()
    }

    /// GR-7: an object even with one member, which a literal Spark conversion gets wrong.
    mutating func token(_ token: Token, resolvedTo id: Report.ID?) {
        beginList("service_requests", as: .root)
        beginObject("request", as: .item)
        if let id { text("service_request_id", id.rawValue) }
        text("token", token.rawValue)
        endObject()
        endList()
    }
}
