import ArgumentParser
import Foundation

/// `viaduct doctor` (O7).
struct DoctorCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at everything that can go wrong, and says what to do.",
        discussion: """
            Looks at the settings, the machine, the database, the peers, what waits for them, and \
            the backups, and changes nothing. The server may run meanwhile. Each finding says what \
            is wrong, where, and what to do. The exit code is 0 if nothing was found, else 1.

            Example: viaduct doctor
            Example: viaduct doctor --json
            """)

    @OptionGroup var options: SettingsOptions
    @Flag(help: "As JSON, for programs: every examination by its name, with what was found.")
    var json = false

    func perform() async throws {
        var doctor = Doctor(.everything)
        let options = options
        try await doctor.examine { try await options.read() }
        let chart = doctor.chart
        if json {
            Terminal.print(json: chart.page)
        } else {
            CheckLines().tell(chart.complaints)
            let skipped = chart.skipped.isEmpty ? "" : ", \(chart.skipped.count) skipped"
            Terminal.print(
                "\(Examination.allCases.count - chart.skipped.count) examined\(skipped), "
                    + "\(chart.complaints.count) findings")
        }
        guard chart.complaints.isEmpty else { throw ExitCode(CommandError.Exit.found.rawValue) }
    }
}
