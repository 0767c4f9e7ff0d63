import ArgumentParser
import CaseStore
import Foundation
import Reports

/// `viaduct person`.
struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "Answers people who ask what is held of them.",
        discussion: "Example: viaduct person export --email ann@example.org",
        subcommands: [PersonExportCommand.self])
}

/// `viaduct person export`.
struct PersonExportCommand: PeerSettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Writes all that is held of a person, as JSON: what they reported, wrote, support.",
        discussion: """
            Each report that it names can be erased with `viaduct erase`. Pictures are named as \
            reports show them, below /media.

            Example: viaduct person export --email ann@example.org --output ann.json
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "The e-mail address that they gave.")
    var email: String?
    @Option(help: "The telephone number that they gave.")
    var phone: String?
    @Option(name: [.customShort("o"), .long], help: "The file to write; default: the output.")
    var output: String?

    func validate() throws {
        guard Sought(email: email, phone: phone) != nil else {
            throw ValidationError(
                "Say who: --email with an address, --phone with a number, or both.")
        }
    }

    func perform() async throws {
        let settings = try await options.read()
        let (email, phone) = (email, phone)
        let records = try await withStore(settings) { store in
            let records = try await store.records(email: email, phone: phone)
            // Before anything of it leaves.
            let subject = try Sought(email: email, phone: phone).map(store.subject)
            try await store.audit(Self.entries(records, subject: subject), now: Date())
            return records
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        let torn = records.count { !$0.isWhole }
        if torn > 0 {
            Terminal.note(
                "\(torn) records are not whole (\"whole\": false): no data key opens the rest of them; "
                    + "see viaduct doctor")
        }
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let json = try encoder.encode(records.map(PersonalLine.init)) + Data("\n".utf8)
        guard let output else {
            return Terminal.write(String(decoding: json, as: UTF8.self), to: .standardOutput)
        }
        // For its owner's eyes from the first byte on.
        guard
            FileManager.default.createFile(
                atPath: output, contents: json, attributes: [.posixPermissions: 0o600])
        else { throw CommandError(.output, "\(output) cannot be written.") }
        Terminal.note("\(records.count) records are in \(output)")
    }
}

extension PersonExportCommand {
    /// What the audit log is told: an entry for each jurisdiction, and one if nothing was found.
    private static func entries(_ records: [PersonalRecord], subject: String?) -> [AuditEntry] {
        let places = Dictionary(grouping: records, by: \.jurisdiction)
        guard !places.isEmpty else {
            return [AuditEntry(.exported, by: .here, subject: subject)]
        }
        return places.sorted { $0.key.rawValue < $1.key.rawValue }.map { place, records in
            let reports = Set(records.map(\.report)).sorted { $0.rawValue < $1.rawValue }
            return AuditEntry(
                .exported, by: .here, in: place, reports: reports, subject: subject)
        }
    }
}

/// One record, as JSON.
private struct PersonalLine: Encodable {
    let kind: String
    let serviceRequestId: String
    let updateId: String?
    let jurisdictionId: String
    let datetime: Date
    let title: String?
    let description: String?
    let address: String?
    let lat: Double?
    let long: Double?
    let attributes: [Attribute]
    let media: [String]
    let email: String?
    let firstName: String?
    let lastName: String?
    let phone: String?
    let deviceId: String?
    let accountId: String?
    /// What they said beyond what we know of, as it was said.
    let others: String?
    /// `false` if there is more, which no data key opens.
    let whole: Bool?

    struct Attribute: Encodable {
        let code: String
        let values: [String]
    }

    init(_ record: PersonalRecord) {
        kind = record.kind.rawValue
        serviceRequestId = record.report.rawValue
        updateId = record.update?.rawValue
        jurisdictionId = record.jurisdiction.rawValue
        datetime = record.told
        (title, description, address) = (record.title, record.description, record.address)
        (lat, long) = (record.coordinate?.latitude, record.coordinate?.longitude)
        attributes = record.answers.map {
            Attribute(code: $0.code.rawValue, values: $0.values)
        }
        media = record.media
        let person = record.person
        (email, phone) = (person.email, person.phone)
        (firstName, lastName) = (person.firstName, person.lastName)
        (deviceId, accountId) = (person.deviceID, person.accountID)
        others = record.unknown
        whole = record.isWhole ? nil : false
    }
}
