import CaseStore
import Faults
import FoundationEssentials
import GeoReport
import NIOCore
import Reports

/// The answers that come from the case store.
extension Gateway {
    /// A page of reports (GR-8).
    ///
    /// Everybody's start page is the same list, so that those who ask at the same time share it.
    func search(_ call: Call) async throws(Fault) -> EdgeResponse {
        try admit()
        let client = reader(call)
        let question = Question(call, by: client, peer: peer(call))
        // What staff are shown is written down with where they are, so that each has its own answer.
        if client?.scopes.contains(.staff) == true {
            return try await list(question, at: call.request.address)
        }
        return try await lists.answer(to: question) { () async throws(Fault) in
            try await list(question)
        }
    }

    private func list(
        _ question: Question, at address: String = ""
    ) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try question.jurisdiction()
        let time = now()
        let search = try Calls.search(
            question.parameters, in: jurisdiction, stage: question.base.stage,
            acceptLanguage: question.acceptLanguage,
            dialects: dialects(of: question.client, at: question.base), now: time)
        let page = try await telling { () async throws(CaseStoreError) in
            try await store.find(search.filter, for: question.peer?.reader, now: time)
        }
        let audience = audience(of: question.client, in: jurisdiction)
        let originals = try await originals(of: page.reports, for: audience)
        let view = try await completed(
            search.view, for: question.peer, audience, reports: page.reports.ids)
        try await record(
            .read, of: Self.uncovered(for: audience, originals, view.notes),
            in: jurisdiction, by: question.client, at: address)
        var list = ReportListEncoder(
            as: question.format, view: view, absent: question.client?.profile.absent ?? .null,
            capacity: ReportListEncoder.room(for: page.reports.count))
        do {
            try page.reports.forEach(originals, view) { list.append($0, in: jurisdiction) }
        } catch {
            throw fault(error)
        }
        var response = try success(list.finish(), as: question.format, question.parameters)
        response.body = .shared(ByteBuffer(bytes: response.bytes))
        if question.peer != nil || audience == .staff {
            response.headers.append(("Cache-Control", "no-store"))
        }
        if let total = page.total { response.headers.append(("X-Total-Count", String(total))) }
        let links = PageLinks(
            address: settings.publicURL + question.path, query: question.query)
        if let header = links.header(search, page) { response.headers.append(("Link", header)) }
        return response
    }

    /// One report (GR-9).
    func report(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let client = reader(call)
        var wish = Calls.view(
            call.parameters, acceptLanguage: call.request.fields.acceptLanguage,
            dialects: dialects(of: client, at: call.route.base))
        wish.mediaBase = settings.publicURL + "/media"
        guard let id = Report.ID(rawValue: text) else { throw Self.unknownReport }
        let audience = audience(of: client, in: jurisdiction)
        let peer = peer(call)
        let document = ReportDocument(
            jurisdiction: jurisdiction, absent: client?.profile.absent ?? .null, now: now(),
            format: call.format)
        let stage = call.route.base.stage
        let bytes: [UInt8]?
        if audience == .public, wish.extensions == .none {
            bytes = try await asking { [wish] () async throws(CaseStoreError) in
                try await store.find(id, in: jurisdiction.id, stage: stage) {
                    found throws(CaseStoreError) in try document.bytes(of: found, [:], wish)
                }
            }
        } else {
            let found = try await asking { () async throws(CaseStoreError) in
                try await store.find(id, in: jurisdiction.id, stage: stage) { $0 }
            }
            guard found.count > 0 else { throw Self.unknownReport }
            let originals = try await originals(of: found, for: audience)
            let view = try await completed(wish, for: peer, audience, reports: found.ids)
            try await record(
                .read, of: Self.uncovered(for: audience, originals, view.notes),
                in: jurisdiction, by: client, at: call.request.address)
            bytes = try await telling { () async throws(CaseStoreError) in
                try document.bytes(of: found, originals, view)
            }
        }
        guard let bytes else { throw Self.unknownReport }
        var response = try success(bytes, call)
        if peer != nil || audience == .staff {
            response.headers.append(("Cache-Control", "no-store"))
        }
        return response
    }

    static let unknownReport = Fault(.notFound, "service_request_id was not found.")

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
        KillPoint.read.pass()
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call, mayDo: .create, in: jurisdiction)
        let time = now()
        let message = try await message(call, by: client, in: jurisdiction, now: time)
        let creation = try Calls.create(
            call.parameters, in: jurisdiction, stage: call.route.base.stage,
            idempotencyKey: call.request.fields.idempotencyKey,
            clientAddress: call.request.address,
            acceptLanguage: call.request.fields.acceptLanguage,
            dialects: client.profile.dialects, digest: digest)
        try await charge(
            call, client, .photos, count: creation.pictures.count + creation.addresses.count)
        var draft = creation.draft
        draft.pictures = try await take(creation.pictures, from: client.id, now: time)
        draft.addresses = creation.addresses
        let added = try await add(draft, creation, by: client, message, now: time)
        let issued = Issued(
            id: added.receipt.id, token: added.receipt.token, notice: creation.notice)
        let receipt = try success(
            Documents.receipt(issued, as: call.format), call,
            status: client.profile.created.rawValue)
        return answer(receipt, added)
    }

    private func answer(_ receipt: EdgeResponse, _ added: Added) -> EdgeResponse {
        var response = receipt
        response.headers.append(("Cache-Control", "no-store"))
        response.report = added.receipt.id.rawValue
        switch added {
        case .added:
            metrics.accepted.add(1)
        case .repeated:
            metrics.repeated.add(1)
            response.headers.append(("Idempotent-Replayed", "true"))
        }
        return response
    }
}

/// What the document of one report depends on beside the report and the view.
private struct ReportDocument {
    let jurisdiction: Jurisdiction
    let absent: Client.Profile.Absent
    let now: Date
    let format: Format

    /// The document of what was found; `nil` if that is nothing.
    func bytes(
        of found: FoundReports, _ originals: [Report.ID: Original], _ view: ReportView
    ) throws(CaseStoreError) -> [UInt8]? {
        var bytes: [UInt8]?
        try found.forEach(originals, view) { report in
            bytes = Documents.report(
                report, in: jurisdiction, view: view, absent: absent, now: now, as: format)
        }
        return bytes
    }
}

extension FoundReports {
    /// Hands out what was found with as much as the view shows.
    fileprivate func forEach(
        _ originals: [Report.ID: Original], _ view: ReportView, _ body: (ReportBytes) -> Void
    ) throws(CaseStoreError) {
        let content: Content = view.extensions == .included ? .withAnswers : .withoutAnswers
        guard !originals.isEmpty else { return try forEach(content, body) }
        try forEach(content) { report in
            let id = Report.ID(rawValue: String(decoding: report.id, as: UTF8.self))
            guard let original = id.flatMap({ originals[$0] }) else { return body(report) }
            report.restored(by: original, body)
        }
    }
}
