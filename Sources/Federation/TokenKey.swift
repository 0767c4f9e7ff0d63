import Crypto
import FoundationEssentials

/// What codes in addresses and links are made with: whoever does not know it makes none.
///
/// Not printed, and only in memory.
package struct TokenKey: Sendable, CustomStringConvertible {
    private let key: SymmetricKey

    /// A key of a secret of at least 24 bytes; `nil` if it is shorter.
    package init?(_ secret: String) {
        guard secret.utf8.count >= 24 else { return nil }
        key = SymmetricKey(data: SHA256.hash(data: Array(secret.utf8)))
    }

    /// Never the key.
    package var description: String { "•••" }

    /// The first so many letters and digits, five bits each (32 at most), of the HMAC-SHA256 of a text;
    /// for another purpose it is another one.
    package func code(of text: String, for purpose: String, length: Int = 16) -> String {
        let message = Array("viaduct \(purpose)\n\(text)".utf8)
        let code = Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        return Self.letters(of: code, count: min(length, 32))
    }

    /// Whether this is the code of a text, in any case; compared in constant time (A2).
    package func isCode(
        _ code: some StringProtocol, of text: String, for purpose: String, length: Int = 16
    ) -> Bool {
        let right = Array(self.code(of: text, for: purpose, length: length).utf8)
        let given = Array(code.lowercased().utf8)
        guard given.count == right.count else { return false }
        return zip(given, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The first so many letters of a plain digest, which anybody can make.
    package static func digest(of text: String, length: Int = 16) -> String {
        letters(of: Array(SHA256.hash(data: Array(text.utf8))), count: min(length, 32))
    }

    /// Crockford's letters and digits, as `RandomCode` has them, in lower case: mail servers may change
    /// the case of what stands before an `@`.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    private static func letters(of bytes: [UInt8], count: Int) -> String {
        var letters: [UInt8] = []
        var (bits, held): (UInt32, UInt32) = (0, 0)
        for byte in bytes where letters.count < count {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            held += 8
            while held >= 5, letters.count < count {
                held -= 5
                letters.append(alphabet[Int(bits >> held) & 31])
            }
        }
        return String(decoding: letters, as: UTF8.self)
    }
}
