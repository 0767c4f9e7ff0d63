import CaseStore
import Faults
import Federation
import FoundationEssentials
import Logging

/// Carries what waits in the outbox to the peers: a traffic for each, so that one that is slow, down or
/// hostile costs no other anything.
///
/// Any number of relays may do so at once: a delivery is sent by whoever holds its lease, and only as
/// long as it does (D9).
package struct Dispatcher: Sendable {
    let surroundings: Surroundings
    let logger: Logger
    private let lines: [PeerLine]
    private let node: Authority
    private let addresses: PublicAddresses

    /// A dispatcher for these peers; `node` is what we are called in paths and message keys.
    package init(
        _ surroundings: Surroundings, lines: [PeerLine], node: Authority,
        addresses: PublicAddresses, logger: Logger
    ) {
        self.surroundings = surroundings
        self.lines = lines
        self.node = node
        self.addresses = addresses
        self.logger = logger
    }

    /// Delivers what is due until it is cancelled; then it claims nothing more, and ends what is
    /// under way, for as long as `Surroundings.grace` lets it.
    package func run() async {
        let stop = AsyncStream.makeStream(of: Never.self)
        // Not a child: a request that is cancelled in its midst leaves a doubt behind.
        let work = Task { await serve(until: stop.stream) }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            stop.continuation.finish()
        }
    }

    private enum End {
        case traffic, grace, other
    }

    private func serve(until stop: AsyncStream<Never>) async {
        let all = lines.map { Traffic($0) }
        // Without peers there is nothing to do until somebody stops us.
        guard !all.isEmpty else {
            for await _ in stop {}
            return
        }
        await withTaskGroup(of: End.self) { group in
            for traffic in all {
                group.addTask { await ended(.traffic) { await serve(traffic) } }
            }
            group.addTask { await ended(.other) { await wake(all) } }
            group.addTask { await ended(.other) { await keepHolds(of: all) } }
            group.addTask {
                for await _ in stop {}
                for traffic in all { traffic.close() }
                return await ended(.grace) { await surroundings.grace() }
            }
            var open = all.count
            while open > 0, let end = await group.next() {
                if end == .traffic { open -= 1 }
                if end == .grace { break }
            }
            group.cancelAll()
        }
    }

    private func ended(_ end: End, _ work: () async -> Void) async -> End {
        await work()
        return end
    }

    /// How many deliveries one claim takes at most: claims of one peer wait for each other, and long
    /// ones hold up the other relays.
    private static let mostPerClaim = 16

    /// Claims for one peer whenever there is room and a reason, and never waits for a delivery.
    private func serve(_ traffic: Traffic) async {
        await withDiscardingTaskGroup { group in
            for await _ in traffic.calls {
                while case let room = min(traffic.room, Self.mostPerClaim), room > 0 {
                    let holds = await claim(room, for: traffic)
                    for hold in holds {
                        group.addTask {
                            await deliver(hold, in: traffic)
                            traffic.end(hold)
                        }
                    }
                    guard holds.count == room else { break }
                }
            }
        }
    }

    private func claim(_ room: Int, for traffic: Traffic) async -> [Hold] {
        // Counted from before the claim: the lease in the database ends later than ours.
        let end = surroundings.instant() + Self.lease
        do {
            let turns = try await surroundings.claim(traffic.line.peer, room, surroundings.now())
            let holds = turns.map { Hold($0, until: end) }
            for hold in holds {
                KillPoint.claimed.pass()
                traffic.begin(hold)
            }
            return holds
        } catch {
            logger.warning(
                "deliveries wait for the database",
                metadata: [
                    "peer": "\(traffic.line.peer.name)", "reason": .string("\(error)"),
                ])
            return []
        }
    }

    /// Looks again and again for which peers something is due; one look for all.
    private func wake(_ all: [Traffic]) async {
        var isDown = false
        while !Task.isCancelled, all.contains(where: { !$0.isClosed }) {
            do {
                let due = try await surroundings.due(surroundings.now())
                for traffic in all where due.contains(traffic.line.peer.name) { traffic.wake() }
                if isDown { logger.info("the outbox can be read again") }
                isDown = false
            } catch {
                if !isDown {
                    logger.warning(
                        "the outbox waits for the database", metadata: ["reason": "\(error)"])
                }
                isDown = true
            }
            await surroundings.pause()
        }
    }

    /// Keeps the leases of what is under way; what somebody else got meanwhile is sent no more.
    private func keepHolds(of all: [Traffic]) async {
        while !Task.isCancelled {
            await surroundings.beat()
            let holds = all.flatMap(\.holds)
            guard !Task.isCancelled, !holds.isEmpty else { continue }
            let end = surroundings.instant() + Self.lease
            do {
                let kept = try await surroundings.keep(holds.map(\.turn))
                for hold in holds {
                    guard kept.contains(hold.turn.delivery.id) else {
                        hold.lose(); continue
                    }
                    hold.prolong(until: end)
                }
            } catch {
                // They end by themselves, and then nothing more is sent.
                logger.warning(
                    "leases could not be kept", metadata: ["reason": .string("\(error)")])
            }
        }
    }

    /// The message of a delivery in the peer's words.
    func message(
        of turn: DeliveryTurn, for peer: Peer
    ) throws(Translation.Obstacle) -> Message {
        let translation = Translation(for: peer, node: node, addresses: addresses)
        return try translation.message(of: turn.subject)
    }
}
