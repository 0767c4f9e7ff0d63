import FoundationEssentials

/// A value that a statement can bind, in PostgreSQL's binary form.
package protocol SQLValue: Sendable {
    /// The type the value is declared as (`pg_type.oid`).
    static var oid: UInt32 { get }
    /// Appends the binary form; `false` means NULL and nothing appended.
    func encode(into bytes: inout [UInt8]) -> Bool
    /// Appends the text form, unescaped, for COPY; `false` means NULL and nothing appended.
    func write(into text: inout [UInt8]) -> Bool
}

extension [UInt8] {
    /// Appends an integer in network order.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension Int64: SQLValue {
    package static var oid: UInt32 { 20 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        text.append(contentsOf: String(self).utf8)
        return true
    }
}

extension Int: SQLValue {
    package static var oid: UInt32 { Int64.oid }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        Int64(self).encode(into: &bytes)
    }

    package func write(into text: inout [UInt8]) -> Bool {
        Int64(self).write(into: &text)
    }
}

extension Int32: SQLValue {
    package static var oid: UInt32 { 23 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        Int64(self).write(into: &text)
    }
}

extension Double: SQLValue {
    package static var oid: UInt32 { 701 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: bitPattern)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        // "nan", "inf" and "-inf" are spellings that PostgreSQL reads as well.
        text.append(contentsOf: description.utf8)
        return true
    }
}

extension Bool: SQLValue {
    package static var oid: UInt32 { 16 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        text.append(UInt8(ascii: self ? "t" : "f"))
        return true
    }
}

extension String: SQLValue {
    package static var oid: UInt32 { 25 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: utf8)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        encode(into: &text)
    }
}

extension UUID: SQLValue {
    package static var oid: UInt32 { 2950 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        text.append(contentsOf: uuidString.utf8)
        return true
    }
}

/// `timestamptz`, to the microsecond; what lies outside its range becomes ±infinity.
extension Date: SQLValue {
    package static var oid: UInt32 { 1184 }

    /// 2000-01-01T00:00:00Z, PostgreSQL's zero.
    static var postgresEpoch: Double { 946_684_800 }

    /// Microseconds since PostgreSQL's zero, rounded; the extremes stand for ±infinity.
    package var postgresMicroseconds: Int64 {
        let exact = ((timeIntervalSince1970 - Date.postgresEpoch) * 1_000_000).rounded()
        guard exact > -2.1e17 else { return .min }
        guard exact < 9.2e18 else { return .max }
        return Int64(exact)
    }

    /// The moment so many microseconds after PostgreSQL's zero.
    package init(postgresMicroseconds: Int64) {
        switch postgresMicroseconds {
        case .min: self = .distantPast
        case .max: self = .distantFuture
        default:
            let (seconds, rest) = postgresMicroseconds.quotientAndRemainder(
                dividingBy: 1_000_000)
            self.init(
                timeIntervalSince1970: Double(seconds) + Date.postgresEpoch + Double(rest) / 1e6)
        }
    }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: postgresMicroseconds)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        text.append(contentsOf: timestampText.utf8)
        return true
    }

    /// ISO 8601 with six digits of a second, by Hinnant's `civil_from_days`.
    private var timestampText: String {
        let moment = postgresMicroseconds
        if moment == .min { return "-infinity" }
        if moment == .max { return "infinity" }
        let (days, clock) = moment.flooredDivision(by: 86_400_000_000)
        let (era, dayOfEra) = (days + 10_957 + 719_468).flooredDivision(by: 146_097)
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let whole = year + era * 400 + (month <= 2 ? 1 : 0)
        let (seconds, fraction) = clock.quotientAndRemainder(dividingBy: 1_000_000)
        let date = "\(whole.padded(4))-\(month.padded(2))-\(day.padded(2))"
        let time =
            "\((seconds / 3600).padded(2)):\((seconds / 60 % 60).padded(2)):"
            + "\((seconds % 60).padded(2)).\(fraction.padded(6))"
        return "\(date) \(time)+00"
    }
}

extension Int64 {
    /// Quotient and remainder with the quotient rounded down, so that the remainder is never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

/// `nil` is NULL, with the type of what it might have held.
extension Optional: SQLValue where Wrapped: SQLValue {
    package static var oid: UInt32 { Wrapped.oid }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        self?.encode(into: &bytes) ?? false
    }

    package func write(into text: inout [UInt8]) -> Bool {
        self?.write(into: &text) ?? false
    }
}
