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

        /// The peer as whoever reads.
        var reader: PeerReader { PeerReader(name: name, authority: authority) }
    }

    /// The peers that call us with a key; `secrets` are those that each of them shares with us, several
    /// while they change.
    package init(_ peering: Peering, secrets: [Peer.Name: [WebhookSecret]] = [:]) {
        node = peering.node
        let named = peering.peers.compactMap { peer in
            peer.client.map { client in
                let caller = Caller(
                    name: peer.name, authority: peer.authority, secrets: secrets[peer.name] ?? [])
                return (client, caller)
            }
        }
        callers = Dictionary(named, uniquingKeysWith: { first, _ in first })
    }

    /// Whether anybody calls at all.
    var isEmpty: Bool { callers.isEmpty }

    /// The peer that calls with this client's key; `nil`: the client is no peer.
    package subscript(client: Client.ID) -> Caller? { callers[client] }
}
