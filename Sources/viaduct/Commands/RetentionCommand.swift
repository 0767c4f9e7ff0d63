import ArgumentParser
import CaseStore
import Foundation
import Reports

/// `viaduct retention`.
struct RetentionCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Says what personal data was kept long enough, and takes it away if told to.",
        discussion: """
            `viaduct serve` takes it away by itself, once an hour. How long it is kept stands in \
            each jurisdiction's file: `privacy.retention`. Without --apply nothing is changed.

            Example: viaduct retention
            Example: viaduct retention --apply
            """)

    @OptionGroup var options: SettingsOptions
    @Flag(help: "Takes it away now. There is no way back.")
    var apply = false
    @Flag(help: "As JSON, for programs.")
    var json = false

    func perform() async throws {
        let settings = try await options.read()
        let (isApplied, catalogue) = (apply, settings.catalogue.catalogue)
        let all = try await withStore(settings) { store in
            isApplied
                ? try await store.retain(in: catalogue, now: Date())
                : try await store.expired(in: catalogue, now: Date())
        }
        show(all)
        if let failure = all.lazy.compactMap(\.failure).first { throw failure }
    }

    private func show(_ all: [Expired]) {
        guard !json else { return Terminal.print(json: all.map(ExpiredLine.init)) }
        let verb = apply ? "taken away" : "to be taken away"
        for expired in all {
            Terminal.print(
                "\(expired.jurisdiction): \(verb): contact data of \(expired.contacts) reports, "
                    + "\(expired.devices) names of devices, "
                    + "\(expired.peerPayloads) texts of peers")
        }
    }
}

/// What was kept long enough, as JSON.
private struct ExpiredLine: Encodable {
    let jurisdiction: String
    let contacts: Int
    let devices: Int
    let peerPayloads: Int

    init(_ expired: Expired) {
        jurisdiction = expired.jurisdiction.rawValue
        contacts = expired.contacts
        devices = expired.devices
        peerPayloads = expired.peerPayloads
    }

    private enum CodingKeys: String, CodingKey {
        case jurisdiction, contacts, devices
        case peerPayloads = "peer_payloads"
    }
}
