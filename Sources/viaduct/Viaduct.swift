import ArgumentParser

/// The program: one subcommand a task.
@main
struct Viaduct: AsyncParsableCommand {
    static let version = "0.2.0"

    static let configuration = CommandConfiguration(
        commandName: "viaduct",
        abstract: "An Open311 gateway: takes reports, keeps them, hands them on.",
        discussion: """
            Example, from settings to a report:
              viaduct check --settings Examples/viaduct.yaml
              viaduct serve --settings Examples/viaduct.yaml
              viaduct key create --settings Examples/viaduct.yaml --name "My app"
            """,
        version: version,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, CheckCommand.self, DoctorCommand.self,
            BackupCommand.self, RestoreCommand.self, KeyCommand.self,
            WebhookCommand.self, PeerCommand.self, DeliveriesCommand.self, EraseCommand.self,
            ErasuresCommand.self, RetentionCommand.self, MaskCommand.self,
            ResealCommand.self, PersonCommand.self, AuditCommand.self,
            ImportCommand.self, ExportCommand.self, SampleCommand.self, VerifyCommand.self,
        ])
}
