import CaseStore
import Federation
import FoundationEssentials
import GeoReport
import Reports

/// A POST of a peer: what it says beside its parameters, as far as it is believed.
struct PeerMessage: Sendable {
    let sender: PeerCalls.Caller
    /// What the peer tells of its way; `nil` if nothing.
    let provenance: Provenance?
    /// Of a signed message: under which id it may be told once.
    let signed: PeerCall?

    /// The sender's id of what it tells, if that began there.
    var ownID: String? {
        guard let provenance, provenance.origin == sender.authority else { return nil }
        return provenance.originID
    }

    /// Believes a POST, or says why not: signature first, so that nothing else is told to whoever has
    /// a stolen key only.
    init(
        from sender: PeerCalls.Caller, _ call: Call, in jurisdiction: Jurisdiction, now: Date,
        digest: ([UInt8]) -> [UInt8]
    ) throws(Fault) {
        self.sender = sender
        let fields = call.request.fields
        let id = try Self.signedID(of: call.request, by: sender, now: now)
        do {
            provenance = try PeerHeaders.provenance(
                origin: fields.viaductOrigin, path: fields.viaductPath,
                protocol: fields.viaductProtocol, from: sender.authority)
        } catch {
            throw Fault(.malformed, "\(error.problem).")
        }
        signed = id.map {
            PeerCall(
                peer: sender.name, id: $0,
                content: Calls.fingerprint(
                    call.parameters, to: call.request.path,
                    [fields.viaductOrigin, fields.viaductPath], in: jurisdiction,
                    stage: call.route.base.stage, digest: digest))
        }
    }

    /// The id that the signature proves; `nil` if the peer shares no secret with us.
    private static func signedID(
        of request: EdgeRequest, by sender: PeerCalls.Caller, now: Date
    ) throws(Fault) -> String? {
        guard !sender.secrets.isEmpty else { return nil }
        let fields = request.fields
        let claim = Signature.Claim(
            id: fields.webhookID, timestamp: fields.webhookTimestamp,
            signatures: fields.webhookSignature)
        do {
            return try Signature.verify(
                claim, body: request.body, secrets: sender.secrets, now: now)
        } catch .tooMany {
            throw Fault(
                .malformed,
                "webhook-signature lists more than \(Signature.mostSignatures) signatures.")
        } catch {
            throw Fault(.unsigned, problem(error))
        }
    }

    private static func problem(_ flaw: Signature.Flaw) -> String {
        switch flaw {
        case .missing:
            "webhook-signature was not provided, or webhook-id or webhook-timestamp (required)."
        case .untimely:
            "webhook-timestamp is more than 5 minutes from the time here; check both clocks."
        case .wrong, .tooMany:
            "webhook-signature is of no secret that is shared with this peer, or the message is "
                + "not as it was signed."
        }
    }
}
