import FoundationEssentials
import Reports

extension Peering {
    /// The way of something that this client tells us: what it says of it, and the client's own
    /// authority, if it is a peer; `nil` if it begins here.
    package func provenance(
        _ told: Provenance?, from client: Client.ID
    ) -> Provenance? {
        guard let sender = peer(of: client)?.authority else { return told }
        guard let told else {
            // It told no id, so its authority alone counts.
            return Provenance(origin: sender, originID: "", path: [sender])
        }
        guard told.path.last != sender else { return told }
        return Provenance(
            origin: told.origin, originID: told.originID, path: told.path + [sender])
    }

    /// Whom something has passed once it is here, ourselves the last.
    package func path(by provenance: Provenance?) -> [Authority] {
        (provenance?.path ?? []) + [node]
    }

    /// The peers that are told of an update which came by this way, as far as they know the report:
    /// none that it has passed, and of a private report only who may know of it.
    package func audience(
        of provenance: Provenance?, visibility: Visibility
    ) -> [Peer.Name] {
        peers.filter { peer in
            peer.flow.contains(.updatesOut) && provenance?.hasPassed(peer.authority) != true
                && (visibility == .public || peer.privacy.allowed.contains(.handlerOnly))
        }.map(\.name)
    }
}

extension Rule.Subject {
    /// What rules look at in a new report.
    package init(_ draft: Report.Draft, requested: Date) {
        self.init(
            jurisdiction: draft.jurisdiction, service: draft.service,
            coordinate: draft.place.coordinate, answers: draft.answers, requested: requested,
            visibility: draft.visibility)
    }

    /// What rules look at in a report.
    package init(_ report: Report) {
        self.init(
            jurisdiction: report.jurisdiction, service: report.service,
            coordinate: report.coordinate, answers: report.answers, requested: report.requested,
            visibility: report.visibility)
    }
}
