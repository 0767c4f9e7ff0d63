import ArgumentParser
import Foundation
import Reports

/// `viaduct import`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Takes in what other systems hold.",
        discussion: "Example: viaduct import requests history.csv --jurisdiction sofia.example",
        subcommands: [ImportServicesCommand.self, ImportRequestsCommand.self])
}

/// `viaduct import requests`.
struct ImportRequestsCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests", abstract: "Takes reports in as history: JSON, XML or Bulk CSV.",
        discussion: """
            May be repeated: what is there stays, what differs is corrected, nothing is there twice.
            A bad row is told with its number and does not stop the rest. From an address it goes on
            page by page, with page and page_size, until a page is empty or repeats.

            Examples:
              viaduct import requests history.csv --jurisdiction sofia.example
              viaduct import requests https://city.example/open311/v2/requests.json \\
                --jurisdiction sofia
            """)

    @OptionGroup var options: SettingsOptions
    @Argument(help: "A file, or the address of a list of requests.")
    var source: String
    @Option(help: "Whose reports they are: an id, an alias or a slug.")
    var jurisdiction: String
    @Option(help: "What the source is called. Default: the name of the file or the server.")
    var sourceName: String?
    @Option(help: "How many reports a page of an address shall have, 1 to 1000.")
    var pageSize = 500

    func validate() throws {
        guard (1...1000).contains(pageSize) else {
            throw ValidationError("--page-size is 1 to 1000.")
        }
    }

    func perform() async throws {
        let settings = try await options.read()
        let jurisdiction = try settings.jurisdiction(named: jurisdiction)
        let source = ImportSource(source)
        let summary = try await Deployment.with(settings) { deployment in
            try await deployment.prepare()
            let progress = Progress("Importing")
            let work = RequestImport(
                into: deployment.store, jurisdiction: jurisdiction,
                source: sourceName ?? source.name, progress: progress, complain: Terminal.note)
            switch source {
            case .file(let path): try await work.take(file: path, now: Date())
            case .address(let address):
                try await Fetcher.with {
                    try await work.take(
                        address: address, pageSize: pageSize, with: $0, now: Date())
                }
            }
            await progress.finish()
            return await work.summary
        }
        Terminal.print(summary.sentence)
        if summary.bad > 0, summary.bad == summary.rows {
            throw ExitCode(CommandError.Exit.data.rawValue)
        }
    }
}
