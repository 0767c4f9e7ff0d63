import CaseStore
import Federation
import FoundationEssentials
import GeoReport
import Reports

/// What is different when a peer calls (Specs/Peering.md).
extension Gateway {
    /// What a peer's POST says of itself; `nil`: whoever calls is no peer, and what it says of
    /// origins and paths means nothing.
    func message(
        _ call: Call, by client: Client, in jurisdiction: Jurisdiction, now time: Date
    ) async throws(Fault) -> PeerMessage? {
        guard let sender = settings.peers?[client.id] else { return nil }
        let message: PeerMessage
        do {
            message = try PeerMessage(
                from: sender, call, in: jurisdiction, now: time, digest: digest)
        } catch {
            if case .unsigned = error.kind { log("a peer's signature was refused", sender) }
            throw error
        }
        guard let signed = message.signed else { return message }
        let recognition = try await asking { () async throws(CaseStoreError) in
            try await store.recognise(signed)
        }
        guard recognition != .another else {
            log("a peer used a message's id again", sender)
            throw Fault(.messageReused, "webhook-id was used for another message.")
        }
        return message
    }

    /// Takes a report, once, whether from a client or from a peer.
    func add(
        _ draft: Report.Draft, _ creation: Creation, by client: Client, _ message: PeerMessage?,
        now time: Date
    ) async throws(Fault) -> Added {
        let signed = message?.signed
        let idempotency =
            signed.map {
                Idempotency(source: .key($0.id), fingerprint: creation.idempotency.fingerprint)
            } ?? creation.idempotency
        return try await asking { () async throws(CaseStoreError) in
            let added = try await store.add(
                draft, by: client.id, idempotency: idempotency,
                provenance: message?.provenance, now: time)
            if let message {
                try await store.note(
                    giver: message.sender.name, of: added.receipt.id, now: time)
            }
            if case .repeated(let receipt) = added, let message, let own = message.ownID {
                try await store.note(
                    origin: message.sender.name, of: receipt.id, as: own, now: time)
            }
            if let signed { try await store.remember(signed, now: time) }
            return added
        }
    }

    /// Publishes an update, once, whether from a client or from a peer.
    func publish(
        _ draft: Update.Draft, by client: Client, _ message: PeerMessage?, at address: String,
        now time: Date
    ) async throws(Fault) -> PublishedUpdate {
        guard let message else {
            let isStaff = client.may(.staff, in: draft.jurisdiction)
            return try await asking { () async throws(CaseStoreError) in
                try await store.publish(
                    draft, by: client.id, actor: isStaff ? .operator : .client,
                    party: isStaff ? party(client, at: address) : nil, now: time)
            }
        }
        var draft = draft
        draft.tells = message.sender.tells(draft, of: try await bond(of: message, to: draft))
        return try await asking { () async throws(CaseStoreError) in
            let published = try await store.publish(
                draft, by: client.id, actor: .peer, provenance: message.provenance, now: time)
            if let signed = message.signed { try await store.remember(signed, now: time) }
            return published
        }
    }

    /// What ties the sender to the report that it tells of; a stranger is refused (block G, 131).
    ///
    /// A report that is no business of the peer and not public is as unknown as none.
    private func bond(
        of message: PeerMessage, to draft: Update.Draft
    ) async throws(Fault) -> PeerBond {
        let sender = message.sender
        let bond = try await asking { () async throws(CaseStoreError) in
            try await store.bond(
                of: sender.reader, to: draft.report, in: draft.jurisdiction, stage: draft.stage)
        }
        guard let bond else { throw Self.unknownReport }
        if bond.exists { return bond }
        log("a peer told of a report that is not its business", sender, draft.report)
        guard bond.visibility == .public else { throw Self.unknownReport }
        throw Fault(
            .forbidden,
            "service_request_id: this peer neither gave us the report nor got it from us.")
    }

    /// The peer that a GET is from; `nil`: nobody's, or not a peer's.
    func peer(_ call: Call) -> PeerCalls.Caller? {
        guard let peers = settings.peers, let client = reader(call) else { return nil }
        return peers[client.id]
    }

    /// The view of updates, with where they began if a peer wants to know.
    func completed(
        _ view: ReportView, for peer: PeerCalls.Caller?, updates: [Update]
    ) async throws(Fault) -> ReportView {
        var view = view
        view.mediaBase = settings.publicURL + "/media"
        guard view.extensions == .included, peer != nil else { return view }
        let words = try await asking { () async throws(CaseStoreError) in
            try await store.words(of: updates)
        }
        view.updateProvenances = words.mapValues { word in
            ShownProvenance(
                word.provenance, word: ShownProvenance.Word(told: word.told, detail: word.detail))
        }
        return view
    }

    /// What began with us has passed only us.
    static func shown(
        _ ids: [Report.ID], _ known: [Report.ID: Provenance], at node: Authority
    ) -> [Report.ID: ShownProvenance] {
        let shown = ids.map { id in
            let provenance =
                known[id] ?? Provenance(origin: node, originID: id.rawValue, path: [node])
            return (id, ShownProvenance(provenance))
        }
        return Dictionary(shown, uniquingKeysWith: { first, _ in first })
    }

    private func log(
        _ message: String, _ sender: PeerCalls.Caller, _ report: Report.ID? = nil
    ) {
        var metadata: [String: String] = ["peer": sender.name.rawValue]
        metadata["report"] = report?.rawValue
        logger.warning("\(message)", metadata: metadata.mapValues { .string($0) })
    }
}

extension ShownProvenance {
    fileprivate init(_ provenance: Provenance, word: Word? = nil) {
        self.init(
            origin: provenance.origin.rawValue, originID: provenance.originID,
            path: provenance.path.map(\.rawValue), word: word)
    }
}
