import Federation
import FoundationEssentials
import GeoReport
import Reports

/// Speaks GeoReport v2 as a client, with a peer that speaks it in its own way.
package struct Open311Adapter: Adapter {
    let settings: Open311Settings
    let asking: Asking

    package init(_ settings: Open311Settings) {
        self.settings = settings
        asking = Asking(settings: settings)
    }

    var profile: Profile { settings.profile }

    package var traits: AdapterTraits { profile.traits }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        switch message.content {
        case .report(let report):
            guard profile.takes.contains(.reports) else { throw Self.cannot("reports") }
            return try await hand(report, of: message, over: wire)
        case .update(let update):
            guard profile.takes.contains(.updates) else { throw Self.cannot("updates") }
            return try await hand(update, of: message, over: wire)
        case .erasure(let erasure):
            guard profile.takes.contains(.erasures) else {
                throw PeerError(
                    .refused,
                    "GeoReport has no words for forgetting: ask whoever runs the peer to do it")
            }
            return try await tell(erasure, of: message, over: wire)
        }
    }

    package func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? {
        let reply = try await wire.send(asking.get(.token, token))
        // Some servers know a token only once it is an id (GR-7).
        if reply.status == 404 { return nil }
        let judgement = judgement(.reads)
        let receipt = try judgement.read(reply) { bytes, format throws(ReadingError) in
            try Reading.receipt(bytes, as: format)
        }
        return receipt.id.flatMap(Self.id).map { Ticket(id: $0) }
    }

    func judgement(_ effect: Judgement.Effect, _ message: Message? = nil) -> Judgement {
        let key = settings.apiKey.map { [$0] } ?? []
        return Judgement(
            profile: profile, effect: effect,
            redaction: Redaction(hiding: key + (message?.personalTexts ?? [])))
    }

    /// An id as it may be kept: foreign ids are opaque, but not endless.
    static func id(_ text: String) -> String? {
        (1...255).contains(text.utf8.count) ? text : nil
    }

    private static func cannot(_ what: String) -> PeerError {
        PeerError(.refused, "this kind of peer takes no \(what)")
    }
}

extension Open311Adapter {
    private func hand(
        _ report: OutgoingReport, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let call: Wire.Call
        do throws(Unsayable) {
            call = try asking.post(report, of: message)
        } catch {
            throw PeerError(.refused, error.reason)
        }
        let reply = try await wire.send(proven(call, of: message, wire))
        let judgement = judgement(.writes, message)
        let receipt = try judgement.read(reply) { bytes, format throws(ReadingError) in
            try Reading.receipt(bytes, as: format)
        }
        if let id = receipt.id.flatMap(Self.id) { return Ticket(id: id) }
        if let token = receipt.token.flatMap(Self.id) { return Ticket(token: token) }
        throw PeerError(
            .ambiguous, "answered \(reply.status) with neither an id nor a token",
            status: reply.status)
    }

    private func hand(
        _ update: OutgoingUpdate, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard let ticket = message.ticket, let id = subject(of: update, ticket) else {
            throw PeerError(.later(nil), "the peer has not told its number of the report yet")
        }
        let call = asking.post(update, about: id, of: message)
        let reply = try await wire.send(proven(call, of: message, wire))
        if try Self.isRepeat(reply) { return ticket }
        let judgement = judgement(.writes, message)
        let receipt = try judgement.read(reply) { bytes, format throws(ReadingError) in
            try Reading.updateReceipt(bytes, as: format)
        }
        guard receipt.id != nil || receipt.token != nil else {
            throw PeerError(
                .ambiguous, "answered \(reply.status) without an update_id",
                status: reply.status)
        }
        return ticket
    }

    private func tell(
        _ erasure: Erasure, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard let ticket = message.ticket, let id = ticket.id else {
            throw PeerError(.later(nil), "the peer has not told its number of the report yet")
        }
        let call = asking.post(erasure, of: id, as: message)
        let reply = try await wire.send(proven(call, of: message, wire))
        let receipt = try judgement(.writes).read(reply) { bytes, format throws(ReadingError) in
            try Reading.receipt(bytes, as: format)
        }
        guard receipt.id == id else {
            throw PeerError(
                .ambiguous, "answered \(reply.status) without saying what was erased",
                status: reply.status)
        }
        return ticket
    }

    private func subject(of update: OutgoingUpdate, _ ticket: Ticket) -> String? {
        switch profile.subject {
        case .ticket: ticket.id
        case .ours: update.report?.rawValue ?? ticket.id
        }
    }

    /// What FixMyStreet says with the status of a mistake, and means otherwise (GR-13.2).
    private static func isRepeat(_ reply: Wire.Reply) throws(PeerError) -> Bool {
        guard reply.status == 400 else { return false }
        let text = String(decoding: reply.body.prefix(4096), as: UTF8.self).lowercased()
        if text.contains("bad request: already exists") { return true }
        guard text.contains("bad request: not found") else { return false }
        throw PeerError(
            .later(nil), "does not know the report yet", status: reply.status)
    }

    private func proven(_ call: Wire.Call, of message: Message, _ wire: Wire) -> Wire.Call {
        var call = call
        call.headers += settings.proof(message, call.body, wire.now())
        return call
    }
}
