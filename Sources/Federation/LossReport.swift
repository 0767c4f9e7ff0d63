import Reports

/// What a link with a peer cannot carry, told before anything is lost: for `viaduct peer check`.
package struct LossReport: Sendable, Equatable {
    /// What will be left behind; the rest goes across.
    package private(set) var losses: [String] = []
    /// What keeps reports from going at all.
    package private(set) var obstacles: [String] = []

    /// Compares what a peer is to get with what its kind can take and with what it says of itself.
    ///
    /// `services` are those of ours that its rules give it.
    package init(
        of peer: Peer, traits: AdapterTraits, services: [Service], said: PeerReport? = nil
    ) {
        judgeFlow(peer, traits)
        judgeReports(peer, traits, services)
        judgeStatuses(peer, traits)
        judgeServices(peer, services, said)
        if traits.resend == .none {
            let becomes = peer.unanswered == .park ? "a person decides" : "it is sent again"
            losses.append(
                "a delivery without an answer cannot be looked up there: \(becomes)")
        }
        if !traits.carries.contains(.erasure) {
            losses.append(
                "what is erased here cannot be told there: the delivery is refused, "
                    + "and staff must ask whoever runs the peer")
        }
        obstacles += said?.obstacles ?? []
    }

    private mutating func judgeFlow(_ peer: Peer, _ traits: AdapterTraits) {
        if peer.flow.contains(.reportsOut), !traits.carries.contains(.reports) {
            obstacles.append("reports_out: this kind of peer takes no reports")
        }
        if peer.flow.contains(.updatesOut), !traits.carries.contains(.updates) {
            obstacles.append("updates_out: this kind of peer takes no updates")
        }
    }

    private mutating func judgeReports(
        _ peer: Peer, _ traits: AdapterTraits, _ services: [Service]
    ) {
        guard peer.flow.contains(.reportsOut) || peer.flow.contains(.updatesOut) else { return }
        let carries = traits.carries
        if !carries.contains(.media) {
            losses.append("pictures do not go across")
        } else if !carries.contains(.severalMedia) {
            losses.append(
                "of several pictures the first one is one there, the others are addresses")
        }
        if !carries.contains(.title) { losses.append("a title becomes a part of the text") }
        if !carries.contains(.answers), services.contains(where: { !$0.attributes.isEmpty }) {
            losses.append("answers do not go across")
        }
        if !carries.contains(.provenance) {
            losses.append("where a report began is not told: what comes back is known by its words")
        }
        if peer.privacy.allowsContact, !carries.contains(.contact) {
            losses.append("the reporter's data does not go across, though it may")
        }
    }

    /// Details that the peer cannot tell from one another.
    private mutating func judgeStatuses(_ peer: Peer, _ traits: AdapterTraits) {
        if peer.flow.contains(.updatesOut), traits.carries.contains(.updates) {
            let words = Dictionary(grouping: peer.mapping.statusesOut) {
                Mapping.StatusWord($0.value)
            }
            for (word, group) in words.sorted(by: { $0.key.text < $1.key.text })
            where group.count > 1 {
                let details = group.map(\.key.rawValue).sorted().joined(separator: ", ")
                losses.append("\(details) are all told as \(word.text)")
            }
        }
        guard peer.flow.contains(.updatesIn), !traits.carries.contains(.details) else { return }
        losses.append("it tells of a status only whether it is open or closed")
    }

    private mutating func judgeServices(
        _ peer: Peer, _ services: [Service], _ said: PeerReport?
    ) {
        guard peer.flow.contains(.reportsOut) else { return }
        for service in services {
            guard let code = peer.mapping.servicesOut[service.code] else {
                obstacles.append("\(service.code) is mapped to no service of the peer")
                continue
            }
            if let listed = said?.services, !listed.contains(code) {
                obstacles.append("\(service.code) goes to \(code), which the peer does not list")
            }
            judgeQuestions(of: service, as: code, peer, said)
        }
    }

    private mutating func judgeQuestions(
        of service: Service, as code: String, _ peer: Peer, _ said: PeerReport?
    ) {
        let asked = service.attributes.filter { $0.purpose != .information }.map(\.code)
        let lost = asked.filter { peer.mapping.questions[$0] == nil }.map(\.rawValue)
        if !lost.isEmpty {
            losses.append(
                "\(service.code): what is answered to \(lost.joined(separator: ", ")) stays here")
        }
        let answered = Set(asked.compactMap { peer.mapping.questions[$0]?.code })
        let missing = (said?.required[code] ?? []).filter { !answered.contains($0) }
        if !missing.isEmpty {
            obstacles.append(
                "\(service.code) goes to \(code), which wants an answer to "
                    + missing.joined(separator: ", "))
        }
    }
}
