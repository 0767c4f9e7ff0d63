import ArgumentParser
import CaseStore
import Crypto
import Foundation
import Reports

/// `viaduct sample`.
struct SampleCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Fills the case store with reports that could be real.",
        discussion: """
            The same seed and end make the same reports, so that a second run adds nothing. Texts
            and places are in sample/ beside the settings file; pictures are drawn into media/ of
            the data directory.

            Example: viaduct sample --settings Examples/viaduct.yaml --count 2000 --seed 311
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "How many reports.")
    var count = 2000
    @Option(help: "Another seed, other reports.")
    var seed: UInt64 = 311
    @Option(help: "The last day of the two years, such as 2026-11-22. Default: today.")
    var until: String?
    @Option(help: "Only this jurisdiction; repeat for several. Default: all.")
    var jurisdiction: [String] = []
    @Option(help: "The directory of texts and places. Default: sample/ beside the settings file.")
    var texts: String?
    @Flag(inversion: .prefixedNo, help: "With pictures; more than 100,000 reports have none.")
    var media = true

    func validate() throws {
        guard (1...10_000_000).contains(count) else {
            throw ValidationError("--count is 1 to 10000000.")
        }
        guard until == nil || end != nil else {
            throw ValidationError("--until is a day such as 2026-11-22.")
        }
    }

    /// The end of the day named, or of yesterday in UTC, so that runs of one day are the same.
    private var end: Date? {
        guard let until else {
            let day = (Date().timeIntervalSince1970 / 86_400).rounded(.down) * 86_400
            return Date(timeIntervalSince1970: day - 1)
        }
        let start = try? Date(until, strategy: .iso8601.year().month().day())
        return start.map { min($0.addingTimeInterval(86_399), Date()) }
    }

    func perform() async throws {
        let settings = try await options.read()
        let sample = try sample(settings)
        let added = try await Deployment.with(settings) { deployment in
            try await deployment.prepare()
            return try await load(sample, of: settings, into: deployment.store)
        }
        Terminal.print("\(added) of \(count) sample reports added.")
    }

    private func sample(_ settings: Settings) throws -> Sample {
        let base = (settings.file as NSString).deletingLastPathComponent
        let directory = texts ?? (base.isEmpty ? "sample" : base + "/sample")
        var jurisdictions = settings.catalogue.catalogue.jurisdictions
        if !jurisdiction.isEmpty {
            jurisdictions = try jurisdiction.map { try settings.jurisdiction(named: $0) }
        }
        guard !jurisdictions.isEmpty, let end else {
            throw CommandError(
                .settings,
                "There is no jurisdiction; put one into \(settings.jurisdictionDirectory).")
        }
        let pictures = media && count <= 100_000 ? try SamplePictures.draw(into: settings) : [:]
        return Sample(
            of: try jurisdictions.map { jurisdiction in
                (
                    jurisdiction,
                    try SamplePlaces.read(
                        "\(directory)/\(jurisdiction.slug).yaml", for: jurisdiction)
                )
            },
            texts: try SampleTexts.read(directory + "/texts.yaml"), count: count, seed: seed,
            until: end, pictures: pictures)
    }

    private func load(
        _ sample: Sample, of settings: Settings, into store: CaseStore
    ) async throws -> Int {
        let progress = Progress("Sampling", total: count)
        let slugs = Dictionary(
            uniqueKeysWithValues: settings.catalogue.catalogue.jurisdictions.map {
                ($0.id, $0.slug)
            })
        var added = 0
        for start in stride(from: 0, to: count, by: 10_000) {
            try Task.checkCancellation()
            let numbers = start..<min(start + 10_000, count)
            let reports = numbers.compactMap(sample.report)
            // The store takes in one piece of a jurisdiction at a time, but several jurisdictions.
            let cities = Dictionary(grouping: reports, by: \.jurisdiction)
            added += try await withThrowingTaskGroup(of: Int.self) { group in
                for (id, reports) in cities {
                    guard let slug = slugs[id] else { continue }
                    group.addTask {
                        let history = reports.map { ImportedReport($0, slug: slug) }
                        let outcomes = try await store.take(history, now: sample.until)
                        return outcomes.count { if case .added = $0 { true } else { false } }
                    }
                }
                return try await group.reduce(0, +)
            }
            await progress.advance(by: numbers.count)
        }
        await progress.finish()
        return added
    }
}

extension ImportedReport {
    /// A report of a sample: its own id is its number at the source.
    init(_ report: Report, slug: Jurisdiction.Slug) {
        self.init(
            jurisdiction: report.jurisdiction, slug: slug, source: "sample",
            sourceID: report.id.rawValue, service: report.service, status: report.status,
            detail: report.detail, statusNotes: report.statusNotes,
            description: report.description, agency: report.agency, notice: report.notice,
            requested: report.requested, updated: report.updated, expected: report.expected,
            address: report.address, coordinate: report.coordinate, media: report.media,
            answers: report.answers, channel: report.channel, visibility: report.visibility,
            published: report.published)
    }
}

/// The sample's pictures as files, named by their content.
enum SamplePictures {
    /// Draws what is not there yet, and answers with the addresses.
    static func draw(into settings: Settings) throws -> [Scene: [String]] {
        let directory = settings.data.media
        var addresses: [Scene: [String]] = [:]
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            for scene in Scene.allCases {
                addresses[scene] = try (0..<Scene.variants).map { variant in
                    let file = PNG.file(of: scene.canvas(variant))
                    let name = Self.name(of: file)
                    let path = directory + "/" + name
                    if !FileManager.default.fileExists(atPath: path) {
                        try Data(file).write(to: URL(filePath: path), options: .atomic)
                    }
                    return settings.http.publicURL + "/media/" + name
                }
            }
        } catch {
            throw CommandError(
                .output, "The pictures cannot be written to \(directory); look at its rights.")
        }
        return addresses
    }

    /// The first half of the SHA-256, as a file name; with a word in front, because no report
    /// brought it: what bears a hash alone and is nobody's is swept away.
    static func name(of file: [UInt8]) -> String {
        "sample-"
            + SHA256.hash(data: file).prefix(16).map { byte in
                let text = String(byte, radix: 16)
                return byte < 16 ? "0" + text : text
            }.joined() + ".png"
    }
}
