/// A name that cannot be mistaken for another kind of name.
///
/// Compared byte by byte: two spellings that Unicode calls equal are two identifiers.
package protocol Identifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible
where RawValue == String {}

extension Identifier {
    package var description: String { rawValue }

    package static func == (one: Self, other: Self) -> Bool {
        // What Unicode tells apart differs in its bytes too, and that comparison is much faster.
        one.rawValue == other.rawValue && one.rawValue.utf8.elementsEqual(other.rawValue.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }
}

/// The alphabet of the names that we give out ourselves (GR-2.7).
package enum MintedName {
    /// Whether the text matches `^[A-Za-z][A-Za-z0-9_-]{0,63}$`.
    package static func isWellFormed(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, (1...64).contains(bytes.count) else { return false }
        return isLetter(first) && bytes.allSatisfy { isLetter($0) || isDigitOrJoiner($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigitOrJoiner(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}

/// Random codes that people can read out and type: Crockford's 32 letters and digits.
package enum RandomCode {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// A code of `length` characters, five bits of randomness each.
    package static func code(
        length: Int, using source: inout some RandomNumberGenerator
    ) -> String {
        let bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<32, using: &source)] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Report {
    /// A report's public id: `sofia-7F3K2M9Q`, prefixed by its jurisdiction's slug.
    ///
    /// Ids of imported history may be of any form that `MintedName` allows.
    package struct ID: Identifier {
        package let rawValue: String

        /// An id, or `nil` if the text cannot be one of ours.
        package init?(rawValue: String) {
            guard MintedName.isWellFormed(rawValue) else { return nil }
            self.rawValue = rawValue
        }

        /// A fresh id: 40 random bits for a public report, 80 for a private one, so that nobody
        /// guesses it.
        package init(
            slug: Jurisdiction.Slug, visibility: Visibility,
            using source: inout some RandomNumberGenerator
        ) {
            let length = visibility == .public ? 8 : 16
            rawValue = slug.rawValue + "-" + RandomCode.code(length: length, using: &source)
        }
    }
}

/// GeoReport's receipt for a report of a `batch` service; it resolves to the report's id (GR-7).
package struct Token: Identifier {
    package let rawValue: String

    /// A token, or `nil` if the text cannot be one of ours.
    package init?(rawValue: String) {
        guard MintedName.isWellFormed(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// A fresh token of 80 random bits.
    package init(using source: inout some RandomNumberGenerator) {
        rawValue = "tk-" + RandomCode.code(length: 16, using: &source)
    }
}
