import CaseStore
import FoundationEssentials
import GeoReport
import Reports

/// What is to be forgotten: by the word of staff, or of the peer that gave us the report.
extension Gateway {
    /// Erases data of a report (Specs/Peering.md, P13); said again it is answered as the first time.
    func erase(_ text: String, _ call: Call) async throws(Fault) -> EdgeResponse {
        try refusePlain(call)
        let jurisdiction = try call.jurisdiction()
        let client = try await client(call)
        let time = now()
        let message = try await message(call, by: client, in: jurisdiction, now: time)
        // A peer erases what it told.
        guard client.has(message == nil ? .erase : .create, in: jurisdiction.id) else {
            throw Self.notHere
        }
        let erasure = try Calls.erasure(call.parameters)
        guard let id = Report.ID(rawValue: text) else { throw Self.unknownReport }
        var order = ErasureOrder(id, erasure)
        order.place = (jurisdiction.id, call.route.base.stage)
        order.party = party(client, at: call.request.address)
        if let message {
            order.party = AuditEntry.Party(
                .peer, message.sender.name.rawValue, from: order.party.source)
            try await admit(message, to: order)
            order.actor = .peer
            order.client = client.id
            order.provenance = message.provenance
        }
        return try answer(try await erased(order, message, call, now: time), call)
    }

    private func erased(
        _ order: ErasureOrder, _ message: PeerMessage?, _ call: Call, now time: Date
    ) async throws(Fault) -> Erased {
        let erased = try await asking { () async throws(CaseStoreError) in
            let erased = try await store.erase(order, in: call.published.catalogue, now: time)
            if let signed = message?.signed { try await store.remember(signed, now: time) }
            return erased
        }
        guard let erased else { throw Self.unknownReport }
        return erased
    }

    private func answer(_ erased: Erased, _ call: Call) throws(Fault) -> EdgeResponse {
        var response = try success(
            Documents.erasure(of: erased.report, erased.erasure, as: call.format), call)
        response.headers.append(("Cache-Control", "no-store"))
        if !erased.isNew { response.headers.append(("Idempotent-Replayed", "true")) }
        return response
    }

    /// A peer has erased what it gave us, and nothing else; whose business the report is not is told
    /// no more of it than anybody.
    private func admit(
        _ message: PeerMessage, to order: ErasureOrder
    ) async throws(Fault) {
        guard let place = order.place else { throw Self.unknownReport }
        let reader = message.sender.reader
        let (bond, isGiven) = try await asking { () async throws(CaseStoreError) in
            (
                try await store.bond(
                    of: reader, to: order.report, in: place.jurisdiction, stage: place.stage),
                try await store.has(order.report, from: reader)
            )
        }
        guard let bond else { throw Self.unknownReport }
        if isGiven { return }
        logger.warning(
            "a peer wanted erased what it did not give",
            metadata: [
                "peer": .string(reader.name.rawValue), "report": .string(order.report.rawValue),
            ])
        guard bond.exists || bond.visibility == .public else { throw Self.unknownReport }
        throw Fault(.forbidden, "service_request_id: this peer did not give us the report.")
    }
}
