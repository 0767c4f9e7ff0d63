import GeoReport
import Reports
import Synchronization

/// A request with its address and parameters read, and the catalogue it is answered from.
///
/// A class, as it is handed on a dozen times on its way to the answer.
final class Call: Sendable {
    let request: EdgeRequest
    let route: Route
    let format: Format
    let parameters: Parameters
    let published: Published
    /// The jurisdiction of a base that has but one.
    let base: Jurisdiction?
    /// Where the caller stands with the rations that the call draws on.
    let remainders = Mutex<[Remainder]>([])

    /// Whether something is told, and not only asked.
    var isTelling: Bool { request.method == .post || request.method == .delete }

    init(
        _ request: EdgeRequest, _ route: Route, _ format: Format, _ published: Published
    ) throws(Fault) {
        self.request = request
        self.route = route
        self.format = format
        self.published = published
        base = try Self.base(route, in: published.catalogue)
        let body: Parameters.Body = request.method == .post ? try Self.body(request) : .none
        parameters = try Parameters(query: request.query, body: body)
    }

    /// The jurisdiction that is asked, by the base or by `jurisdiction_id` (GR-2.4).
    func jurisdiction() throws(Fault) -> Jurisdiction {
        try Calls.jurisdiction(
            parameters, at: base, in: published.catalogue,
            for: request.method == .post ? .report : .read)
    }

    /// The key: in the body, then the query, then `X-API-Key`, then `Authorization` (GR-2.3).
    func key() throws(Fault) -> String? {
        if let key = try parameters.value("api_key") { return key }
        if let key = request.fields.apiKey?[...].trimmed, !key.isEmpty { return String(key) }
        guard let words = request.fields.authorization?.split(separator: " "), words.count == 2,
            words[0].lowercased() == "bearer"
        else { return nil }
        return String(words[1])
    }

    var hasKeyInQuery: Bool {
        parameters.all.contains { $0.name == "api_key" && !$0.value.isEmpty }
    }

    private static func base(
        _ route: Route, in catalogue: Catalogue
    ) throws(Fault) -> Jurisdiction? {
        guard let text = route.base.slug else { return nil }
        guard let slug = Jurisdiction.Slug(rawValue: text),
            let jurisdiction = catalogue.jurisdiction(slug: slug)
        else { throw Gateway.unknownPath }
        return jurisdiction
    }

    private static func body(_ request: EdgeRequest) throws(Fault) -> Parameters.Body {
        if let coding = request.fields.contentEncoding, coding.lowercased() != "identity" {
            throw Fault(
                .unsupportedMediaType, "Content-Encoding is not taken; send the body as it is.")
        }
        return try Parameters.body(contentType: request.fields.contentType, bytes: request.body)
    }
}
