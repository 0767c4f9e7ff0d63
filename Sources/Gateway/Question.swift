import GeoReport
import Reports

/// A GET of reports with all that its answer depends on, beside the reports themselves and the time.
///
/// Who asks the same question may be given the same answer, so an answer is made from nothing else:
/// neither from other header fields, nor from a key but through the client that it belongs to. No
/// two clients ask the same question, however alike their profiles are.
///
/// A class, as it is a key and handed on.
final class Question: Sendable {
    let path: String
    let query: String?
    let acceptLanguage: String?
    let format: Format
    /// Whoever asks, if its key is known.
    let client: Client?
    /// The peer that asks, which is shown where reports began.
    let peer: PeerCalls.Caller?
    /// The catalogue that is served now; another one has other names and services.
    let published: Published

    // These follow from what stands above.
    let base: Route.Base
    let parameters: Parameters
    private let jurisdictionOfBase: Jurisdiction?

    init(_ call: Call, by client: Client?, peer: PeerCalls.Caller? = nil) {
        path = call.request.path
        query = call.request.query
        acceptLanguage = call.request.fields.acceptLanguage
        format = call.format
        self.client = client
        self.peer = peer
        published = call.published
        base = call.route.base
        parameters = call.parameters
        jurisdictionOfBase = call.base
    }

    /// The jurisdiction that is asked.
    func jurisdiction() throws(Fault) -> Jurisdiction {
        try Calls.jurisdiction(
            parameters, at: jurisdictionOfBase, in: published.catalogue, for: .read)
    }
}

extension Question: Hashable {
    static func == (one: Question, other: Question) -> Bool {
        one.published === other.published && one.format == other.format && one.path == other.path
            && one.query == other.query && one.acceptLanguage == other.acceptLanguage
            && one.client == other.client && one.peer == other.peer
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(query)
    }
}
