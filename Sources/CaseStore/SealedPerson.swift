import FoundationEssentials
import Postgres
import Reports

/// What is sealed of a person, as JSON: our own shape, read by nobody else. What names the device is
/// sealed by itself, because it goes sooner (P4).
struct SealedPerson: Codable, Equatable, Sendable {
    private var email: String?
    private var firstName: String?
    private var lastName: String?
    private var phone: String?
    private var accountID: String?
    /// Names and values of parameters that nobody knows.
    private var unknown: [[String]]?

    init(_ person: Reporter, unknown: [Report.Draft.Unknown] = []) {
        email = person.email
        firstName = person.firstName
        lastName = person.lastName
        phone = person.phone
        accountID = person.accountID
        self.unknown = unknown.isEmpty ? nil : unknown.map { [$0.name, $0.value] }
    }

    func reporter(deviceID: String?) -> Reporter {
        Reporter(
            email: email, firstName: firstName, lastName: lastName, phone: phone,
            deviceID: deviceID, accountID: accountID)
    }

    /// `[{"name": …, "value": …}]`, `nil` for none.
    var unknownText: String? {
        JSONText.of(
            (unknown ?? []).compactMap { pair in
                pair.count == 2 ? Report.Draft.Unknown(name: pair[0], value: pair[1]) : nil
            })
    }

    /// The JSON.
    var bytes: Data {
        // Texts only: there is nothing that it could not write.
        (try? JSONEncoder().encode(self)) ?? Data("{}".utf8)
    }

    init?(bytes: [UInt8]) {
        guard let person = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
            return nil
        }
        self = person
    }

    /// By which the person is found: both without what people write in different ways.
    var emailName: String? { Self.name(email: email) }
    var phoneName: String? { Self.name(phone: phone) }

    /// Upper and lower case, and blanks around it, make no difference.
    static func name(email: String?) -> String? {
        let name = (email ?? "").lowercased().split(whereSeparator: \.isWhitespace).joined()
        return name.isEmpty ? nil : name
    }

    /// The digits, without the 00 that stands for a plus; `nil` for what holds none: it would be
    /// anybody's.
    static func name(phone: String?) -> String? {
        var digits = (phone ?? "").filter { ("0"..."9").contains($0) }
        if digits.hasPrefix("00") { digits.removeFirst(2) }
        return digits.isEmpty ? nil : digits
    }
}

/// A person's columns in `contact.contact` or `contact.author`: those that are written, and beside
/// them the code that reads them, from the time before anything was sealed as well.
struct PersonRow {
    let table: Table
    /// The key of the row: a report, an update or an internal note.
    let row: String

    /// Where persons are.
    enum Table: Sendable {
        case contact, author

        var column: SealedCell.Column { self == .contact ? .contact : .author }
        var deviceColumn: SealedCell.Column { self == .contact ? .contactDevice : .authorDevice }
    }

    /// The columns that are written, in the order of `values`.
    static let written: SQL = "sealed, sealed_device, email_mark, phone_mark"

    func values(
        _ person: Reporter, unknown: [Report.Draft.Unknown] = [], keys: DataKeys
    ) -> SQL {
        let sealed = SealedPerson(person, unknown: unknown)
        let device = person.deviceID.map { keys.seal($0, table.deviceColumn, row) }
        return """
            \(keys.seal(sealed.bytes, table.column, row)), \(device),
            \(sealed.emailName.map { keys.current.mark($0, of: .email) }),
            \(sealed.phoneName.map { keys.current.mark($0, of: .phone) })
            """
    }

    /// The columns that `person` reads.
    static func columns(of table: SQL) -> SQL {
        let names: [SQL] = [
            "email", "first_name", "last_name", "phone", "device_id", "account_id", "sealed",
            "sealed_device",
        ]
        return names.map { "\(table).\($0)" }.joined()
    }

    /// What the columns hold, before it is opened.
    struct Held {
        let plain: Reporter
        let sealed: [UInt8]?
        let device: [UInt8]?

        init(from cells: inout Cells) throws(PostgresError) {
            plain = try Reporter(
                email: cells.next(), firstName: cells.next(), lastName: cells.next(),
                phone: cells.next(), deviceID: cells.next(), accountID: cells.next())
            (sealed, device) = try (cells.next([UInt8]?.self), cells.next([UInt8]?.self))
        }
    }

    /// The person, and what they said beyond what we know of; `nil` if no key of ours opens it.
    func open(
        _ held: Held, keys: DataKeys?
    ) -> (person: Reporter, unknown: String?)? {
        guard held.sealed != nil || held.device != nil else { return (held.plain, nil) }
        var sealed = SealedPerson(held.plain)
        if let bytes = held.sealed {
            guard
                let opened = keys?.open(bytes, table.column, row).flatMap(SealedPerson.init(bytes:))
            else { return nil }
            sealed = opened
        }
        var device = held.plain.deviceID
        if let bytes = held.device {
            guard let opened = keys?.text(bytes, table.deviceColumn, row) else { return nil }
            device = opened
        }
        return (sealed.reporter(deviceID: device), sealed.unknownText)
    }

    /// Those of the two cells that no key of ours opens.
    func torn(_ held: Held, keys: DataKeys?) -> [SealedCell] {
        [(held.sealed, table.column), (held.device, table.deviceColumn)].compactMap {
            sealed, column in
            guard let sealed, keys?.open(sealed, column, row) == nil else { return nil }
            return SealedCell(column, row)
        }
    }
}
