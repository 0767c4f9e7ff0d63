import Crypto
import FoundationEssentials
import Postgres

/// A key that personal data in the database is sealed with (P3): 256 random bits, which are never in
/// the database. Each purpose has a key of its own, made of it (HKDF, RFC 5869).
package struct DataKey: Sendable, Equatable {
    package let id: ID
    private let secret: SymmetricKey
    private let sealing: SymmetricKey
    private let marking: SymmetricKey

    /// What a key is called where something is sealed with it: it follows from the key, so that no
    /// other key can be taken for it by mistake.
    package struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// How many bytes an id has.
        static let size = 4
        let bytes: [UInt8]

        /// Eight hexadecimal digits.
        package var description: String { bytes.hexadecimal }

        package static func < (one: ID, other: ID) -> Bool {
            one.description < other.description
        }
    }

    private init(_ secret: SymmetricKey) {
        func derived(_ purpose: String, _ size: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret, info: Array("viaduct data key: \(purpose)".utf8),
                outputByteCount: size)
        }
        self.secret = secret
        sealing = derived("sealing", 32)
        marking = derived("marking", 32)
        id = ID(bytes: derived("id", ID.size).withUnsafeBytes { Array($0) })
    }

    /// A new key, of the system's own randomness.
    package static func made() -> DataKey { DataKey(SymmetricKey(size: .bits256)) }

    /// The key that a text such as `text` is; `nil` if it is none.
    package init?(_ text: String) {
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else { return nil }
        self.init(SymmetricKey(data: bytes))
    }

    /// 44 characters (base64), for a file that only its owner may read.
    package var text: String {
        secret.withUnsafeBytes { Data($0) }.base64EncodedString()
    }
}

extension DataKey {
    /// The form of what is sealed, its first byte.
    private static let version: UInt8 = 1
    /// Version, key id, nonce; behind them the cipher text and its tag.
    private static let head = 1 + ID.size
    /// Bytes of an empty text, sealed.
    static let overhead = head + 12 + 16

    /// The version, the key's id, a random nonce, the cipher text and its tag (AES-256-GCM): opened
    /// by this key only, and only in the same column of the same row.
    ///
    /// Nothing at all if the library cannot do it, which with a key of 256 bits it says of no text:
    /// all columns for what is sealed refuse that, so that the statement fails and nothing is kept.
    func seal(_ plain: some DataProtocol, as cell: SealedCell) -> [UInt8] {
        let begin = [Self.version] + id.bytes
        guard
            let box = try? AES.GCM.seal(
                plain, using: sealing, authenticating: begin + cell.bytes)
        else { return [] }
        return begin + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// What was sealed; `nil` if a bit of it was changed, or it was sealed for another cell.
    func open(_ sealed: [UInt8], as cell: SealedCell) -> [UInt8]? {
        guard sealed.count >= Self.overhead,
            let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst(Self.head)),
            let plain = try? AES.GCM.open(
                box, using: sealing, authenticating: sealed.prefix(Self.head) + cell.bytes)
        else { return nil }
        return Array(plain)
    }

    /// The id of the key that something was sealed with; `nil` if it is nothing of the kind.
    static func id(of sealed: [UInt8]) -> ID? {
        guard sealed.count >= overhead, sealed[0] == version else { return nil }
        return ID(bytes: Array(sealed[1..<head]))
    }

    /// By what a value of this kind is found without its being known: HMAC-SHA-256 of it.
    func mark(_ value: String, of kind: Mark) -> [UInt8] {
        var code = HMAC<SHA256>(key: marking)
        code.update(data: Array(kind.rawValue.utf8) + [0] + Array(value.utf8))
        return Array(code.finalize())
    }

    /// The same for the audit log, with the key's id in front: `1f2e3d4c:` and 64 hexadecimal digits.
    func auditMark(_ value: String, of kind: Mark) -> String {
        "\(id):\(mark(value, of: kind).hexadecimal)"
    }

    /// What can be found again: of a person; and in the audit log a name that was looked for, and a
    /// text.
    enum Mark: String {
        case email, phone, supporter
        case sought, text
    }
}

/// Where something sealed belongs: it is no good anywhere else.
struct SealedCell: Sendable, Hashable, CustomStringConvertible {
    let column: Column
    /// The row, by its key.
    let row: String

    /// The columns of sealed data, each under a name that stays.
    enum Column: String, Sendable, CaseIterable {
        case contact = "contact.contact.sealed"
        case contactDevice = "contact.contact.sealed_device"
        case author = "contact.author.sealed"
        case authorDevice = "contact.author.sealed_device"
        case original = "contact.original.sealed"
        case supporter = "contact.supporter.sealed"
        case inbox = "inbox.sealed"
        case attempt = "attempt.sealed_reason"
        case delivery = "delivery.sealed_reason"
    }

    init(_ column: Column, _ row: String) {
        self.column = column
        self.row = row
    }

    /// Where it is, for operators.
    var description: String { "\(column.rawValue) of \(row)" }

    /// No column's name holds a zero.
    fileprivate var bytes: [UInt8] { Array(column.rawValue.utf8) + [0] + Array(row.utf8) }
}

/// The data keys that this node has: one that seals, and others that only open what was sealed before.
package struct DataKeys: Sendable, Equatable {
    package let current: DataKey
    /// Those that only open, in their order.
    package let former: [DataKey]

    package init(_ current: DataKey, former: [DataKey] = []) {
        self.current = current
        self.former = former
    }

    /// One new key.
    package static func made() -> DataKeys { DataKeys(.made()) }

    /// The keys in the lines of a text, the first one the current one. Blank lines and what follows
    /// `#` are for people.
    package init(parsing text: String) throws(Flaw) {
        var keys: [DataKey] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            for word in words {
                guard let key = DataKey(String(word)) else { throw .noKey(line: index + 1) }
                guard !keys.contains(key) else { throw .twice(line: index + 1) }
                keys.append(key)
            }
        }
        guard let first = keys.first else { throw .empty }
        self.init(first, former: Array(keys.dropFirst()))
    }

    /// Why a text holds no keys.
    package enum Flaw: Error, Equatable {
        case empty
        case noKey(line: Int)
        case twice(line: Int)
    }

    package var all: [DataKey] { [current] + former }
    package var ids: Set<DataKey.ID> { Set(all.map(\.id)) }
}

extension DataKeys {
    func seal(_ plain: some DataProtocol, _ column: SealedCell.Column, _ row: String) -> [UInt8] {
        current.seal(plain, as: SealedCell(column, row))
    }

    func seal(_ text: String, _ column: SealedCell.Column, _ row: String) -> [UInt8] {
        seal(Array(text.utf8), column, row)
    }

    /// What was sealed; `nil` if no key of ours opens it here.
    func open(_ sealed: [UInt8], _ column: SealedCell.Column, _ row: String) -> [UInt8]? {
        guard let id = DataKey.id(of: sealed), let key = all.first(where: { $0.id == id }) else {
            return nil
        }
        return key.open(sealed, as: SealedCell(column, row))
    }

    func text(_ sealed: [UInt8], _ column: SealedCell.Column, _ row: String) -> String? {
        open(sealed, column, row).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// All that a value may be marked with, whichever key was current then.
    func marks(_ value: String?, of kind: DataKey.Mark) -> [Octets] {
        guard let value else { return [] }
        return all.map { Octets($0.mark(value, of: kind)) }
    }
}
