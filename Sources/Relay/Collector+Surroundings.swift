import CaseStore
import Federation
import FoundationEssentials

extension Collector {
    /// For how long a turn is ours, unless it is kept: so long a relay that dies holds a peer up.
    package static let lease = Duration.seconds(30)
    /// How long between two heartbeats, each of which keeps a turn.
    package static let heartbeat = Duration.seconds(10)

    /// A peer that is to be read, claimed for us, and what can be done with the claim.
    package struct Turn: Sendable {
        package var peer: Peer.Name
        /// Whether it is read at all, or only asked for tickets.
        package var reads: Bool
        /// How many tickets to look at together; 0 if the peer tells of changes by itself.
        package var looks: Int
        /// Where to read on; `nil` is as far back as the peer is read at all.
        package var cursor: Cursor?
        /// How many readings have failed in a row.
        package var failures: Int
        /// Tokens whose time has come.
        package var tokens:
            @Sendable (_ limit: Int, _ now: Date) async throws(CaseStoreError) -> [DueToken]
        package var resolved:
            @Sendable (DueToken, Ticket, _ now: Date) async throws(CaseStoreError) -> Void
        package var postpone:
            @Sendable (DueToken, _ until: Date) async throws(CaseStoreError) -> Void
        /// Tickets that it is time to look at.
        package var tickets:
            @Sendable (_ limit: Int, _ now: Date) async throws(CaseStoreError) -> [String]
        /// Keeps what a look has shown.
        package var seen:
            @Sendable ([Incoming], _ now: Date) async throws(CaseStoreError) -> Reception
        /// Keeps what stands on a page, then moves the cursor; `nil` if the claim is somebody
        /// else's by now.
        package var receive:
            @Sendable (Page, _ now: Date) async throws(CaseStoreError) -> Reception?
        /// Keeps the claim for another lease; `false` if it is over.
        package var keep: @Sendable () async throws(CaseStoreError) -> Bool
        /// Ends the turn: the reading goes on where it broke off, not before then.
        package var fail:
            @Sendable (_ reason: String, _ until: Date) async throws(CaseStoreError) -> Void
        /// Ends the turn.
        package var release: @Sendable (_ now: Date) async throws(CaseStoreError) -> Void

        package init(
            peer: Peer.Name, reads: Bool = true, looks: Int = 0, cursor: Cursor?,
            failures: Int = 0,
            tokens:
                @escaping @Sendable (Int, Date) async throws(CaseStoreError) -> [DueToken],
            resolved:
                @escaping @Sendable (DueToken, Ticket, Date) async throws(CaseStoreError) -> Void,
            postpone: @escaping @Sendable (DueToken, Date) async throws(CaseStoreError) -> Void,
            tickets: @escaping @Sendable (Int, Date) async throws(CaseStoreError) -> [String],
            seen: @escaping @Sendable ([Incoming], Date) async throws(CaseStoreError) -> Reception,
            receive:
                @escaping @Sendable (Page, Date) async throws(CaseStoreError) -> Reception?,
            keep: @escaping @Sendable () async throws(CaseStoreError) -> Bool,
            fail: @escaping @Sendable (String, Date) async throws(CaseStoreError) -> Void,
            release: @escaping @Sendable (Date) async throws(CaseStoreError) -> Void
        ) {
            self.peer = peer
            self.reads = reads
            self.looks = looks
            self.cursor = cursor
            self.failures = failures
            self.tokens = tokens
            self.resolved = resolved
            self.postpone = postpone
            self.tickets = tickets
            self.seen = seen
            self.receive = receive
            self.keep = keep
            self.fail = fail
            self.release = release
        }
    }

    /// What the collector needs of the world.
    package struct Surroundings: Sendable {
        /// Claims at most so many peers whose reading is due.
        package var due:
            @Sendable (_ limit: Int, _ now: Date) async throws(CaseStoreError) -> [Turn]
        package var collect: @Sendable (Peer.Name, Cursor?) async throws(PeerError) -> Page
        package var resolve:
            @Sendable (Peer.Name, _ token: String) async throws(PeerError) -> Ticket?
        package var look:
            @Sendable (Peer.Name, _ tickets: [String]) async throws(PeerError) -> [Incoming]
        package var now: @Sendable () -> Date
        /// A number between 0 and 1.
        package var chance: @Sendable () -> Double
        /// Waits until it is worth to look for due readings again.
        package var pause: @Sendable () async -> Void
        /// Waits until it is time to keep a turn.
        package var beat: @Sendable () async -> Void

        package init(
            due: @escaping @Sendable (Int, Date) async throws(CaseStoreError) -> [Turn],
            collect: @escaping @Sendable (Peer.Name, Cursor?) async throws(PeerError) -> Page,
            resolve: @escaping @Sendable (Peer.Name, String) async throws(PeerError) -> Ticket?,
            look:
                @escaping @Sendable (Peer.Name, [String]) async throws(PeerError) -> [Incoming],
            now: @escaping @Sendable () -> Date = { Date() },
            chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
            pause: @escaping @Sendable () async -> Void,
            beat: @escaping @Sendable () async -> Void
        ) {
            self.due = due
            self.collect = collect
            self.resolve = resolve
            self.look = look
            self.now = now
            self.chance = chance
            self.pause = pause
            self.beat = beat
        }
    }
}
