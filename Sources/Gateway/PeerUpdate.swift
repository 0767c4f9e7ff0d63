import CaseStore
import Federation
import Reports

/// An update of a peer, as far as the peer decides: of who neither handles a report nor told us of
/// it the comment counts, and the status is a proposal (peers.md 5.3).
struct PeerUpdate: Sendable {
    /// What is told to the case store, in this order; the answer to the first is the peer's.
    let parts: [Part]

    /// A draft, and where it began.
    struct Part: Sendable {
        let draft: Update.Draft
        let provenance: Provenance?
    }

    init(_ draft: Update.Draft, by message: PeerMessage, bond: PeerBond) {
        let says = draft.text != nil || !draft.pictures.isEmpty || !draft.addresses.isEmpty
        guard !bond.decides, let detail = draft.detail, says else {
            parts = [Part(draft: draft, provenance: message.provenance)]
            return
        }
        var comment = draft
        comment.detail = nil
        let told = Part(draft: comment, provenance: message.provenance)
        guard detail != bond.detail else {
            parts = [told]
            return
        }
        let proposal = Update.Draft(
            report: draft.report, jurisdiction: draft.jurisdiction, stage: draft.stage,
            foreignID: draft.foreignID + " (status)", told: draft.told, detail: detail)
        parts = [told, Part(draft: proposal, provenance: nil)]
    }
}
