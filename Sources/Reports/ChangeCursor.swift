/// A place in the order of all changes: how far somebody has read them.
///
/// It names a place, not a time and not a row, so it is valid for as long as there is the feed.
package struct ChangeCursor: Sendable, Hashable, Comparable {
    /// The transaction that wrote the event; those of a later one come behind it.
    package let transaction: Int64
    /// The event's place in its transaction.
    package let sequence: Int64

    /// Before the first change.
    package static let beginning = ChangeCursor(transaction: 0, sequence: 0)

    package init(transaction: Int64, sequence: Int64) {
        self.transaction = transaction
        self.sequence = sequence
    }

    package static func < (one: ChangeCursor, other: ChangeCursor) -> Bool {
        (one.transaction, one.sequence) < (other.transaction, other.sequence)
    }
}

/// The form in which clients carry a cursor: 36 hexadecimal digits that mean nothing to them.
///
/// In front stands the form's version, at the end a CRC-8, so that a cut or mistyped cursor is
/// refused instead of leaving something out.
extension ChangeCursor: CustomStringConvertible {
    private static let version: UInt8 = 1

    /// A cursor, or `nil` if the text is not exactly what `text` gives for one.
    package init?(parsing text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 36 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(of: digits[index]),
                let low = Self.value(of: digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        let (transaction, sequence) = (Self.number(bytes[1..<9]), Self.number(bytes[9..<17]))
        guard bytes[0] == Self.version, Self.checksum(of: bytes[..<17]) == bytes[17],
            transaction >= 0, sequence >= 0
        else { return nil }
        self.init(transaction: transaction, sequence: sequence)
    }

    /// What clients carry.
    package var text: String {
        var bytes = [Self.version]
        for number in [transaction, sequence] {
            bytes += stride(from: 56, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: number >> $0)
            }
        }
        bytes.append(Self.checksum(of: bytes[...]))
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    package var description: String { text }

    /// The value of one digit; capital letters are none, so that a cursor has one form.
    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt8 {
        var crc: UInt8 = 0
        for byte in bytes {
            crc ^= byte
            for _ in 0..<8 { crc = crc & 0x80 != 0 ? crc << 1 ^ 0x07 : crc << 1 }
        }
        return crc
    }
}
