import ArgumentParser
import CaseStore
import Federation
import Foundation
import Gateway

/// `viaduct peer replay`.
struct PeerReplayCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Judges what a peer told and no mapping explained once more.",
        discussion: """
            To be done after the mapping was completed; it may be repeated. With --dry-run it only \
            shows what is in quarantine, and why.

            Example: viaduct peer replay roads
            """)

    @OptionGroup var target: OnePeer
    @Flag(help: "Only shows what is in quarantine.")
    var dryRun = false

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        let catalogue = settings.catalogue.catalogue
        let outcome = try await Deployment.with(settings) { [dryRun] deployment in
            // What is replayed may become a report, for which there must be its service.
            try await deployment.prepare()
            let store = deployment.store
            var reception: Reception?
            if !dryRun {
                try await store.audit(peer.name, .peerReplayed)
                reception = try await store.replay(peer, in: catalogue, now: Date())
            }
            return Outcome(reception, left: try await store.quarantined(of: peer.name))
        }
        guard !json else { return Terminal.print(json: outcome) }
        if let replayed = outcome.replayed {
            let told = replayed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            Terminal.print(
                told.isEmpty ? "nothing was in quarantine" : told.joined(separator: ", "))
        }
        guard !outcome.quarantine.isEmpty else { return }
        Terminal.print(
            Terminal.table(
                ["RECEIVED", "THEIR ID", "REPORT", "WHY"],
                outcome.quarantine.map { held in
                    [
                        held.received.formatted(.iso8601), held.remoteID, held.report ?? "-",
                        held.reason,
                    ]
                }))
    }

    private struct Outcome: Encodable, Sendable {
        /// What became of it, in numbers; left out if nothing was done.
        let replayed: [String: Int]?
        let quarantine: [Held]

        struct Held: Encodable, Sendable {
            let remoteID: String
            let report: String?
            let reason: String
            let received: Date
        }

        init(_ reception: Reception?, left: [Quarantined]) {
            replayed = reception.map { counts in
                [
                    "taken": counts.taken, "applied": counts.applied,
                    "proposed": counts.proposed, "echoes": counts.echoes, "known": counts.known,
                    "quarantined": counts.quarantined, "ignored": counts.ignored,
                ].filter { $0.value > 0 }
            }
            quarantine = left.map { held in
                // The id of an update has the ticket's in front, and a NUL between them.
                Held(
                    remoteID: held.remoteID.replacing("\0", with: " "),
                    report: held.report?.rawValue, reason: held.reason, received: held.received)
            }
        }
    }
}
