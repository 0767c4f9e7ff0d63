import ArgumentParser
import CaseStore
import Reports

/// `viaduct mask`.
struct MaskCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "mask",
        abstract: "Shows the public of older reports as much as the settings say now.",
        discussion: """
            What comes is masked as it comes. Run this after `privacy.masking` or the `place` of a \
            service was changed, and once for what came before there were masks. Doing it twice \
            changes nothing.

            Example: viaduct mask
            """)

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        let settings = try await options.read()
        let catalogue = settings.catalogue.catalogue
        let masked = try await withStore(settings) { store in
            try await store.mask(in: catalogue)
        }
        Terminal.print("\(masked.reports) reports and \(masked.updates) updates were changed")
        guard masked.unreadable > 0 else { return }
        Terminal.note(
            "\(masked.unreadable) stay as they are: no data key opens them; see viaduct doctor")
    }
}
