import FoundationEssentials

/// A caller, known by its key.
package struct Client: Sendable, Equatable {
    package let id: ID
    /// Whose program it is, for operators.
    package let name: String
    /// Where it may report; empty means everywhere.
    package let jurisdictions: Set<Jurisdiction.ID>
    /// What it may do there.
    package let scopes: Set<Scope>
    package let profile: Profile
    package let holder: Holder
    package let created: Date
    /// Since when none of its keys counts.
    package let revoked: Date?
    /// Of the key that it called with.
    package var retirement: Retirement?

    package init(
        id: ID, name: String, jurisdictions: Set<Jurisdiction.ID> = [],
        scopes: Set<Scope> = [.report], profile: Profile = Profile(), holder: Holder = .program,
        created: Date, revoked: Date? = nil
    ) {
        self.id = id
        self.name = name
        self.jurisdictions = jurisdictions
        self.scopes = Set(scopes.flatMap(\.included))
        self.profile = profile
        self.holder = holder
        self.created = created
        self.revoked = revoked
    }

    /// Whether the client may do this in this jurisdiction.
    package func may(_ scope: Scope, in jurisdiction: Jurisdiction.ID) -> Bool {
        revoked == nil && scopes.contains(scope)
            && (jurisdictions.isEmpty || jurisdictions.contains(jurisdiction))
    }

    /// From when on a key is refused although nobody revoked it, and what its holder reads then (A6).
    package struct Retirement: Sendable, Equatable {
        package let date: Date
        package let notice: String

        package init(date: Date, notice: String) {
            self.date = date
            self.notice = notice
        }
    }

    /// In whose hands the key is.
    package enum Holder: Sendable {
        /// One program of an operator's own, such as the server of a city's app.
        case program
        /// Everybody who has an app that carries it: then addresses are counted as well (A10).
        case everybody
    }

    /// What a client may do; none includes another, but for a supervisor, who is staff.
    package enum Scope: String, Sendable, CaseIterable {
        /// Send reports, and support those of others.
        case report
        /// Comment on reports and change their status.
        case update
        /// Also move, assign and merge reports, and read and write internal notes.
        case staff
        /// Follow changes and be told of them by webhooks.
        case follow
        /// What staff may, and erase data of reports, and see who saw or changed one.
        case supervisor
        /// Read the audit log, and nothing else.
        case auditor

        /// What whoever has it may do.
        package var included: Set<Scope> { self == .supervisor ? [.supervisor, .staff] : [self] }
    }

    /// A client's id: the display prefix of its key, such as `o311_4kTz9Q`.
    package struct ID: Identifier {
        package let rawValue: String

        package init?(rawValue: String) {
            guard MintedName.isWellFormed(rawValue) else { return nil }
            self.rawValue = rawValue
        }
    }

    /// How answers are shaped for one client.
    package struct Profile: Sendable, Equatable {
        package var absent: Absent
        package var created: Created
        package var dialects: Set<Dialect>

        /// Habits of one kind of client, beyond the standard; several go together.
        package enum Dialect: String, Sendable, CaseIterable {
            /// Groups as a list, details instead of open and closed, `title`, `extras` and
            /// `non_public` of reports (GR-15.4).
            case fixmystreet
            /// A window also finds what was first published in it, with a time of change that lies
            /// in it (GR-18.3).
            case fmsImport = "fms_import"
            /// What a strict open311-adapter would refuse is left out (GR-13.7).
            case adapter
            /// Pictures may come as base64 text (GR-15.3).
            case base64
        }

        /// How a value that is not there is written (GR-11.3).
        package enum Absent: String, Sendable, CaseIterable {
            /// JSON `null`, an empty element.
            case null
            /// Dates left out, text as `""`.
            case compact
        }

        /// The status of a successful POST (GR-A11).
        package enum Created: Int, Sendable, CaseIterable {
            case ok = 200
            case created = 201
        }

        package init(
            absent: Absent = .null, created: Created = .ok, dialects: Set<Dialect> = []
        ) {
            self.absent = absent
            self.created = created
            self.dialects = dialects
        }
    }
}

/// A key that was given to a client; two of one client count while the new one takes the old one's
/// place (A6).
package struct IssuedKey: Sendable, Equatable {
    /// Its first characters; of a client's first key, the client's own id.
    package let id: Client.ID
    package let client: Client
    package let created: Date
    package let revoked: Date?

    package init(id: Client.ID, client: Client, created: Date, revoked: Date?) {
        self.id = id
        self.client = client
        self.created = created
        self.revoked = revoked
    }

    /// Where a key stands.
    package enum Standing: Sendable, Equatable {
        case valid
        /// It counts for now.
        case retiring(Client.Retirement)
        case retired(Client.Retirement)
        case revoked(Date)

        package var isRevoked: Bool {
            if case .revoked = self { true } else { false }
        }

        /// Whether it counts no more.
        package var isOver: Bool {
            if case .retired = self { true } else { isRevoked }
        }
    }

    /// Where it stands at this time.
    package func standing(at now: Date) -> Standing {
        if let revoked { return .revoked(revoked) }
        guard let retirement = client.retirement else { return .valid }
        return retirement.date <= now ? .retired(retirement) : .retiring(retirement)
    }
}

/// A client's secret: `o311_`, 32 random bytes in base 62, and six characters of CRC-32 (A1).
package struct Key: Sendable, Equatable, CustomStringConvertible {
    /// The whole key; shown once, stored only as a hash.
    package let secret: String

    private static let prefix = "o311_"
    private static let digits = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let bodyLength = 43

    /// A key, or `nil` if the text has another shape or its checksum is wrong: a typo is refused
    /// without asking the database.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        let head = Array(Self.prefix.utf8)
        guard bytes.count == head.count + Self.bodyLength + 6, bytes.starts(with: head),
            bytes.dropFirst(head.count).allSatisfy(Self.digits.contains)
        else { return nil }
        let body = bytes.dropLast(6)
        guard Self.checksum(of: body).elementsEqual(bytes.suffix(6)) else { return nil }
        secret = text
    }

    /// A fresh key from 32 random bytes.
    package init(using source: inout some RandomNumberGenerator) {
        let random = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }
        let body = Array(Self.prefix.utf8) + Self.base62(random, length: Self.bodyLength)
        secret = String(decoding: body + Self.checksum(of: body[...]), as: UTF8.self)
    }

    /// What may be shown and stored in the clear: the prefix and six characters.
    package var clientID: String { String(secret.prefix(Self.prefix.count + 6)) }

    /// Never the secret.
    package var description: String { "•••" }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        crc = ~crc
        let big = (0..<4).reversed().map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
        return base62(big, length: 6)
    }

    /// A big-endian number as exactly `length` base-62 digits.
    private static func base62(_ bytes: [UInt8], length: Int) -> [UInt8] {
        var number = bytes
        var text = [UInt8](repeating: digits[0], count: length)
        for position in (0..<length).reversed() {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            text[position] = digits[remainder]
        }
        return text
    }
}
