import Command
import Email
import Federation
import FileDrop
import Open311
import Redmine
import Reports
import RequestTracker
import Roundup
import SQLTable

/// The kinds of peers that this Viaduct can speak with: one line each.
enum Adapters {
    /// Reads what a peer's file says for one kind of adapter, or answers `nil` with findings.
    typealias Reader = @Sendable (inout AdapterEntry) -> AdapterChoice?

    static let all: [String: Reader] = [
        "command": CommandSettings.choice,
        "email": EmailSettings.choice,
        "file_drop": FileDropSettings.choice,
        "open311": Open311Settings.choice,
        "redmine": RedmineSettings.choice,
        "request_tracker": RequestTrackerSettings.choice,
        "roundup": RoundupSettings.choice,
        "sql_table": SQLTableAdapter.choice,
    ]
}

/// What a peer's file says of the way to it; an adapter's reader takes of it what it needs.
struct AdapterEntry {
    var findings: Findings
    /// The peer's name.
    let name: Peer.Name
    /// Where the peer is, as it is written; which addresses there are is the adapter's to say.
    let address: Entry
    /// Where files named in the file are looked for.
    let directory: String
    /// What is sent as `jurisdiction_id`.
    let jurisdiction: String?
    /// What proves our rights: a key, a token or a password.
    let apiKey: Secret?
    /// What both sides sign with, the newest first.
    let signingSecrets: [WebhookSecret]
    let flow: Peer.Flow
    let polling: Peer.Polling
    let profile: Entry?
    /// The keys below the adapter's own name.
    var own: Keys?

    /// The base of a server that speaks HTTP, with a slash at its end; `nil` with a finding.
    mutating func base() -> String? { address.base(&findings) }
}

/// An adapter as a peer's file wants it.
struct AdapterChoice {
    /// Where the peer is, as operators are shown it.
    let address: String
    var way = Way.http
    /// What links are made with, by which people of the peer answer on a page; `nil`: there is none.
    var answerKey: TokenKey?
    /// What nobody may see beside the key and what both sides sign with.
    var secrets: [Secret] = []
    /// What this kind of peer is known to say; the mapping may change it.
    let words: PeerWords
    /// A function, so that nobody prints the key in it.
    let adapter: @Sendable (Use) -> any Adapter

    /// How calls get to the peer.
    enum Way: Sendable {
        /// By the guarded way out, to the server of the address and to no other.
        case http
        /// By one that the adapter's kind of peer has for itself.
        case own(@Sendable () -> Wire)
    }

    /// What an adapter is for.
    enum Use: Sendable {
        /// The loops of a server.
        case relay
        /// Somebody who sits and waits for the answer.
        case command
    }
}
