import ArgumentParser
import CaseStore
import Federation
import Foundation
import Reports

/// `viaduct erase`.
struct EraseCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erases personal data of a report for good, here and at every peer that got it.",
        discussion: """
            Erased are whoever reported it, whoever wrote its updates and notes, who supports it, \
            and what was answered to private questions; with --text and --photos also what was \
            written and shown. The report itself stays: what it was about, where, and how it ended. \
            Nothing brings the data back: no import, no repeat, no peer. There is no way back.

            Who got the report from us is told; `viaduct deliveries --report REPORT` knows who has \
            answered. Peers that have no words for it refuse: ask whoever runs them.

            Example: viaduct erase sofia-7F3K2M9Q --text --photos
            """)

    @OptionGroup var options: SettingsOptions
    @Flag(help: "Also title, description, all answers, and the texts of updates and notes.")
    var text = false
    @Flag(help: "Also the pictures of the report and of its updates.")
    var photos = false
    @Flag(help: "As JSON, for programs.")
    var json = false
    @Argument(help: "The report's id.")
    var report: String

    func perform() async throws {
        guard let id = Report.ID(rawValue: report) else {
            throw CommandError(.usage, "\(report) is no report's id.")
        }
        let more: [Erasure.Part?] = [text ? .text : nil, photos ? .photos : nil]
        let erasure = Erasure([.contact] + more.compactMap { $0 }) ?? .contact
        let settings = try await options.read()
        var order = ErasureOrder(id, erasure)
        order.party = .here
        let erased = try await withStore(settings) { [order] store in
            try await store.erase(order, in: settings.catalogue.catalogue, now: Date())
        }
        guard let erased else { throw CommandError(.noInput, "There is no report \(id).") }
        guard !json else { return Terminal.print(json: ErasedLine(erased)) }
        Terminal.print(Self.sentence(erased))
    }

    /// What became of it, for people.
    static func sentence(_ erased: Erased) -> String {
        let parts = erased.erasure.parts.map(\.rawValue).joined(separator: ", ")
        guard erased.isNew else {
            return "\(erased.report): nothing is left to erase of \(parts)"
        }
        let told = erased.told.map(\.rawValue).joined(separator: ", ")
        return "\(erased.report): erased \(parts); "
            + (told.isEmpty ? "no peer got it from us" : "told to \(told)")
    }
}

/// `viaduct erasures`.
struct ErasuresCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "erasures",
        abstract: "Writes what was erased, a line of JSON each, or does it again after a restore.",
        discussion: """
            A backup holds what was erased after it was made. Write the erasures to a place of their \
            own, more often than backups are made; after a restore, and before `viaduct serve`, have \
            them done again. Doing them twice changes nothing.

            Example: viaduct erasures > erasures.jsonl
            Example: viaduct erasures --replay erasures.jsonl
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "Erases once more what this file lists.")
    var replay: String?

    func perform() async throws {
        let settings = try await options.read()
        guard let replay else {
            return try await withStore(settings) { store in
                var place = TombstonePlace()
                while case let page = try await store.tombstones(behind: place), let end = page.end
                {
                    for tombstone in page.tombstones {
                        Terminal.write(try TombstoneLine(tombstone).text, to: .standardOutput)
                    }
                    place = end
                }
            }
        }
        let tombstones = try TombstoneLine.all(inFile: replay)
        let catalogue = settings.catalogue.catalogue
        let again = try await withStore(settings) { store in
            try await store.replay(tombstones, in: catalogue, by: .here, now: Date())
        }
        Terminal.print("\(again.done) of \(tombstones.count) erasures were done again")
        guard !again.missing.isEmpty else { return }
        let names = again.missing.map(\.rawValue).joined(separator: ", ")
        Terminal.note("Not in this database: \(names)")
    }
}

/// What was erased, as JSON.
private struct ErasedLine: Encodable {
    let report: String
    let erased: [String]
    /// Whether there was something to erase.
    let isNew: Bool
    let told: [String]

    init(_ erased: Erased) {
        report = erased.report.rawValue
        self.erased = erased.erasure.parts.map(\.rawValue)
        isNew = erased.isNew
        told = erased.told.map(\.rawValue)
    }

    private enum CodingKeys: String, CodingKey {
        case report, erased, told
        case isNew = "new"
    }
}

/// A tombstone as a line of JSON.
struct TombstoneLine: Codable {
    private let report: String
    private let parts: String
    private let erased: Date
    /// `nil` in lines of before there was retention.
    private let cause: Tombstone.Cause?

    init(_ tombstone: Tombstone) {
        report = tombstone.report.rawValue
        parts = tombstone.erasure.text
        erased = tombstone.erased
        cause = tombstone.cause
    }

    /// The line with its end.
    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            encoder.dateEncodingStrategy = .iso8601
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }

    /// When it was erased, of a line of a journal; `nil` if it is none.
    static func time(of line: Substring) -> Date? {
        try? reading.decode(Self.self, from: Data(line.utf8)).erased
    }

    private static var reading: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }

    /// The tombstones of a file, or which line is none.
    static func all(inFile path: String) throws(CommandError) -> [Tombstone] {
        let content: String
        do {
            content = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandError(.noInput, "\(path) cannot be read: \(error.localizedDescription)")
        }
        let decoder = reading
        var tombstones: [Tombstone] = []
        for (index, line) in content.split(whereSeparator: \.isNewline).enumerated() {
            guard let read = try? decoder.decode(Self.self, from: Data(line.utf8)),
                let report = Report.ID(rawValue: read.report),
                let erasure = Erasure(parsing: read.parts)
            else { throw CommandError(.data, "\(path):\(index + 1): this is no erasure.") }
            tombstones.append(
                Tombstone(
                    report: report, erasure: erasure, erased: read.erased,
                    cause: read.cause ?? .order))
        }
        return tombstones
    }
}
