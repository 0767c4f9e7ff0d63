import FoundationEssentials

/// Times on the wire: strict out, tolerant in (GR-2.6).
package enum DateTime {
    /// The time as `2026-04-14T06:37:38Z`: UTC, whole seconds, truncated.
    package static func text(_ date: Date) -> String {
        var bytes: [UInt8] = []
        append(date, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the time as `text(_:)` prints it.
    package static func append(_ date: Date, to bytes: inout [UInt8]) {
        write(date, to: &bytes)
    }

    /// Writes the time as `text(_:)` prints it.
    static func write(_ date: Date, to target: inout some ByteTarget) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        write(seconds: Int(exactly: seconds) ?? 0, to: &target)
    }

    /// Appends the time of a number of microseconds since 1970, as PostgreSQL counts them.
    package static func append(microseconds: Int64, to bytes: inout [UInt8]) {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        write(seconds: Int(quotient) - (remainder < 0 ? 1 : 0), to: &bytes)
    }

    /// Where a date without a time lies in its day, month or year.
    package enum Edge: Sendable {
        /// Its first second: a lower bound.
        case startOfDay
        /// Its last second: an inclusive upper bound.
        case endOfDay
    }

    /// What a date-time without a zone means.
    package enum Naive: Sendable {
        /// UTC, our rule for clients (GR-2.6, GR-A59).
        case utc
        /// The fixed offset of a peer that is known to leave it out.
        case offset(seconds: Int)
        /// Not a date at all.
        case refused
    }

    /// The time of a text, or `nil` if it names no second of the years 1970 to 2100.
    ///
    /// All forms of the W3C profile of ISO 8601 are read: a year, a month, a day, minutes, seconds and
    /// fractions (cut to microseconds), and `Z`, `±hh:mm`, `±hhmm` or no zone. A blank stands for the
    /// `+` of a query that was not escaped, or for the `T`; `t` and `z` may be small. Days are those of
    /// the calendar: 30 February, hour 24 and trailing characters are refused.
    package static func parse(
        _ text: String, dateOnly edge: Edge = .startOfDay, naive: Naive = .utc
    ) -> Date? {
        var reader = Reader(text.utf8)
        guard let year = reader.number(digits: 4), (1970...2100).contains(year) else { return nil }
        let month = reader.skip("-") ? reader.number(digits: 2) : nil
        let day = month != nil && reader.skip("-") ? reader.number(digits: 2) : nil
        if reader.isAtEnd, !reader.hasFailed {
            return date(year: year, month: month, day: day, edge)
        }
        guard let month, let day, reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let days = days(year: year, month: month, day: day), let time = reader.time(),
            let offset = reader.zone(naive: naive), reader.isAtEnd, !reader.hasFailed
        else { return nil }
        let seconds = days * 86400 + time.seconds - offset
        return Date(timeIntervalSince1970: Double(seconds) + Double(time.microseconds) / 1e6)
    }

    /// The first or the last second of a day, a month or a year.
    private static func date(year: Int, month: Int?, day: Int?, _ edge: Edge) -> Date? {
        guard let first = days(year: year, month: month ?? 1, day: day ?? 1) else { return nil }
        switch edge {
        case .startOfDay:
            return Date(timeIntervalSince1970: Double(first * 86400))
        case .endOfDay:
            let lastMonth = month ?? 12
            let lastDay = day ?? length(ofMonth: lastMonth, year: year)
            guard let last = days(year: year, month: lastMonth, day: lastDay) else { return nil }
            return Date(timeIntervalSince1970: Double(last * 86400 + 86399))
        }
    }

    /// Days since 1970 of a day that the calendar has.
    private static func days(year: Int, month: Int, day: Int) -> Int? {
        guard (1...12).contains(month), day >= 1, day <= length(ofMonth: month, year: year) else {
            return nil
        }
        // Years begin in March here, so that the leap day is the last one.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The inverse of `days`, for the years 0 to 9999; times beyond are printed as the nearest of those.
    private static func write(seconds: Int, to target: inout some ByteTarget) {
        let clamped = UInt(min(max(seconds, -62_167_219_200), 253_402_300_799) + 62_167_219_200)
        // Counted from 1 March of the year 0: 60 days later than 1 January of that leap year.
        let (day, second) = clamped.quotientAndRemainder(dividingBy: 86400)
        let shifted = day + 146_097 - 60
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0) - 400
        Digits.writeTwo(year / 100, to: &target)
        Digits.writeTwo(year % 100, to: &target)
        target.byte(UInt8(ascii: "-"))
        Digits.writeTwo(month, to: &target)
        target.byte(UInt8(ascii: "-"))
        Digits.writeTwo(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, to: &target)
        target.byte(UInt8(ascii: "T"))
        Digits.writeTwo(second / 3600, to: &target)
        target.byte(UInt8(ascii: ":"))
        Digits.writeTwo(second / 60 % 60, to: &target)
        target.byte(UInt8(ascii: ":"))
        Digits.writeTwo(second % 60, to: &target)
        target.byte(UInt8(ascii: "Z"))
    }
}

extension DateTime {
    /// Reads the fixed-width parts of a date from left to right.
    private struct Reader {
        private var rest: Substring.UTF8View
        /// Whether a part that had to be there was not.
        private(set) var hasFailed = false

        init(_ text: String.UTF8View) {
            rest = Substring(String(text)).utf8
        }

        var isAtEnd: Bool { rest.isEmpty }

        /// Skips the character if it comes next.
        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// The number of exactly so many ASCII digits.
        mutating func number(digits: Int) -> Int? {
            var number = 0
            for _ in 0..<digits {
                guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9")
                else {
                    hasFailed = true
                    return nil
                }
                number = number * 10 + Int(byte - UInt8(ascii: "0"))
                rest.removeFirst()
            }
            return number
        }

        /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f`, up to nine digits behind the point.
        mutating func time() -> (seconds: Int, microseconds: Int)? {
            guard let hour = number(digits: 2), hour < 24, skip(":"),
                let minute = number(digits: 2), minute < 60
            else { return nil }
            guard skip(":") else { return (hour * 3600 + minute * 60, 0) }
            guard let second = number(digits: 2), second < 60 else { return nil }
            let whole = hour * 3600 + minute * 60 + second
            guard skip(".") else { return (whole, 0) }
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard (1...9).contains(digits.count) else { return nil }
            rest = rest[digits.endIndex...]
            let padded = (digits.map { Int($0 - UInt8(ascii: "0")) } + [0, 0, 0, 0, 0]).prefix(6)
            return (whole, padded.reduce(0) { $0 * 10 + $1 })
        }

        /// Seconds east of UTC.
        mutating func zone(naive: Naive) -> Int? {
            if isAtEnd {
                switch naive {
                case .utc: return 0
                case .offset(let seconds): return seconds
                case .refused: return nil
                }
            }
            if skip("Z") || skip("z") { return 0 }
            let isWest = skip("-")
            guard isWest || skip("+") || skip(" "), let hours = number(digits: 2), hours <= 14
            else { return nil }
            _ = skip(":")
            guard let minutes = number(digits: 2), minutes < 60 else { return nil }
            return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
        }
    }
}
