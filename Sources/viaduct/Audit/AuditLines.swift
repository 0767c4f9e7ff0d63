import CaseStore
import Foundation
import Reports

/// An entry of the audit log, as JSON and as a row of a table.
struct AuditLine: Encodable {
    let number: Int
    let datetime: Date
    let actor: String
    let name: String
    let source: String?
    let action: String
    let jurisdictionId: String?
    let serviceRequestIds: [String]
    let subject: String?
    /// By name what was, and what is.
    let changes: [String: [String?]]

    init(_ kept: AuditEntry.Kept) {
        let entry = kept.entry
        number = kept.number
        datetime = kept.time
        actor = entry.party.actor.rawValue
        name = entry.party.name
        source = entry.party.source
        action = entry.action.rawValue
        jurisdictionId = entry.jurisdiction?.rawValue
        serviceRequestIds = entry.reports.map(\.rawValue)
        subject = entry.subject
        changes = entry.changes.mapValues { [$0.before, $0.after] }
    }

    /// The lines as one document.
    static func json(_ lines: [AuditLine]) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(lines), as: UTF8.self)
    }

    static func table(_ lines: [AuditLine]) -> String {
        Terminal.table(
            ["NUMBER", "TIME", "WHO", "FROM", "WHAT", "REPORTS", "ABOUT"],
            lines.map { line in
                [
                    "\(line.number)", line.datetime.formatted(.iso8601),
                    "\(line.actor) \(line.name)", line.source ?? "-", line.action,
                    line.reports, line.subject ?? "",
                ]
            })
    }

    /// The first few, and how many more there are.
    private var reports: String {
        let shown = serviceRequestIds.prefix(3).joined(separator: ",")
        let more = serviceRequestIds.count - 3
        return shown.isEmpty ? "-" : more > 0 ? "\(shown) and \(more) more" : shown
    }
}

extension AuditVerdict.Flaw {
    /// What is wrong, for people.
    var sentence: String {
        switch self {
        case .altered(let number): "entry \(number) is not the one that was written"
        case .missing(let number): "entry \(number) is missing"
        case .cutShort(let number): "the entries from \(number) on are missing"
        case .rewritten(let number): "entry \(number) is not the one that was noted of it"
        }
    }

    /// The first entry that is concerned.
    var number: Int {
        switch self {
        case .altered(let number), .missing(let number), .cutShort(let number),
            .rewritten(let number):
            number
        }
    }

    var word: String {
        switch self {
        case .altered: "altered"
        case .missing: "missing"
        case .cutShort: "cut_short"
        case .rewritten: "rewritten"
        }
    }
}

extension AuditEntry.Party {
    /// Whoever types a command here: the user of the operating system, also behind `sudo`.
    static var here: AuditEntry.Party {
        let process = ProcessInfo.processInfo
        let user = NSUserName()
        let behind = user == "root" ? process.environment["SUDO_USER"] : nil
        return AuditEntry.Party(
            .operator, behind.map { "\($0) as root" } ?? user, from: process.hostName)
    }
}
