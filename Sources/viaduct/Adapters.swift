import Federation
import Open311
import Reports

/// The kinds of peers that this Viaduct can speak with: one line each.
enum Adapters {
    /// Reads what a peer's file says for one kind of adapter, or answers `nil` with findings.
    typealias Reader = @Sendable (inout AdapterEntry) -> AdapterChoice?

    static let all: [String: Reader] = [
        "open311": Open311Settings.choice
    ]
}

/// What a peer's file says of the way to it; an adapter's reader takes of it what it needs.
struct AdapterEntry {
    var findings: Findings
    /// The peer's base, with a slash at its end.
    let address: String
    /// What is sent as `jurisdiction_id`.
    let jurisdiction: String?
    let apiKey: Secret?
    /// What both sides sign with, the newest first.
    let signingSecrets: [WebhookSecret]
    let flow: Peer.Flow
    let polling: Peer.Polling
    let profile: Entry?
    /// The keys below the adapter's own name.
    var own: Keys?
}

/// An adapter as a peer's file wants it.
struct AdapterChoice {
    /// What this kind of peer is known to say; the mapping may change it.
    let words: PeerWords
    /// A function, so that nobody prints the key in it.
    let adapter: @Sendable (Use) -> any Adapter

    /// What an adapter is for.
    enum Use: Sendable {
        /// The loops of a server.
        case relay
        /// Somebody who sits and waits for the answer.
        case command
    }
}
