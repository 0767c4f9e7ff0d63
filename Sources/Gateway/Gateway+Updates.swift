import CaseStore
import GeoReport
import Reports

/// The conversation about reports: updates out and in, support, and what is near.
extension Gateway {
    /// The updates that became visible in a window (GR-13.1).
    func updates(_ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let time = now()
        let wish = try Calls.updates(
            call.parameters, in: jurisdiction, stage: call.route.base.stage, now: time)
        let updates = try await asking { () async throws(CaseStoreError) in
            try await store.updates(wish.filter, now: time)
        }
        let view = view(
            Calls.view(call.parameters, acceptLanguage: call.request.fields.acceptLanguage), call)
        var response = try success(
            Documents.updates(updates, in: jurisdiction, view: view, as: call.format), call)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// Takes an update of a report (GR-13.2); a repeat is answered as the first one was.
    func update(_ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, mayDo: .update, in: jurisdiction)
        let time = now()
        var creation = try Calls.update(
            call.parameters, in: jurisdiction, stage: call.route.base.stage, for: client, now: time)
        creation.draft.media = try await keep(creation.pictures, of: client)
        let published = try await asking { () async throws(CaseStoreError) in
            try await store.publish(
                creation.draft, by: client.id,
                actor: client.scopes.contains(.staff) ? .operator : .client, now: time)
        }
        let id: Update.ID
        switch published {
        case .published(let fresh): (id, _) = (fresh, metrics.accepted.add(1))
        case .repeated(let first): (id, _) = (first, metrics.repeated.add(1))
        case .unknownReport: throw Fault(.notFound, "service_request_id was not found.")
        }
        var response = try success(Documents.updateReceipt(id, as: call.format), call)
        response.headers.append(("Cache-Control", "no-store"))
        if case .repeated = published {
            response.headers.append(("Idempotent-Replayed", "true"))
        }
        return response
    }
}
