import Reports

/// A picture that lies at a peer and that only its adapter can fetch, as a source beside addresses.
package struct PeerPicture: Sendable, Equatable {
    package let peer: Peer.Name
    /// The adapter's own name of it.
    package let reference: String

    /// How an adapter names a picture among the `media` of what it read; at most 1024 bytes.
    package static func named(_ reference: String) -> String { scheme + reference }

    /// What stands for an entry of `media` once it is known which peer told it: whoever names a
    /// picture of a peer can only mean his own.
    package static func source(of entry: String, from peer: Peer.Name) -> String {
        guard entry.hasPrefix(scheme) else { return entry }
        return "\(scheme)\(peer)/\(entry.dropFirst(scheme.count))"
    }

    /// The picture of a source; `nil` if it is an address.
    package init?(source: String) {
        guard source.hasPrefix(Self.scheme) else { return nil }
        let parts = source.dropFirst(Self.scheme.count)
            .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let peer = Peer.Name(rawValue: String(parts[0])) else { return nil }
        self.peer = peer
        reference = String(parts[1])
    }

    private static let scheme = "peer:"
}
