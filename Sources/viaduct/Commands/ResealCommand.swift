import ArgumentParser
import CaseStore
import Foundation
import Synchronization

/// `viaduct reseal` (P3).
struct ResealCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract:
            "Seals personal data with the current data key: what is under an older one, or plain.",
        discussion: """
            For a new key: print one with --new-key, and write it as a further line into the file of \
            the data keys, on every node; restart each. Then make it the first line on every node, \
            and restart each again. Then run this, while they serve. At its end the older key is \
            needed for older backups, and for `viaduct audit exported --email`, as long as the audit \
            log is kept. It may be stopped, and goes on when it is run again.

            Example: viaduct reseal --new-key
            Example: viaduct reseal
            """)

    @OptionGroup var options: SettingsOptions
    @Flag(help: "Only prints a new key, and changes nothing.")
    var newKey = false

    func perform() async throws {
        guard !newKey else { return Terminal.print(DataKey.made().text) }
        let settings = try await options.read()
        let catalogue = settings.catalogue.catalogue
        let resealed = try await withStore(settings) { store in
            let told = Mutex(0)
            return try await store.reseal(.everything, in: catalogue) { so in
                let thousands = so.rows / 10_000
                let isNews = told.withLock { last in
                    defer { last = thousands }
                    return thousands > last
                }
                if isNews { Terminal.note("\(so.rows) rows") }
            }
        }
        Terminal.print(
            "\(resealed.rows) rows were sealed, and private answers of \(resealed.reports) reports")
        guard resealed.unreadable == 0 else {
            throw CommandError(
                .data,
                "\(resealed.unreadable) rows are sealed with no key that is here, or were changed; "
                    + "they stay as they are.")
        }
    }
}
