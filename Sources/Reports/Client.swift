import FoundationEssentials

/// A caller, known by its key.
package struct Client: Sendable, Equatable {
    package let id: ID
    /// Whose program it is, for operators.
    package let name: String
    /// Where it may report; empty means everywhere.
    package let jurisdictions: Set<Jurisdiction.ID>
    package let profile: Profile
    package let created: Date
    package let revoked: Date?

    package init(
        id: ID, name: String, jurisdictions: Set<Jurisdiction.ID> = [],
        profile: Profile = Profile(), created: Date, revoked: Date? = nil
    ) {
        self.id = id
        self.name = name
        self.jurisdictions = jurisdictions
        self.profile = profile
        self.created = created
        self.revoked = revoked
    }

    /// Whether the client may report to this jurisdiction.
    package func mayReport(to jurisdiction: Jurisdiction.ID) -> Bool {
        revoked == nil && (jurisdictions.isEmpty || jurisdictions.contains(jurisdiction))
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

        package init(absent: Absent = .null, created: Created = .ok) {
            self.absent = absent
            self.created = created
        }
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
