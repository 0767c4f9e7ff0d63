import ArgumentParser
import Foundation
import GeoReport
import Reports

/// `viaduct export`.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes what we hold, for others.",
        discussion:
            "Example: viaduct export requests --jurisdiction sofia --format csv --output sofia.csv",
        subcommands: [ExportRequestsCommand.self])
}

/// `viaduct export requests`.
struct ExportRequestsCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests",
        abstract: "Writes a jurisdiction's published reports, the newest first.",
        discussion: """
            Private and unpublished reports, and whoever reported them, are never in it. However
            many reports there are, the memory stays the same.

            Example: viaduct export requests --jurisdiction sofia --format csv --output sofia.csv
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "Whose reports: an id, an alias or a slug.")
    var jurisdiction: String
    @Option(help: "json, xml, csv (GeoReport Bulk) or geojson.")
    var format: Format = .json
    @Option(name: [.customShort("o"), .long], help: "The file to write; default: the output.")
    var output: String?
    @Option(help: "production or test.")
    var stage: Stage = .production
    @Flag(help: "With the members beyond the standard's, as extensions=true has them.")
    var extensions = false

    func perform() async throws {
        let settings = try await options.read()
        let jurisdiction = try settings.jurisdiction(named: jurisdiction)
        let view = ReportView(extensions: extensions ? .included : .none)
        let (stage, format, output, extensions) = (stage, format, output, extensions)
        try await Deployment.with(settings) { deployment in
            try await deployment.store.migrate()
            let target = try ExportTarget(output)
            var encoder = ReportListEncoder(as: format, view: view)
            do {
                try await deployment.store.export(
                    ReportFilter(jurisdiction: jurisdiction.id, stage: stage), now: Date()
                ) { reports in
                    try Task.checkCancellation()
                    try reports.forEach(extensions ? .withAnswers : .withoutAnswers) {
                        encoder.append($0, in: jurisdiction)
                    }
                    try target.write(encoder.take())
                }
                try target.write(encoder.finish())
                try target.keep()
            } catch {
                target.discard()
                throw error
            }
        }
    }
}

extension Format: ExpressibleByArgument {}
extension Stage: ExpressibleByArgument {}

/// Where an export goes: the output, or a file that appears under its name when it is whole.
struct ExportTarget {
    private let path: String?
    private let handle: FileHandle

    private var draft: String? { path.map { $0 + ".part" } }

    init(_ path: String?) throws(CommandError) {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        let draft = path + ".part"
        guard FileManager.default.createFile(atPath: draft, contents: nil),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw CommandError(.output, "\(draft) cannot be written; look at its directory.") }
        self.handle = handle
    }

    func write(_ bytes: [UInt8]) throws(CommandError) {
        guard !bytes.isEmpty else { return }
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw CommandError(
                .output, "The export cannot be written; is the disk full, or its reader gone?")
        }
    }

    func keep() throws(CommandError) {
        guard let path, let draft else { return }
        guard rename(draft, path) == 0 else {
            throw CommandError(.output, "\(path) cannot be written.")
        }
    }

    func discard() {
        if let draft { try? FileManager.default.removeItem(atPath: draft) }
    }
}
