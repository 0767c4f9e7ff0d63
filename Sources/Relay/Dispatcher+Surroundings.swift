import CaseStore
import Federation
import FoundationEssentials

extension Dispatcher {
    /// For how long a claimed delivery is ours, unless it is kept (D9).
    package static let lease = Duration.seconds(30)
    /// How long between two heartbeats.
    package static let heartbeat = Duration.seconds(10)

    /// What the dispatcher needs of the world.
    package struct Surroundings: Sendable {
        /// The peers for which a claim is worth it.
        package var due: @Sendable (_ now: Date) async throws(CaseStoreError) -> Set<Peer.Name>
        /// Claims at most so many deliveries to a peer, in the order of each report.
        package var claim:
            @Sendable (Peer, _ limit: Int, _ now: Date) async throws(CaseStoreError) ->
                [DeliveryTurn]
        /// Prolongs claims, and says which are still ours.
        package var keep:
            @Sendable ([DeliveryTurn]) async throws(CaseStoreError) -> Set<Delivery.ID>
        /// Ends a claim; `false` if it was ours no more, and nothing has changed. Taken or refused,
        /// the peer works, and its breaker closes.
        package var finish:
            @Sendable (DeliveryTurn, DeliveryStep, Attempt?, _ now: Date)
                async throws(CaseStoreError) -> Bool
        /// The tries of a delivery so far, the first one first.
        package var attempts: @Sendable (Delivery.ID) async throws(CaseStoreError) -> [Attempt]
        /// Counts a failure of a peer; if that opens its breaker, or finds it open, the next probe
        /// goes at `probe`.
        package var noteFailure:
            @Sendable (Peer, _ probe: Date, _ now: Date) async throws(CaseStoreError) -> Void
        /// Sends a peer nothing more until somebody resumes it.
        package var pausePeer:
            @Sendable (Peer.Name, _ reason: String, _ now: Date) async throws(CaseStoreError) ->
                Void
        package var now: @Sendable () -> Date
        /// A clock that nobody sets, by which leases are counted.
        package var instant: @Sendable () -> ContinuousClock.Instant
        /// A number between 0 and 1.
        package var chance: @Sendable () -> Double
        /// Waits until it is worth to look at the outbox again.
        package var pause: @Sendable () async -> Void
        /// Waits until it is time to keep the leases.
        package var beat: @Sendable () async -> Void
        /// Waits for as long as what is under way may take when we stop.
        package var grace: @Sendable () async -> Void

        package init(
            due: @escaping @Sendable (Date) async throws(CaseStoreError) -> Set<Peer.Name>,
            claim:
                @escaping @Sendable (Peer, Int, Date) async throws(CaseStoreError) -> [DeliveryTurn],
            keep:
                @escaping @Sendable ([DeliveryTurn]) async throws(CaseStoreError) -> Set<
                    Delivery.ID
                >,
            finish:
                @escaping @Sendable (DeliveryTurn, DeliveryStep, Attempt?, Date)
                async throws(CaseStoreError) -> Bool,
            attempts: @escaping @Sendable (Delivery.ID) async throws(CaseStoreError) -> [Attempt],
            noteFailure:
                @escaping @Sendable (Peer, Date, Date) async throws(CaseStoreError) -> Void,
            pausePeer:
                @escaping @Sendable (Peer.Name, String, Date) async throws(CaseStoreError) -> Void,
            now: @escaping @Sendable () -> Date = { Date() },
            instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
            chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
            pause: @escaping @Sendable () async -> Void,
            beat: @escaping @Sendable () async -> Void,
            grace: @escaping @Sendable () async -> Void
        ) {
            self.due = due
            self.claim = claim
            self.keep = keep
            self.finish = finish
            self.attempts = attempts
            self.noteFailure = noteFailure
            self.pausePeer = pausePeer
            self.now = now
            self.instant = instant
            self.chance = chance
            self.pause = pause
            self.beat = beat
            self.grace = grace
        }
    }
}
