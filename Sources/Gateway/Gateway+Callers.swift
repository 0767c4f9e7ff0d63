import CaseStore
import GeoReport
import Reports

/// Who asks, what they may do, and how their answers are shaped.
extension Gateway {
    /// The client that may do this here, or 403 (GR-2.3): without a hint which of the three it is.
    func client(
        _ call: Call, mayDo scope: Client.Scope, in jurisdiction: Jurisdiction
    ) async throws(Fault) -> Client {
        let client = try await client(call)
        guard client.may(scope, in: jurisdiction.id) else {
            throw Fault(.forbidden, "api_key is not valid here.")
        }
        return client
    }

    /// The client whose key was sent, or 403; what it tells is taken of its rations.
    func client(_ call: Call) async throws(Fault) -> Client {
        guard let secret = try call.key() else {
            throw Fault(.forbidden, "api_key was not provided (required).")
        }
        var client = keys.known(secret)
        if client == nil {
            client = try await stranger(secret, call)
        } else {
            try admit()
        }
        guard let client, client.revoked == nil else {
            throw Fault(.forbidden, "api_key is not valid here.")
        }
        if call.isTelling { try await charge(call, client, .reports) }
        return client
    }

    /// The client of a GET, which needs none; a key that is not known changes nothing.
    func reader(_ call: Call) -> Client? {
        guard let secret = try? call.key(), let client = keys.known(secret),
            client.revoked == nil
        else { return nil }
        return client
    }

    /// How absent values are written for the client of a GET.
    func absent(_ call: Call) -> Client.Profile.Absent {
        reader(call)?.profile.absent ?? .null
    }

    /// The habits of whoever asks: by its key, and by the base that it asks.
    func dialects(_ call: Call) -> Set<Client.Profile.Dialect> {
        dialects(of: reader(call), at: call.route.base)
    }

    /// The habits of a client, and those of the base that it asks.
    func dialects(of client: Client?, at base: Route.Base) -> Set<Client.Profile.Dialect> {
        var dialects = client?.profile.dialects ?? []
        if let dialect = base.dialect { dialects.insert(dialect) }
        return dialects
    }

    /// A POST that reached the proxy over http, although we are published over https, is refused
    /// and never redirected: its key has leaked already (GR-2.2).
    func refusePlain(_ call: Call) throws(Fault) {
        guard settings.publicURL.hasPrefix("https://"),
            let hop = call.request.fields.forwardedProtocol?.split(separator: ",").first,
            hop.trimmed.lowercased() == "http"
        else { return }
        throw Fault(
            .forbidden, "Reports are taken over https only; this one's key has been seen.")
    }

    /// The view with what it needs beside the reports: where pictures are, and what happened to each
    /// report if that is shown; a peer also sees where they began.
    func completed(
        _ view: ReportView, for peer: PeerCalls.Caller? = nil,
        reports: () throws(CaseStoreError) -> [Report.ID]
    ) async throws(Fault) -> ReportView {
        var view = view
        view.mediaBase = settings.publicURL + "/media"
        guard view.extensions == .included else { return view }
        view.notes = try await telling { () async throws(CaseStoreError) in
            try await store.notes(of: reports())
        }
        guard peer != nil, let node = settings.peers?.node else { return view }
        view.provenances = try await telling { () async throws(CaseStoreError) in
            let ids = try reports()
            let known = try await store.provenances(of: ids)
            return Self.shown(ids, known, at: node)
        }
        return view
    }
}
