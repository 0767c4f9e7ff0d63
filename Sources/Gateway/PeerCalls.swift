import CaseStore
import Federation
import Reports

/// The keys by which peers call us, and who is behind each (Specs/Peering.md).
package struct PeerCalls: Sendable, Equatable {
    /// What we are called in paths.
    package let node: Authority
    private let callers: [Client.ID: Caller]

    /// A peer that calls us.
    package struct Caller: Sendable, Equatable {
        package let name: Peer.Name
        package let authority: Authority
        /// What its messages are signed with; with none they need no signature.
        package let secrets: [WebhookSecret]
        /// The statuses of which its mapping wants nobody told.
        let quiet: Set<Detail>

        /// The peer as whoever reads.
        var reader: PeerReader { PeerReader(name: name, authority: authority) }
    }

    /// The peers that call us with a key; `secrets` are those that each of them shares with us, several
    /// while they change.
    package init(_ peering: Peering, secrets: [Peer.Name: [WebhookSecret]] = [:]) {
        node = peering.node
        let named = peering.peers.compactMap { peer in
            peer.client.map { client in
                (client, Caller(peer, secrets: secrets[peer.name] ?? []))
            }
        }
        callers = Dictionary(named, uniquingKeysWith: { first, _ in first })
    }

    /// Whether anybody calls at all.
    var isEmpty: Bool { callers.isEmpty }

    /// The peer that calls with this client's key; `nil`: the client is no peer.
    package subscript(client: Client.ID) -> Caller? { callers[client] }
}

extension PeerCalls.Caller {
    /// What calls us speaks our words, so that its mapping is asked for these.
    fileprivate init(_ peer: Peer, secrets: [WebhookSecret]) {
        let quiet = Detail.allCases.filter {
            peer.mapping.statusesIn[Mapping.StatusWord($0.rawValue)]?.tells == .nobody
        }
        self.init(
            name: peer.name, authority: peer.authority, secrets: secrets, quiet: Set(quiet))
    }

    /// Whether those who follow the report are told of its update. What is said to a report that has
    /// the status already is said for its own sake.
    func tells(_ draft: Update.Draft, of bond: PeerBond) -> Update.Tells {
        guard bond.decides, let detail = draft.detail, quiet.contains(detail) else {
            return .everybody
        }
        return draft.text != nil && detail == bond.detail ? .everybody : .nobody
    }
}
