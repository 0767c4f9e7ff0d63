import ArgumentParser

/// `viaduct check`.
struct CheckCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says what is wrong with settings, database and disk, and where.",
        discussion: """
            Each line begins with ok, warning or wrong. The exit code is 0, or 1 if something is
            wrong. `viaduct doctor` looks at more: at how a running Viaduct does.

            Example: viaduct check --settings Examples/viaduct.yaml
            """)

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        var doctor = Doctor(.setup)
        let options = options
        try await doctor.examine { try await options.read() }
        let lines = CheckLines()
        for note in doctor.chart.notes { lines.ok(note.examination.rawValue, note.text) }
        lines.tell(doctor.chart.complaints)
        if doctor.chart.isWrong { throw ExitCode(CommandError.Exit.found.rawValue) }
    }
}

/// What `check` says, line by line.
struct CheckLines {
    func ok(_ subject: String, _ text: String) { say("ok", subject, text) }

    func warn(_ subject: String, _ text: String) { say("warning", subject, text) }

    func wrong(_ subject: String, _ text: String) { say("wrong", subject, text) }

    /// What was found wrong, each with where it is and what to do.
    func tell(_ complaints: [Complaint]) {
        for complaint in complaints {
            say(complaint.level.rawValue, complaint.examination.rawValue, complaint.sentence)
        }
    }

    private func say(_ word: String, _ subject: String, _ text: String) {
        let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        Terminal.print(
            "\(word.padding(toLength: 8, withPad: " ", startingAt: 0))\(subject): \(flat)")
    }
}
