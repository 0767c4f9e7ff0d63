import Federation
import Foundation
import GeoReport
import Open311
import Reports
import Testing

/// One file of `Vectors`: what a peer is told or asked, word for word, and what is made of its answers.
///
/// The first line says what it shows. Then come settings and the message, one a line; then calls and
/// replies in turn, and the outcome, each under a line of its own.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let summary: String
    let settings: [(name: String, value: String)]
    let exchanges: [(call: String, reply: Wire.Reply)]
    let outcome: String

    var testDescription: String { name }

    struct Malformed: Error {
        let file: String
        let problem: String
    }

    /// All vectors, in the order of their names.
    static func all() throws -> [Vector] {
        guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil) else {
            throw Malformed(file: "Vectors", problem: "the folder is not there")
        }
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "txt" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { try Vector(String(contentsOf: $0, encoding: .utf8), name: $0.lastPathComponent) }
    }

    init(_ text: String, name: String) throws {
        self.name = name
        let sections = text.split(separator: "\n==== ", omittingEmptySubsequences: false)
        var head = sections[0].split(separator: "\n", omittingEmptySubsequences: true)
            .map(String.init)
        guard !head.isEmpty else { throw Malformed(file: name, problem: "says nothing") }
        summary = head.removeFirst()
        settings = try head.map { line in
            guard let colon = line.firstRange(of: ": ") else {
                throw Malformed(file: name, problem: "no setting: \(line)")
            }
            return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
        }
        var exchanges: [(call: String, reply: Wire.Reply)] = []
        var call: String?
        var outcome: String?
        for section in sections.dropFirst() {
            let (title, body) = Self.halves(String(section), at: "\n")
            switch (title, call) {
            case ("call", nil): call = Self.trimmed(body)
            case (_, let asked?) where title.hasPrefix("reply "):
                exchanges.append((asked, try Self.reply(title, body, name)))
                call = nil
            case ("outcome", nil): outcome = Self.trimmed(body)
            default: throw Malformed(file: name, problem: "`\(title)` stands in the wrong place")
            }
        }
        guard let outcome else { throw Malformed(file: name, problem: "has no outcome") }
        self.exchanges = exchanges
        self.outcome = outcome
    }

    /// `reply 200`, headers, an empty line, the body.
    private static func reply(
        _ title: String, _ text: String, _ name: String
    ) throws -> Wire.Reply {
        guard let status = Int(title.dropFirst("reply ".count)) else {
            throw Malformed(file: name, problem: "no status: \(title)")
        }
        let (head, body) = text.hasPrefix("\n") ? ("", text) : halves(text, at: "\n\n")
        let headers = head.split(separator: "\n").map { line in
            let (name, value) = halves(String(line), at: ": ")
            return Wire.Header(name, value)
        }
        return Wire.Reply(status: status, headers: headers, body: Array(trimmed(body).utf8))
    }

    private static func halves(_ text: String, at separator: String) -> (String, String) {
        guard let place = text.firstRange(of: separator) else { return (text, "") }
        return (String(text[..<place.lowerBound]), String(text[place.upperBound...]))
    }

    private static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .newlines)
    }

    subscript(name: String) -> String? {
        settings.first { $0.name == name }?.value.replacing("\\n", with: "\n")
    }

    func all(_ name: String) -> [String] {
        settings.filter { $0.name == name }.map { $0.value.replacing("\\n", with: "\n") }
    }

    /// The settings that begin with this word, without it.
    func beginning(_ word: String) -> [(name: String, value: String)] {
        settings.filter { $0.name.hasPrefix(word + " ") }.map {
            (String($0.name.dropFirst(word.count + 1)), $0.value)
        }
    }
}
