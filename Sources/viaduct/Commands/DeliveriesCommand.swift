import ArgumentParser
import CaseStore
import Federation
import Foundation
import Gateway
import Reports

/// `viaduct deliveries`.
struct DeliveriesCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries",
        abstract: "Tells where reports are: at which peers, at which try, why not yet.",
        discussion: """
            Without --report or --id, the newest deliveries of all reports. With one of them, also \
            what became of each try.

            Example: viaduct deliveries --report sofia-7F3K2M9Q
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "Of this report.")
    var report: String?
    @Option(help: "To this peer.")
    var peer: String?
    @Option(help: "This delivery.")
    var id: Int?
    @Option(help: "In this state, repeat for several: waiting, done, refused, parked, dropped.")
    var state: [Delivery.State] = []
    @Option(help: "At most so many.")
    var limit = 100
    @Flag(help: "As JSON, for programs.")
    var json = false

    func perform() async throws {
        var filter = DeliveryFilter(states: Set(state), limit: min(max(limit, 1), 100_000))
        filter.id = id.map { Delivery.ID(number: $0) }
        filter.report = try report.map { text in
            guard let id = Report.ID(rawValue: text) else {
                throw CommandError(.usage, "\(text) is no report's id.")
            }
            return id
        }
        filter.peer = try peer.map { text in
            guard let name = Peer.Name(rawValue: text) else {
                throw CommandError(.usage, "\(text) is no peer's name; see viaduct peer list.")
            }
            return name
        }
        let settings = try await options.read()
        let depth: Ledger.Depth = report == nil && id == nil ? .deliveries : .tries
        let lines = try await withStore(settings) { [filter] store in
            try await Ledger(store, peering: settings.peers.peering)
                .deliveries(filter, depth: depth, now: Date())
        }
        guard !json else { return Terminal.print(json: lines) }
        guard !lines.isEmpty else { return Terminal.note("There are no such deliveries.") }
        Terminal.print(Self.table(lines))
        for line in lines where line.tries?.isEmpty == false {
            Terminal.print("\nTries of delivery \(line.id) to \(line.peer):")
            Terminal.print(Self.table(line.tries ?? []))
        }
    }

    /// One delivery a line.
    static func table(_ lines: [DeliveryLine]) -> String {
        let head = ["ID", "REPORT", "PEER", "WHAT", "STATE", "TRIES", "NEXT", "THERE", "WHY"]
        return Terminal.table(
            head,
            lines.map { line in
                [
                    "\(line.id)", line.report, line.peer,
                    line.update.map { "update \($0)" } ?? line.kind,
                    line.doubt == "none" ? line.state : "\(line.state), \(line.doubt)",
                    "\(line.attempts)", line.due?.formatted(.iso8601) ?? "-",
                    line.ticket ?? line.token.map { "token \($0)" } ?? "-", line.reason ?? "",
                ]
            })
    }

    private static func table(_ tries: [TryLine]) -> String {
        Terminal.table(
            ["BEGAN", "TOOK", "OUTCOME", "STATUS", "WHAT THE PEER SAID"],
            tries.map { line in
                let took = Int64((line.ended.timeIntervalSince(line.started) * 1000).rounded())
                return [
                    line.started.formatted(.iso8601), "\(took)ms", line.outcome,
                    line.status.map(String.init) ?? "-", line.reason ?? "",
                ]
            })
    }
}

extension Delivery.State: ExpressibleByArgument {}
