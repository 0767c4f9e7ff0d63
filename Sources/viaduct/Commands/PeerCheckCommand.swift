import ArgumentParser
import Federation
import Foundation
import Gateway
import Outbound
import Relay

/// `viaduct peer check`.
struct PeerCheckCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tries a peer without changing anything, and tells what will not get across.",
        discussion: """
            Reaches the peer, proves our rights, reads its catalogue, compares it with the mapping, \
            and shows what would be sent for a sample report. Each line begins with ok, warning or \
            wrong. The exit code is 0, or 1 if something is wrong.

            Example: viaduct peer check roads
            """)

    @OptionGroup var target: OnePeer

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        let check = try await OutboundClient.with(OutboundClient.Settings(peersOf: settings)) {
            client in
            guard let line = try settings.lines(to: [peer.name], for: .command, over: client).first
            else {
                throw CommandError(.settings, "There is no way to \(peer.name).")
            }
            return await PeerCheck(settings, line, now: Date())
        }
        if json {
            Terminal.print(json: check)
        } else {
            tell(check)
        }
        guard check.isFine else { throw ExitCode(CommandError.Exit.found.rawValue) }
    }

    private func tell(_ check: PeerCheck) {
        let lines = CheckLines()
        if let software = check.software { lines.ok("reached", software) }
        if let failure = check.failure { lines.wrong("peer", failure) }
        for obstacle in check.obstacles { lines.wrong("peer", obstacle) }
        for loss in check.losses { lines.warn("lost", loss) }
        if check.isFine {
            lines.ok("mapping", "\(check.services.count) services go across")
        }
        guard let request = check.sample else { return }
        Terminal.print("\nA sample report would be sent so:")
        Terminal.print("  \(request.method) \(request.address)")
        for line in request.headers + [""] + request.body { Terminal.print("  \(line)") }
    }
}

/// What a trial of a peer found.
struct PeerCheck: Encodable {
    let peer: String
    let address: String
    /// What we reached; left out if we did not.
    private(set) var software: String?
    /// Why the peer could not be asked.
    private(set) var failure: String?
    /// What keeps reports from going across.
    private(set) var obstacles: [String] = []
    /// What will be left behind.
    private(set) var losses: [String] = []
    /// Our services that go across, and their codes there.
    private(set) var services: [String: String] = [:]
    private(set) var sample: PeerTrial.Request?

    var isFine: Bool { failure == nil && obstacles.isEmpty }

    /// Asks the peer, and compares what it says with the settings.
    init(_ settings: Settings, _ line: PeerLine, now: Date) async {
        let (peer, catalogue) = (line.peer, settings.catalogue.catalogue)
        self.peer = peer.name.rawValue
        address = settings.peers.links[peer.name]?.address ?? ""
        var said: PeerReport?
        do throws(PeerError) {
            said = try await line.adapter.check(over: line.wire)
            software = said?.software
        } catch {
            failure = error.reason
        }
        let sent = peer.rules.flatMap { catalogue.services(of: $0) }
        var seen: Set<String> = []
        let report = LossReport(
            of: peer, traits: line.adapter.traits,
            services: sent.filter { seen.insert($0.code.rawValue).inserted }, said: said)
        obstacles = report.obstacles
        losses = report.losses
        for service in sent {
            services[service.code.rawValue] = peer.mapping.servicesOut[service.code]
        }
        guard peer.flow.contains(.reportsOut) else { return }
        let trial = await PeerTrial(settings, line, now: now)
        sample = trial.request
        if let obstacle = trial.obstacle { obstacles.append("a sample report: \(obstacle)") }
    }
}
