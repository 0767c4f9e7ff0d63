import FoundationEssentials
import Reports

/// Code for one kind of peer. The relay does everything else: HTTP, guard, retries, breaker, rate,
/// mapping, privacy, ledger.
package protocol Adapter: Sendable {
    /// What this peer can do; the relay behaves accordingly.
    var traits: AdapterTraits { get }

    /// Hands one message to the peer, and answers with the report's ticket there.
    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket

    /// Finds the ticket of a message whose delivery ended without an answer; `nil` if the peer
    /// surely has nothing of it.
    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket?

    /// What changed at the peer behind the cursor, and the next cursor.
    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page

    /// The ticket that a token has become; `nil` if it is not ready.
    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket?

    /// How these tickets stand, at most `traits.looks` of them; of those that the peer does not
    /// know, nothing.
    func look(at tickets: [String], over wire: Wire) async throws(PeerError) -> [Incoming]

    /// The bytes of a picture that this adapter named with `PeerPicture.named`.
    func picture(_ reference: String, over wire: Wire) async throws(PeerError) -> [UInt8]

    /// Reaches the peer, proves our rights without changing anything, and reads what it takes.
    func check(over wire: Wire) async throws(PeerError) -> PeerReport
}

extension Adapter {
    package func look(
        at tickets: [String], over wire: Wire
    ) async throws(PeerError) -> [Incoming] { [] }

    package func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? {
        nil
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        throw PeerError(.refused, "this kind of peer shows pictures by their addresses")
    }
}

/// What a kind of peer can do.
package struct AdapterTraits: Sendable, Equatable {
    package var resend: Resend
    package var carries: Set<Feature>
    /// How many tickets to look at together, because `collect` tells only of new reports; 0 if it
    /// tells of every change.
    package var looks: Int
    /// How long a message that ended without an answer may take to show at the peer: nobody looks
    /// for it before (backoffice.md 2, rule 2).
    package var settling: Duration

    /// What becomes of a message that is sent twice.
    package enum Resend: String, Sendable, CaseIterable {
        /// The peer recognises it by its key.
        case idempotent
        /// It would be there twice, but we can look whether it is there.
        case lookup
        /// It would be there twice.
        case none
    }

    /// What gets across; the rest is lost there, and `viaduct peer check` says so.
    package enum Feature: String, Sendable, CaseIterable {
        case reports, updates, media, severalMedia = "several_media", answers, title, details
        case contact, provenance, erasure, tokens
        case ownReference = "own_reference"
    }

    package init(
        resend: Resend, carries: Set<Feature>, looks: Int = 0, settling: Duration = .zero
    ) {
        self.resend = resend
        self.carries = carries
        self.looks = looks
        self.settling = settling
    }
}

/// How far we have read a peer: the adapter's own text, at most 1024 bytes.
package struct Cursor: Sendable, Hashable {
    package let text: String

    package init(text: String) {
        self.text = text
    }
}

/// What one reading of a peer found.
package struct Page: Sendable, Equatable {
    package var items: [Incoming]
    /// Items that could not be read, each with the reason; never a failure of the others.
    package var unreadable: [String]
    /// Where the next reading begins; saved together with the items.
    package var next: Cursor
    /// Whether there was nothing more behind it.
    package var isLast: Bool

    package init(items: [Incoming], unreadable: [String] = [], next: Cursor, isLast: Bool) {
        self.items = items
        self.unreadable = unreadable
        self.next = next
        self.isLast = isLast
    }
}

/// What a peer said of itself.
package struct PeerReport: Sendable, Equatable {
    /// What we reached, for people.
    package var software: String
    /// The codes of services it takes; `nil` if it does not tell.
    package var services: [String]?
    /// Questions that it wants answered, by service.
    package var required: [String: [String]]
    /// What stands in the way, for the operator to mend; empty if all is well.
    package var obstacles: [String]

    package init(
        software: String, services: [String]?, required: [String: [String]] = [:],
        obstacles: [String] = []
    ) {
        self.software = software
        self.services = services
        self.required = required
        self.obstacles = obstacles
    }
}
