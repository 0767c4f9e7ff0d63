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
            call.parameters, in: jurisdiction, stage: call.route.base.stage,
            acceptLanguage: call.request.fields.acceptLanguage, dialects: dialects(call),
            now: time)
        let peer = peer(call)
        let client = reader(call)
        let audience = audience(of: client, in: jurisdiction)
        let updates = try await asking { () async throws(CaseStoreError) in
            try await store.updates(
                wish.filter, for: client?.id, at: peer?.reader, audience: audience, now: time)
        }
        try await record(
            .read, of: Set(updates.lazy.filter(\.isOriginal).map(\.report)), in: jurisdiction,
            by: client, at: call.request.address)
        let view = try await completed(wish.view, for: peer, updates: updates)
        var response = try success(
            Documents.updates(
                updates, in: jurisdiction, view: view, absent: absent(call), as: call.format),
            call)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// Takes an update of a report (GR-13.2); a repeat is answered as the first one was.
    func update(_ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, mayDo: .update, in: jurisdiction)
        let time = now()
        let message = try await message(call, by: client, in: jurisdiction, now: time)
        let creation = try Calls.update(
            call.parameters, in: jurisdiction, stage: call.route.base.stage, for: client, now: time)
        try await charge(
            call, client, .photos, count: creation.pictures.count + creation.addresses.count)
        var draft = creation.draft
        draft.pictures = try await take(creation.pictures, from: client.id, now: time)
        draft.addresses = creation.addresses
        let published = try await publish(
            draft, by: client, message, at: call.request.address, now: time)
        return try answer(published, call)
    }

    private func answer(_ published: PublishedUpdate, _ call: Call) throws(Fault) -> EdgeResponse {
        let id: Update.ID
        var headers: [(name: String, value: String)] = [("Cache-Control", "no-store")]
        switch published {
        case .published(let fresh), .proposed(let fresh):
            id = fresh
            metrics.accepted.add(1)
        case .repeated(let first):
            id = first
            metrics.repeated.add(1)
            headers.append(("Idempotent-Replayed", "true"))
        case .unknownReport:
            throw Fault(.notFound, "service_request_id was not found.")
        case .unknownOrigin:
            throw Fault(.malformed, "The path says that this has been here, and it has not.")
        case .unfitParent:
            throw Fault(
                .malformed,
                "parent_service_request_id is no public report, or repeats this one itself.")
        }
        var response = try success(Documents.updateReceipt(id, as: call.format), call)
        response.headers += headers
        return response
    }

    /// What staff wrote for each other about a report, for staff.
    func internalNotes(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, mayDo: .notes, in: jurisdiction)
        guard let id = Report.ID(rawValue: text) else { throw Self.unknownReport }
        let notes = try await asking { () async throws(CaseStoreError) in
            try await store.internalNotes(
                of: id, in: jurisdiction.id, stage: call.route.base.stage)
        }
        guard let notes else { throw Self.unknownReport }
        try await record(
            .notesRead, of: notes.isEmpty ? [] : [id], in: jurisdiction, by: client,
            at: call.request.address)
        return EdgeResponse(
            status: 200,
            headers: [
                ("Content-Type", Format.json.contentType), ("Cache-Control", "no-store"),
            ], body: .bytes(Documents.internalNotes(notes)))
    }

    /// Counts somebody's "me too" (GR-15.4).
    func support(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, mayDo: .support, in: jurisdiction)
        let supporter = try Calls.support(call.parameters)
        let time = now()
        let unknown = Fault(.notFound, "service_request_id was not found.")
        guard let id = Report.ID(rawValue: text) else { throw unknown }
        let supported = try await asking { () async throws(CaseStoreError) in
            try await store.support(
                id, in: jurisdiction.id, stage: call.route.base.stage, by: supporter,
                client: client.id, now: time)
        }
        let count: Int
        switch supported {
        case .counted(let sum), .already(let sum): count = sum
        case .unknownReport: throw unknown
        }
        var response = try success(
            Documents.support(of: id, count: count, as: call.format), call)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// Open reports near a point, the nearest first: to be shown before another one is sent.
    func candidates(_ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let wish = try Calls.candidates(
            call.parameters, in: jurisdiction,
            acceptLanguage: call.request.fields.acceptLanguage, dialects: dialects(call))
        let time = now()
        let found = try await asking { () async throws(CaseStoreError) in
            try await store.candidates(
                near: wish.circle.center, radius: wish.circle.radius, service: wish.service,
                in: jurisdiction.id, stage: call.route.base.stage, limit: wish.limit, now: time)
        }
        var view = wish.view
        view.extensions = .included
        view = try await completed(view, reports: { found.map(\.report.id) })
        return try success(
            Documents.candidates(
                found, in: jurisdiction, view: view, absent: absent(call), as: call.format), call)
    }
}
