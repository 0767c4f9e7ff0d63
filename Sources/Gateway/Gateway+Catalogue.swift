import FoundationEssentials
import GeoReport
import Reports

/// The answers that need no database: they are the same while it is away (H4).
extension Gateway {
    /// Where the endpoints are (GR-3): all of them, those of one jurisdiction, or those that take
    /// reports at a point.
    func discovery(_ call: Call) throws(Fault) -> EdgeResponse {
        let bases = try bases(call)
        let endpoints = bases.flatMap { base in
            [Stage.production, .test].map { stage in
                Discovery.Endpoint(
                    url: address(stage, base?.slug), changeset: changeset(base, call.published),
                    stage: stage)
            }
        }
        let document = Discovery(
            changeset: endpoints.map(\.changeset).max() ?? changeset(nil, call.published),
            contact: call.base?.contact ?? settings.contact, keyService: settings.keyService,
            endpoints: endpoints)
        return try cached(Documents.discovery(document, as: call.format), call)
    }

    /// `nil` is the base of all jurisdictions.
    private func bases(_ call: Call) throws(Fault) -> [Jurisdiction?] {
        if let base = call.base { return [base] }
        guard let point = try Calls.services(call.parameters, acceptLanguage: nil).point else {
            return [nil]
        }
        return call.published.catalogue.jurisdictions(at: point)
    }

    private func address(_ stage: Stage, _ slug: Jurisdiction.Slug?) -> String {
        let stage = stage == .test ? "/test" : ""
        let slug = slug.map { "/" + $0.rawValue } ?? ""
        return settings.publicURL + stage + slug + "/open311/v2"
    }

    private func changeset(_ base: Jurisdiction?, _ published: Published) -> Date {
        if let base { return published.changeset(of: base) }
        let all = published.catalogue.jurisdictions.map { published.changeset(of: $0) }
        return all.max() ?? Date(timeIntervalSince1970: 0)
    }

    /// The whole list of services: never paged, never partial (GR-4).
    func services(_ call: Call) throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let wish = try Calls.services(
            call.parameters, acceptLanguage: call.request.fields.acceptLanguage,
            dialects: dialects(call).intersection([.fixmystreet]))
        return try cached(
            call.published.services(wish, in: jurisdiction, as: call.format), call)
    }

    /// The definition of one service (GR-5).
    func definition(_ code: String, _ call: Call) throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let service = try Calls.service(code, in: jurisdiction)
        let languages = Calls.languages(
            call.parameters, acceptLanguage: call.request.fields.acceptLanguage)
        return try cached(
            call.published.definition(
                service, in: jurisdiction, languages: languages, as: call.format),
            call)
    }

    private func cached(_ bytes: [UInt8], _ call: Call) throws(Fault) -> EdgeResponse {
        try cached(call.published.prepared(bytes), call)
    }

    /// Cached for a minute, then asked for again by its tag (GR-2.1).
    private func cached(
        _ prepared: Published.Prepared, _ call: Call
    ) throws(Fault) -> EdgeResponse {
        var response = try success(prepared.bytes, call)
        response.headers += [
            ("ETag", prepared.tag), ("Cache-Control", "max-age=60"),
            ("Vary", "Accept, Accept-Language"),
        ]
        guard Self.matches(call.request.fields.ifNoneMatch, prepared.tag) else { return response }
        response.status = 304
        response.body = .bytes([])
        return response
    }

    /// Whether the client has what the tag stands for.
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let item = item.trimmed
            return item == "*" || item == tag || item.dropFirst(2) == tag && item.hasPrefix("W/")
        }
    }

    /// A document that was asked for; in a call of the client's own function if it wants that
    /// (GR-15.1, `callback`).
    func success(_ bytes: [UInt8], _ call: Call, status: Int = 200) throws(Fault) -> EdgeResponse {
        guard call.request.method != .post else {
            return document(bytes, as: call.format, status: status)
        }
        return try success(bytes, as: call.format, call.parameters)
    }

    /// A document that a GET with these parameters asks for.
    func success(
        _ bytes: [UInt8], as format: Format, _ parameters: Parameters
    ) throws(Fault) -> EdgeResponse {
        guard format == .json,
            let callback = try Calls.callback(parameters, when: settings.callbacks)
        else { return document(bytes, as: format) }
        return EdgeResponse(
            status: 200, headers: [("Content-Type", "application/javascript; charset=utf-8")],
            body: .bytes(Documents.call(callback, with: bytes)))
    }

    private func document(
        _ bytes: [UInt8], as format: Format, status: Int = 200
    ) -> EdgeResponse {
        EdgeResponse(
            status: status, headers: [("Content-Type", format.contentType)], body: .bytes(bytes))
    }
}
