import ArgumentParser
import Foundation
import Reports

/// The options that every command with settings has.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: [.customShort("s"), .long],
        help: ArgumentHelp(
            "The settings file.",
            discussion: "Default: VIADUCT_SETTINGS, ./viaduct.yaml or /etc/viaduct/viaduct.yaml."))
    var settings: String?

    @Option(help: "Where data lives; instead of data.directory.")
    var data: String?

    /// The environment, with the options in it.
    private var surroundings: Surroundings {
        var surroundings = Surroundings.current
        if let settings { surroundings.variables["VIADUCT_SETTINGS"] = settings }
        if let data {
            surroundings.variables["VIADUCT_DATA_DIRECTORY"] =
                surroundings.path(data, from: surroundings.directory)
        }
        return surroundings
    }

    /// The settings, or every problem of them.
    func read(for purpose: Surroundings.Purpose = .command) async throws -> Settings {
        var surroundings = surroundings
        surroundings.purpose = purpose
        guard let file = surroundings.settingsFile else {
            throw CommandError(
                .settings,
                "There is no viaduct.yaml here; name one with --settings, or copy the example.")
        }
        return try await Settings.read(file: file, in: surroundings)
    }
}

extension Settings {
    /// The jurisdiction of an id, an alias or a slug.
    func jurisdiction(named name: String) throws -> Jurisdiction {
        let all = catalogue.catalogue
        if let id = Jurisdiction.ID(rawValue: name), let found = all.jurisdiction(id) {
            return found
        }
        if let slug = Jurisdiction.Slug(rawValue: name), let found = all.jurisdiction(slug: slug) {
            return found
        }
        let known = all.jurisdictions.map(\.id.rawValue).joined(separator: ", ")
        throw CommandError(.usage, "There is no jurisdiction \(name); known here: \(known).")
    }
}
