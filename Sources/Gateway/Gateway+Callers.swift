import CaseStore
import GeoReport
import Reports

/// Who asks, what they may do, and how their answers are shaped.
extension Gateway {
    /// The client that may do this here, or 403 (GR-2.3): without a hint which of the three it is.
    func client(
        _ call: Call, mayDo right: Right, in jurisdiction: Jurisdiction
    ) async throws(Fault) -> Client {
        let client = try await client(call)
        guard client.has(right, in: jurisdiction.id) else { throw Self.notHere }
        return client
    }

    static let notHere = Fault(.forbidden, "api_key is not valid here.")

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
        guard let client, client.revoked == nil else { throw Self.notHere }
        if let retirement = client.retirement, retirement.date <= now() {
            throw Fault(.forbidden, "api_key is retired: \(retirement.notice)")
        }
        if call.isTelling { try await charge(call, client, .reports) }
        return client
    }

    /// Gets to know who asks, if the answer depends on that and comes from the database.
    ///
    /// Who does not know a peer would show it a report without its provenance, and the peer would
    /// take it for a new one.
    func meet(_ call: Call) async throws(Fault) {
        guard call.route.resource.isStored, let secret = try? call.key(),
            keys.known(secret) == nil
        else { return }
        try await asking { () async throws(CaseStoreError) in try await keys.meet(secret) }
    }

    /// The client of a GET, which needs none; a key that is not known or retired changes nothing.
    func reader(_ call: Call) -> Client? {
        guard let secret = try? call.key(), let client = keys.known(secret),
            client.revoked == nil
        else { return nil }
        if let retirement = client.retirement, retirement.date <= now() { return nil }
        return client
    }

    /// What is said beside an answer to a key that is retired, or will be (RFC 8594).
    func warnings(_ call: Call) -> [(name: String, value: String)] {
        guard keys.hasRetirements, let secret = try? call.key(),
            let retirement = keys.known(secret)?.retirement
        else { return [] }
        let time = HTTPDate.text(seconds: Int(retirement.date.timeIntervalSince1970))
        guard retirement.date > now() else {
            return [("Warning", "299 - \"This key is retired since \(time)\"")]
        }
        return [
            ("Sunset", time),
            ("Warning", "299 - \"This key is refused from \(time) on: ask for the new one\""),
        ]
    }

    /// For whom the answer to a GET is: staff are shown what people told as they told it.
    func audience(
        of client: Client?, in jurisdiction: Jurisdiction
    ) -> ChangeFilter.Audience {
        client?.may(.staff, in: jurisdiction.id) == true ? .staff : .public
    }

    /// What people told of these reports where the public is shown something else: for staff.
    func originals(
        of found: FoundReports, for audience: ChangeFilter.Audience
    ) async throws(Fault) -> [Report.ID: Original] {
        guard audience == .staff else { return [:] }
        return try await telling { () async throws(CaseStoreError) in
            try await store.originals(of: found.ids())
        }
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
        _ audience: ChangeFilter.Audience = .public,
        reports: () throws(CaseStoreError) -> [Report.ID]
    ) async throws(Fault) -> ReportView {
        var view = view
        view.mediaBase = settings.publicURL + "/media"
        guard view.extensions == .included else { return view }
        view.notes = try await telling { () async throws(CaseStoreError) in
            try await store.notes(of: reports(), for: audience)
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
