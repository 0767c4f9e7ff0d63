import CaseStore
import GeoReport
import Reports

/// The answers that come from the case store.
extension Gateway {
    /// A page of reports (GR-8).
    func search(_ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let time = now()
        let search = try Calls.search(
            call.parameters, in: jurisdiction, stage: call.route.base.stage,
            acceptLanguage: call.request.fields.acceptLanguage, now: time)
        let page = try await asking { () async throws(CaseStoreError) in
            try await store.reports(search.filter, now: time)
        }
        let bytes = Documents.reports(
            page.reports, in: jurisdiction, view: search.view, absent: try absent(call),
            as: call.format)
        var response = try success(bytes, call)
        if let total = page.total { response.headers.append(("X-Total-Count", String(total))) }
        let links = PageLinks(
            address: settings.publicURL + call.request.path, query: call.request.query)
        if let header = links.header(search, page) { response.headers.append(("Link", header)) }
        return response
    }

    /// One report (GR-9).
    func report(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let view = Calls.view(
            call.parameters, acceptLanguage: call.request.fields.acceptLanguage)
        let time = now()
        guard let id = Report.ID(rawValue: text),
            let report = try await asking({ () async throws(CaseStoreError) in
                try await store.report(
                    id, in: jurisdiction.id, stage: call.route.base.stage, now: time)
            })
        else {
            throw Fault(.notFound, "service_request_id was not found.")
        }
        let bytes = Documents.report(
            report, in: jurisdiction, view: view, absent: try absent(call), now: time,
            as: call.format)
        return try success(bytes, call)
    }

    /// What has become of a receipt (GR-7).
    func receipt(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let time = now()
        guard let token = Token(rawValue: text),
            let state = try await asking({ () async throws(CaseStoreError) in
                try await store.token(
                    token, in: jurisdiction.id, stage: call.route.base.stage, now: time)
            })
        else {
            throw Fault(.notFound, "token was not found.")
        }
        let id: Report.ID? = if case .resolved(let id) = state { id } else { nil }
        var response = try success(
            Documents.token(token, resolvedTo: id, as: call.format), call)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// Takes a report (GR-6): the client's right first, then all that is wrong with the content.
    func create(_ call: Call) async throws(Fault) -> EdgeResponse {
        do {
            return try await accept(call)
        } catch {
            metrics.refused.add(1)
            throw error
        }
    }

    private func accept(_ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, in: jurisdiction)
        let creation = try Calls.create(
            call.parameters, in: jurisdiction, stage: call.route.base.stage,
            idempotencyKey: call.request.fields.idempotencyKey,
            clientAddress: call.request.address,
            acceptLanguage: call.request.fields.acceptLanguage, digest: digest)
        let time = now()
        let added = try await asking { () async throws(CaseStoreError) in
            try await store.add(
                creation.draft, by: client.id, idempotency: creation.idempotency, now: time)
        }
        let issued = Issued(
            id: added.receipt.id, token: added.receipt.token, notice: creation.notice)
        var response = try success(
            Documents.receipt(issued, as: call.format), call,
            status: client.profile.created.rawValue)
        response.headers.append(("Cache-Control", "no-store"))
        switch added {
        case .added:
            metrics.accepted.add(1)
        case .repeated:
            metrics.repeated.add(1)
            response.headers.append(("Idempotent-Replayed", "true"))
        }
        return response
    }

    /// A POST that reached the proxy over http, although we are published over https, is refused
    /// and never redirected: its key has leaked already (GR-2.2).
    private func refusePlain(_ call: Call) throws(Fault) {
        guard settings.publicURL.hasPrefix("https://"),
            let hop = call.request.fields.forwardedProtocol?.split(separator: ",").first,
            hop.trimmed.lowercased() == "http"
        else { return }
        throw Fault(
            .forbidden, "Reports are taken over https only; this one's key has been seen.")
    }

    /// The client that may report here, or 403 (GR-2.3): without a hint which of the three it is.
    private func client(
        _ call: Call, in jurisdiction: Jurisdiction
    ) async throws(Fault) -> Client {
        guard let secret = try call.key() else {
            throw Fault(.forbidden, "api_key was not provided (required).")
        }
        let client = try await asking { () async throws(CaseStoreError) in
            try await keys.client(secret)
        }
        guard let client, client.may(.report, in: jurisdiction.id) else {
            throw Fault(.forbidden, "api_key is not valid here.")
        }
        return client
    }

    /// How the client of a GET wants absent values; a key that is not known changes nothing.
    private func absent(_ call: Call) throws(Fault) -> Client.Profile.Absent {
        guard let secret = try? call.key(), let client = keys.known(secret),
            client.revoked == nil
        else { return .null }
        return client.profile.absent
    }
}
