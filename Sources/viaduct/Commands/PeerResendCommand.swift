import ArgumentParser
import CaseStore
import Federation
import Foundation
import Reports

/// Which dead letters a command is about.
struct DeadLetters: ParsableArguments {
    @Option(help: "One delivery, or a range such as 120-180; repeat for several.")
    var delivery: [DeliveryRange] = []
    @Option(help: "Those of this report.")
    var report: String?
    @Flag(help: "All of them.")
    var all = false

    func validate() throws {
        let ways = [!delivery.isEmpty, report != nil, all].filter { $0 }.count
        guard ways == 1 else {
            throw ValidationError("Say which: --delivery, --report or --all.")
        }
    }

    /// Their ids, of those that are in one of these states.
    func ids(
        to peer: Peer.Name, in states: Set<Delivery.State>, of store: CaseStore
    ) async throws -> [Delivery.ID] {
        var filter = DeliveryFilter(peer: peer, states: states, limit: Self.most)
        if let report {
            guard let id = Report.ID(rawValue: report) else {
                throw CommandError(.usage, "\(report) is no report's id.")
            }
            filter.report = id
        }
        let found = try await store.deliveries(filter).map(\.delivery.id)
        guard !delivery.isEmpty else { return found }
        return found.filter { id in delivery.contains { $0.range.contains(id.number) } }
    }

    /// Which they are, for the audit log.
    var words: String {
        guard delivery.isEmpty else {
            return delivery.map { "\($0.range.lowerBound)-\($0.range.upperBound)" }
                .joined(separator: ",")
        }
        return report ?? "all"
    }

    /// How many are looked at in one go; a command may be repeated.
    private static let most = 100_000
}

/// `120`, or `120-180`.
struct DeliveryRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(parts.count), let first = parts[0],
            let last = parts.count == 1 ? first : parts[1], first > 0, first <= last
        else { return nil }
        range = first...last
    }
}

/// `viaduct peer resend`.
struct PeerResendCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "resend", abstract: "Sends dead letters once more: one, a range, or all.",
        discussion: """
            Parked deliveries are sent again at once and in order. Those that the peer refused only \
            with --refused. Where an earlier try ended without an answer, the peer is looked at \
            first if it can be, or the delivery is flagged: the peer may have it twice.

            Example: viaduct peer resend roads --delivery 120-180
            """)

    @OptionGroup var target: OnePeer
    @OptionGroup var letters: DeadLetters
    @Flag(help: "Also what the peer refused.")
    var refused = false

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        let states: Set<Delivery.State> = refused ? [.parked, .refused] : [.parked]
        let count = try await withStore(settings) { [letters] store in
            try await store.audit(peer.name, .peerResent, what: letters.words)
            var count = 0
            for id in try await letters.ids(to: peer.name, in: states, of: store).sorted(by: {
                $0.number < $1.number
            }) {
                count += try await store.resend(
                    DeliveryFilter(id: id, peer: peer.name, states: states), now: Date())
            }
            return count
        }
        guard !json else { return Terminal.print(json: ["resent": count]) }
        Terminal.print("\(count) deliveries to \(peer.name) are sent again")
    }
}

/// `viaduct peer drop`.
struct PeerDropCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Gives dead letters up, so that what is behind them goes on.",
        discussion: """
            With a report that is given up, what waits behind it for this peer is given up as well. \
            `peer resend` does not bring it back.

            Example: viaduct peer drop roads --delivery 120 --reason "told them by telephone"
            """)

    @OptionGroup var target: OnePeer
    @OptionGroup var letters: DeadLetters
    @Option(help: "Why, for whoever wonders.")
    var reason: String

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        let count = try await withStore(settings) { [letters, reason] store in
            try await store.audit(peer.name, .peerDropped, what: letters.words)
            var count = 0
            for id in try await letters.ids(to: peer.name, in: [.parked], of: store) {
                count += try await store.drop(
                    DeliveryFilter(id: id, peer: peer.name, states: [.parked]), reason: reason,
                    now: Date())
            }
            return count
        }
        guard !json else { return Terminal.print(json: ["dropped": count]) }
        Terminal.print("\(count) deliveries to \(peer.name) are given up")
    }
}
