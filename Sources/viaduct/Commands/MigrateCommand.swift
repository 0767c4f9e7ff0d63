import ArgumentParser

/// `viaduct migrate`.
struct MigrateCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database up to date.",
        discussion: """
            `serve` does this by itself; this is for those who want to do it before. Any number of
            nodes may do it at once.

            Example: viaduct migrate --settings Examples/viaduct.yaml
            """)

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        let settings = try await options.read()
        let applied = try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
        }
        for name in applied { Terminal.print("applied \(name)") }
        if applied.isEmpty { Terminal.print("The database is up to date.") }
    }
}
