import CaseStore
import Foundation

/// Looks at all that the examinations name, and says what is wrong, where, and what to do.
struct Doctor {
    /// What is looked at.
    enum Scope {
        /// How we are set up: for `viaduct check`, before anything runs.
        case setup
        /// Also how we do, as far as that is quickly found: for a server that runs.
        case visit
        /// Also what takes longer to find: for `viaduct doctor`, at any time.
        case everything
    }

    let scope: Scope
    let now: Date
    private(set) var chart = Chart()

    init(_ scope: Scope, now: Date = Date()) {
        self.scope = scope
        self.now = now
    }

    /// Examines what the settings mean; settings that cannot be used are a finding like others.
    mutating func examine(_ read: () async throws -> Settings) async throws {
        let settings: Settings
        do {
            settings = try await read()
        } catch let error as SettingsError {
            examineVariables()
            for problem in error.problems { chart.add(Complaint(problem)) }
            let rest = Examination.allCases.filter {
                ![.settings, .secrets, .environment].contains($0)
            }
            return chart.skip(rest, because: "the settings cannot be used")
        }
        await examineSurroundings(settings)
        let doctor = self
        do {
            chart = try await Deployment.with(settings) { try await doctor.askDatabase(of: $0) }
        } catch {
            noteSilence(error)
        }
    }

    /// Examines a server that runs.
    mutating func visit(_ deployment: Deployment) async {
        await examineSurroundings(deployment.settings)
        do {
            chart = try await askDatabase(of: deployment)
        } catch {
            noteSilence(error)
        }
    }

    /// What can be examined without the database.
    private mutating func examineSurroundings(_ settings: Settings) async {
        examineVariables()
        noteSettings(settings)
        let (written, machine) = (SettingsDoctor(settings), MachineDoctor(settings))
        written.examinePeers(&chart)
        machine.examineDisk(&chart)
        guard scope != .setup else { return }
        written.examine(&chart)
        machine.examineLimits(&chart)
        machine.examineBackup(&chart, now: now)
        guard await !MachineDoctor.drawsThumbnails() else { return }
        chart.add(
            Complaint(
                .thumbnails, .warning, "There is no vipsthumbnail",
                advice: "install it (Debian's libvips-tools); without, large pictures are shown"))
    }

    private func askDatabase(of deployment: Deployment) async throws -> Chart {
        var doctor = DatabaseDoctor(deployment, chart: chart, now: now)
        try await doctor.examine(scope)
        return doctor.chart
    }

    private mutating func noteSilence(_ error: any Error) {
        let told = CommandError(telling: error)?.description ?? "\(error)"
        chart.add(Complaint(.database, .wrong, told))
        chart.skip(
            Examination.allCases.filter(\.asksDatabase), because: "the database did not answer")
    }

    private mutating func noteSettings(_ settings: Settings) {
        chart.note(.settings, settings.file)
        for jurisdiction in settings.catalogue.catalogue.jurisdictions {
            let file = settings.catalogue.files[jurisdiction.id] ?? ""
            chart.note(
                .settings, "\(file): \(jurisdiction.id), \(jurisdiction.services.count) services")
        }
        if settings.catalogue.catalogue.jurisdictions.isEmpty {
            chart.add(
                Complaint(
                    .settings, .warning, "holds no jurisdiction",
                    advice: "put one YAML file a jurisdiction there"
                ).at(settings.jurisdictionDirectory))
        }
    }

    /// A misspelt variable changes nothing, and nobody would notice.
    private mutating func examineVariables() {
        let files = SettingKey.all.compactMap { key in
            if case .secret = key.kind { return key.variable + "_FILE" }
            return nil
        }
        let others = ["VIADUCT_SETTINGS", "VIADUCT_PG_BIN", "VIADUCT_KEY"]
        let known = Set(SettingKey.all.map(\.variable) + files + others)
        let names = ProcessInfo.processInfo.environment.keys.filter { $0.hasPrefix("VIADUCT_") }
        for name in names.sorted() where !known.contains(name) {
            chart.add(
                Complaint(
                    .environment, .warning, "is no setting of ours",
                    advice: "take it away, or spell it as the README does."
                ).at("environment", key: name))
        }
    }
}

extension Examination {
    /// Whether nothing can be said of it without the database.
    fileprivate var asksDatabase: Bool {
        switch self {
        case .settings, .environment, .secrets, .publicURL, .certificate, .boundaries, .timeZones,
            .peers, .disk,
            .thumbnails, .openFiles, .coreDumps, .backup, .database:
            false
        default: true
        }
    }
}
