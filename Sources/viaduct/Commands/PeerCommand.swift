import ArgumentParser
import CaseStore
import Federation
import Foundation
import Gateway
import Reports

/// `viaduct peer`.
struct PeerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer", abstract: "Looks after the systems that reports are exchanged with.",
        discussion: """
            Peers are files of the directory that the setting `peers` names.

            Example: viaduct peer check roads
            """,
        subcommands: [
            PeerListCommand.self, PeerCheckCommand.self, PeerPauseCommand.self,
            PeerResumeCommand.self, PeerResendCommand.self, PeerDropCommand.self,
            PeerReconcileCommand.self, PeerReplayCommand.self,
        ])
}

/// What the commands about peers share.
protocol PeerSettingsCommand: ViaductCommand {
    var options: SettingsOptions { get }
}

extension PeerSettingsCommand {
    /// Does something with the case store, in which the peers of the settings are known.
    func withStore<R: Sendable>(
        _ settings: Settings, _ body: @escaping @Sendable (CaseStore) async throws -> R
    ) async throws -> R {
        try await Deployment.with(settings) { deployment in
            try await deployment.preparePeers()
            return try await body(deployment.store)
        }
    }
}

/// The options and the argument of a command about one peer.
struct OnePeer: ParsableArguments {
    @OptionGroup var options: SettingsOptions
    @Flag(help: "As JSON, for programs.")
    var json = false
    @Argument(help: "The peer, as `peer list` shows it.")
    var peer: String
}

/// What the commands about one peer share.
protocol OnePeerCommand: PeerSettingsCommand {
    var target: OnePeer { get }
}

extension OnePeerCommand {
    var options: SettingsOptions { target.options }
    var json: Bool { target.json }

    /// The settings and the peer, or what is wrong with its name.
    func readPeer() async throws -> (settings: Settings, peer: Peer) {
        let settings = try await options.read()
        let peers = settings.peers.peering.peers
        guard let found = peers.first(where: { $0.name.rawValue == target.peer }) else {
            let known = peers.map(\.name.rawValue).joined(separator: ", ")
            throw CommandError(
                .usage,
                peers.isEmpty
                    ? "There are no peers; name a directory with their files in `peers`."
                    : "There is no peer \(target.peer); known here: \(known).")
        }
        return (settings, found)
    }
}

/// `viaduct peer list`.
struct PeerListCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the peers, what waits for each, and how it does.",
        discussion: "Example: viaduct peer list")

    @OptionGroup var options: SettingsOptions
    @Flag(help: "As JSON, for programs.")
    var json = false

    func perform() async throws {
        let settings = try await options.read()
        let peering = settings.peers.peering
        let lines = try await withStore(settings) { store in
            try await Ledger(store, peering: peering).peers(now: Date())
        }
        guard !json else { return Terminal.print(json: lines) }
        Terminal.print(Self.table(lines))
        for line in lines {
            if let reason = line.reason { Terminal.print("\(line.name): \(reason)") }
            if let reason = line.readingReason {
                Terminal.print("\(line.name): reading: \(reason)")
            }
        }
    }

    /// One peer a line.
    static func table(_ lines: [PeerLineup]) -> String {
        let head = [
            "PEER", "STATE", "WAITING", "OLDEST", "DOUBTFUL", "PARKED", "REFUSED", "QUARANTINED",
            "READ", "ROLE", "FLOW",
        ]
        return Terminal.table(
            head,
            lines.map { line in
                [
                    line.name, line.state, "\(line.waiting)",
                    line.oldestSeconds.map { "\($0)s" } ?? "-", "\(line.doubtful)",
                    "\(line.parked)", "\(line.refused)", "\(line.quarantined)",
                    line.read?.formatted(.iso8601) ?? "-", line.role ?? "-",
                    line.flow.joined(separator: ","),
                ]
            })
    }
}

/// `viaduct peer pause`.
struct PeerPauseCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Sends a peer nothing and reads nothing of it for now.",
        discussion: """
            What is under way is finished; what waits is sent once the peer is resumed.

            Example: viaduct peer pause roads --reason "their server moves on Monday"
            """)

    @OptionGroup var target: OnePeer
    @Option(help: "Why, for whoever wonders.")
    var reason = "by hand"

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        let state = try await withStore(settings) { [reason] store in
            try await store.audit(peer.name, .peerPaused)
            return try await store.pause(peer.name, reason: reason, now: Date())
        }
        guard !json else {
            return Terminal.print(json: ["peer": peer.name.rawValue, "state": "paused"])
        }
        Terminal.print("paused \(peer.name): \(state?.pauseReason ?? reason)")
    }
}

/// `viaduct peer resume`.
struct PeerResumeCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with a peer at once, whatever it stopped for.",
        discussion: "Example: viaduct peer resume roads")

    @OptionGroup var target: OnePeer

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        _ = try await withStore(settings) { store in
            try await store.audit(peer.name, .peerResumed)
            return try await store.resume(peer.name)
        }
        guard !json else {
            return Terminal.print(json: ["peer": peer.name.rawValue, "state": "ready"])
        }
        Terminal.print("resumed \(peer.name)")
    }
}

extension CaseStore {
    /// Writes down who has something done with a peer, before it is done.
    func audit(
        _ peer: Peer.Name, _ action: AuditEntry.Action, reports: [Report.ID] = [],
        what: String? = nil
    ) async throws(CaseStoreError) {
        let changes = what.map { ["deliveries": AuditEntry.Change(nil, $0)] } ?? [:]
        let entry = AuditEntry(
            action, by: .here, reports: reports, subject: peer.rawValue, changes: changes)
        try await audit([entry], now: Date())
    }
}

extension Terminal {
    /// A result as JSON.
    static func print(json value: some Encodable) {
        write(String(decoding: Ledger.json(value), as: UTF8.self), to: .standardOutput)
    }
}
