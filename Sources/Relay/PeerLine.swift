import Federation

/// A peer, the code that speaks with it, and the way there.
package struct PeerLine: Sendable {
    package let peer: Peer
    package let adapter: any Adapter
    package let wire: Wire
    /// Keys and passwords, which nothing that is kept may show.
    package let secrets: [String]

    package init(peer: Peer, adapter: any Adapter, wire: Wire, secrets: [String]) {
        self.peer = peer
        self.adapter = adapter
        self.wire = wire
        self.secrets = secrets
    }
}
