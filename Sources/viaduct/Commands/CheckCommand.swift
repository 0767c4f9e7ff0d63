import ArgumentParser
import Federation
import Foundation
import Outbound

/// `viaduct check`.
struct CheckCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says what is wrong with settings, database and disk, and where.",
        discussion: """
            Each line begins with ok, warning or wrong. The exit code is 0, or 1 if something is
            wrong.

            Example: viaduct check --settings Examples/viaduct.yaml
            """)

    @OptionGroup var options: SettingsOptions

    func perform() async throws {
        var lines = CheckLines()
        do {
            let settings = try await options.read()
            lines.ok("settings", "\(settings.file)")
            for jurisdiction in settings.catalogue.catalogue.jurisdictions {
                let file = settings.catalogue.files[jurisdiction.id] ?? ""
                lines.ok(
                    "settings",
                    "\(file): \(jurisdiction.id), \(jurisdiction.services.count) services")
            }
            if settings.catalogue.catalogue.jurisdictions.isEmpty {
                lines.warn("settings", "\(settings.jurisdictionDirectory) holds no jurisdiction")
            }
            checkPeers(settings, &lines)
            checkVariables(&lines)
            checkDisk(settings, &lines)
            await checkDatabase(settings, &lines)
        } catch let error as SettingsError {
            for problem in error.problems { lines.wrong("settings", "\(problem)") }
        }
        if lines.isWrong { throw ExitCode(CommandError.Exit.found.rawValue) }
    }

    /// What the peers' files cannot know: whether their addresses may be called, and how.
    private func checkPeers(_ settings: Settings, _ lines: inout CheckLines) {
        let guardian = OutboundGuard(OutboundGuard.Settings(settings))
        for peer in settings.peers.peering.peers {
            guard let link = settings.peers.links[peer.name] else { continue }
            let flow = Peer.Stream.allCases.filter(peer.flow.contains).map(\.rawValue)
            lines.ok(
                "peers", "\(link.file): \(peer.name), \(link.kind), \(flow.joined(separator: ", "))"
            )
            do throws(Refusal) {
                let destination = try guardian.check(link.address)
                if destination.scheme == .http, !link.secrets.isEmpty {
                    lines.warn(
                        "peers", "\(link.file): address: our key goes there unencrypted; use https")
                }
            } catch {
                lines.wrong(
                    "peers",
                    "\(link.file): address: may not be called (\(error.rawValue)); "
                        + "see outbound.allow and outbound.ports")
            }
        }
    }

    /// A misspelt variable changes nothing, and nobody would notice.
    private func checkVariables(_ lines: inout CheckLines) {
        let others = [
            "VIADUCT_SETTINGS", "VIADUCT_PG_BIN", "VIADUCT_DATABASE_URL_FILE", "VIADUCT_KEY",
        ]
        let known = Set(SettingKey.all.map(\.variable) + others)
        let names = ProcessInfo.processInfo.environment.keys.filter { $0.hasPrefix("VIADUCT_") }
        for name in names.sorted() where !known.contains(name) {
            lines.warn("settings", "environment: \(name): is no setting of ours")
        }
    }

    private func checkDisk(_ settings: Settings, _ lines: inout CheckLines) {
        let directory = settings.data.directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            lines.wrong(
                "disk", "\(directory): data.directory: cannot be made; name one with --data")
            return
        }
        guard FileManager.default.isWritableFile(atPath: directory) else {
            lines.wrong("disk", "\(directory): data.directory: cannot be written to")
            return
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        let free = ((attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0) >> 20
        if free < 512 {
            lines.wrong("disk", "\(directory): only \(free) MiB are free; make room")
        } else if free < 4096 {
            lines.warn("disk", "\(directory): \(free) MiB are free")
        } else {
            lines.ok("disk", "\(directory): \(free >> 10) GiB are free")
        }
    }

    private func checkDatabase(_ settings: Settings, _ lines: inout CheckLines) async {
        let kind = settings.database.url == nil ? "embedded PostgreSQL" : "database.url"
        do {
            let health = try await Deployment.with(settings) { try await $0.store.check() }
            lines.ok("database", "\(kind) answers")
            for refusal in health.refusals { lines.wrong("database", refusal) }
            for warning in health.warnings { lines.warn("database", warning) }
            for name in health.pendingMigrations {
                lines.warn("database", "\(name) has not run; serve or migrate will run it")
            }
        } catch {
            lines.wrong("database", CommandError(telling: error)?.description ?? "\(error)")
        }
    }
}

/// What `check` says, line by line.
struct CheckLines {
    private(set) var isWrong = false

    func ok(_ subject: String, _ text: String) { say("ok", subject, text) }

    func warn(_ subject: String, _ text: String) { say("warning", subject, text) }

    mutating func wrong(_ subject: String, _ text: String) {
        isWrong = true
        say("wrong", subject, text)
    }

    private func say(_ word: String, _ subject: String, _ text: String) {
        let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        Terminal.print(
            "\(word.padding(toLength: 8, withPad: " ", startingAt: 0))\(subject): \(flat)")
    }
}
