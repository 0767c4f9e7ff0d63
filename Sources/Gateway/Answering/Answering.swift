import Federation
import Reports

/// The peers whose people answer on a page of ours, by a link that they were sent.
package struct Answering: Sendable {
    private let answerers: [Peer.Name: Answerer]

    /// A peer, and what its links are made with.
    package struct Answerer: Sendable {
        package let peer: Peer
        package let key: TokenKey

        package init(peer: Peer, key: TokenKey) {
            self.peer = peer
            self.key = key
        }
    }

    /// `nil` if nobody answers.
    package init?(_ answerers: [Answerer]) {
        guard !answerers.isEmpty else { return nil }
        self.answerers = Dictionary(
            answerers.map { ($0.peer.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whose link a text belongs to.
    func answerer(of text: String) -> Answerer? {
        let name = text.prefix { $0 != "." }
        return Peer.Name(rawValue: String(name)).flatMap { answerers[$0] }
    }
}
