import FoundationEssentials

/// When a server asks to be left alone until.
package enum RetryAfter: Sendable, Equatable {
    case after(Duration)
    case at(Date)

    /// What a `Retry-After` says, in seconds or as a date; `nil` if it says nothing.
    package init?(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Whoever asks for longer than a number of seconds can say asks for very long.
            self = .after(.seconds(Int32(text) ?? .max))
            return
        }
        guard let date = Self.date(text) else { return nil }
        self = .at(date)
    }

    /// How long that is from now on; never negative.
    package func delay(from now: Date) -> Duration {
        switch self {
        case .after(let pause): pause
        case .at(let date): .seconds(max(0, date.timeIntervalSince(now)))
        }
    }

    /// The one form of a date in which HTTP is written today: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Date? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT",
            let day = number(words[1], digits: 2, in: 1...31),
            let month = months.firstIndex(of: words[2]),
            let year = number(words[3], digits: 4, in: 1970...9999)
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], digits: 2, in: 0...23),
            let minute = number(clock[1], digits: 2, in: 0...59),
            let second = number(clock[2], digits: 2, in: 0...60)
        else { return nil }
        let days = days(before: year, month: month + 1) + day - 1
        return Date(
            timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func number(
        _ text: Substring, digits: Int, in range: ClosedRange<Int>
    ) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }

    /// The days from 1 January 1970 to the first of a month.
    private static func days(before year: Int, month: Int) -> Int {
        // Counted from March, so that the day that some years have comes last.
        let year = month <= 2 ? year - 1 : year
        let months = (month + 9) % 12
        return year * 365 + year / 4 - year / 100 + year / 400 + (months * 153 + 2) / 5 - 719_468
    }
}
