/// Telephone numbers and numbers of persons.
extension PersonalText {
    /// Digits without anything between them, that are no part of a longer name.
    struct Digits {
        let range: Range<Int>

        var count: Int { range.count }
    }

    var numbers: [Range<Int>] {
        var spans: [Range<Int>] = []
        for line in lines {
            var index = 0
            while index < line.count {
                if let (span, count) = number(in: line, from: index) {
                    if let span { spans.append(span) }
                    index += count
                } else {
                    index += 1
                }
            }
        }
        return spans
    }

    /// Digits that only such characters part as stand between the parts of one number.
    private var lines: [[Digits]] {
        var lines: [[Digits]] = []
        var place = 0
        while place < scalars.count {
            guard scalars[place].isDigit else {
                place += 1
                continue
            }
            let begin = place
            while scalar(place)?.isDigit == true { place += 1 }
            guard !isWord(begin - 1), !isWord(place), !isThing(begin) else { continue }
            let digits = Digits(range: begin..<place)
            if let last = lines.last?.last, areParts(last.range.upperBound..<begin) {
                lines[lines.count - 1].append(digits)
            } else {
                lines.append([digits])
            }
        }
        return lines
    }

    private func areParts(_ gap: Range<Int>) -> Bool {
        guard gap.count <= 3 else { return false }
        let gap = scalars[gap]
        let marks = gap.count { [".", "/", "-", "–", "‑"].contains($0) }
        return gap.allSatisfy(Self.separators.contains) && marks <= 1
            && (gap.count == 1 || !gap.contains("."))
    }

    private static let separators: Set<Unicode.Scalar> = [
        " ", "\u{A0}", "\u{202F}", ".", "/", "-", "–", "‑", "(", ")",
    ]

    /// What begins with these digits, and how many parts it takes; no span for what is surely no
    /// person's.
    private func number(
        in line: [Digits], from first: Int
    ) -> (span: Range<Int>?, count: Int)? {
        let begin = line[first].range.lowerBound
        guard scalar(begin - 1) != "." || scalar(begin - 2)?.isDigit != true else { return nil }
        let hint = first == 0 ? hint(before: begin) : nil
        if hint == .thing, !isAbroad(begin) { return (nil, 1) }
        // `u-0123…`, `sofia-0123…`: somebody's id of something.
        guard
            hint != nil || ![Unicode.Scalar("-"), "/"].contains(scalar(begin - 1))
                || scalar(begin - 2)?.isLetter != true
        else { return nil }
        if let count = personNumber(in: line, from: first, hint) {
            return (begin..<line[first + count - 1].range.upperBound, count)
        }
        guard let count = phone(in: line, from: first, hint) else { return nil }
        guard count > 0 else { return (nil, 1) }
        let end = line[first + count - 1].range.upperBound
        return (opening(begin)..<end, count)
    }

    /// Where a number begins whose first digit stands there: at its `+`, or its bracket.
    private func opening(_ begin: Int) -> Int {
        var begin = begin
        if scalar(begin - 1) == "(" { begin -= 1 }
        if scalar(begin - 1) == " ", scalar(begin - 2) == "+" { begin -= 1 }
        if scalar(begin - 1) == "+" { begin -= 1 }
        return begin
    }

    func text(_ digits: ArraySlice<Digits>) -> [UInt8] {
        digits.flatMap { scalars[$0.range].map { UInt8(truncatingIfNeeded: $0.value - 0x30) } }
    }
}

extension PersonalText {
    /// How many parts a number of a person takes: one.
    ///
    /// Bulgaria's of ten digits and Yugoslavia's of thirteen are known by their dates and check
    /// digits; Kosovo's of ten, and those of papers, only by the words before them.
    private func personNumber(in line: [Digits], from first: Int, _ hint: NumberHint?) -> Int? {
        let digits = text(line[first...first])
        if hint == .person, (8...13).contains(digits.count) { return 1 }
        guard line.count == 1 || !isDate(line, first) else { return nil }
        return Self.isBulgarian(digits) || Self.isYugoslav(digits) ? 1 : nil
    }

    /// EGN: year, month and day of birth (1800s: month + 20, 2000s: + 40), three digits, a check.
    private static func isBulgarian(_ digits: [UInt8]) -> Bool {
        guard digits.count == 10 else { return false }
        let month = (digits[2] * 10 + digits[3])
        let day = digits[4] * 10 + digits[5]
        guard [1...12, 21...32, 41...52].contains(where: { $0.contains(month) }),
            (1...31).contains(day), month % 20 != 2 || day <= 29
        else { return false }
        let sum = weighted(digits, by: [2, 4, 8, 5, 10, 9, 7, 3, 6])
        return sum % 11 % 10 == Int(digits[9])
    }

    /// JMBG: day, month and the last three digits of the year of birth, five digits, a check.
    private static func isYugoslav(_ digits: [UInt8]) -> Bool {
        guard digits.count == 13 else { return false }
        let (day, month) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard (1...31).contains(day), (1...12).contains(month), [0, 8, 9].contains(digits[4])
        else { return false }
        let sum = weighted(digits, by: [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
        return (11 - sum % 11) % 11 % 10 == Int(digits[12])
    }

    private static func weighted(_ digits: [UInt8], by weights: [Int]) -> Int {
        zip(digits, weights).reduce(0) { $0 + Int($1.0) * $1.1 }
    }
}

extension PersonalText {
    /// How many parts of the line are a telephone number; 0 for one that is no person's.
    private func phone(in line: [Digits], from first: Int, _ hint: NumberHint?) -> Int? {
        let begin = line[first].range.lowerBound
        guard !isDate(line, first) else { return nil }
        let ends = ends(in: line, from: first)
        guard let last = ends.last else { return nil }
        let digits = text(line[first..<(first + last.parts)])
        if isAbroad(begin) {
            return longest(of: ends, within: 8...Self.most(digits))
        }
        if digits.starts(with: [0, 0]) {
            guard digits.count > 4, digits[2] != 0 else { return nil }
            return longest(of: ends, within: 10...Self.most(Array(digits.dropFirst(2))) + 2)
        }
        if digits.first == 0, digits.count > 1 {
            if let second = digits.dropFirst().first, [7, 8, 9].contains(second),
                digits.count > 3, digits[2] == 0, digits[3] == 0
            {
                return 0
            }
            for count in Self.lengths(digits) {
                if let end = ends.first(where: { $0.digits == count }) { return end.parts }
            }
        } else if let lengths = Self.countryLengths(digits),
            let end = ends.last(where: { lengths.contains($0.digits) })
        {
            return end.parts
        }
        return hint == .phone ? longest(of: ends, within: 6...12) : nil
    }

    /// Whether a `+` stands before it that adds nothing.
    private func isAbroad(_ begin: Int) -> Bool {
        let plus = opening(begin)
        return scalar(plus) == "+" && !isWord(plus - 1)
    }

    private func longest(
        of ends: [(parts: Int, digits: Int)], within bounds: ClosedRange<Int>
    ) -> Int? {
        ends.last { bounds.contains($0.digits) }?.parts
    }

    /// Where a number that begins here may end: after so many parts, with so many digits.
    ///
    /// A single digit is a part of its own only behind another one or a country's code, or in brackets.
    private func ends(in line: [Digits], from first: Int) -> [(parts: Int, digits: Int)] {
        var ends: [(parts: Int, digits: Int)] = []
        var digits = 0
        var dots = 0
        let single = line[first].count == 1
        for index in first..<min(line.count, first + 16) {
            let part = line[index]
            if index > first {
                let before = line[index - 1].range.upperBound
                if scalar(before) == "." { dots += 1 }
                // Times and dates mix dots with others.
                guard dots == 0 || dots == index - first else { break }
                guard !isDate(line, index) else { break }
                let isBracketed = scalar(part.range.upperBound) == ")"
                let isBehindCode = index == first + 1 && isAbroad(line[first].range.lowerBound)
                if part.count == 1, !single, !isBracketed, !isBehindCode { break }
            }
            digits += part.count
            guard digits <= 17 else { break }
            ends.append((index - first + 1, digits))
        }
        return ends
    }

    /// Whether a date begins here: `12.03.2024`, `2024-03-12`, `1/2/24`.
    private func isDate(_ line: [Digits], _ first: Int) -> Bool {
        guard first + 2 < line.count else { return false }
        let (one, two, three) = (line[first], line[first + 1], line[first + 2])
        guard let mark = scalar(one.range.upperBound), [".", "/", "-"].contains(mark),
            mark == scalar(two.range.upperBound), two.count <= 2,
            two.range.lowerBound - one.range.upperBound == 1,
            three.range.lowerBound - two.range.upperBound == 1,
            (1...31).contains(value(of: two))
        else { return false }
        if one.count == 4 {
            return (1900...2100).contains(value(of: one)) && value(of: two) <= 12
                && three.count <= 2 && (1...31).contains(value(of: three))
        }
        guard one.count <= 2, (1...31).contains(value(of: one)), value(of: two) <= 12 else {
            return false
        }
        return three.count == 4
            ? (1900...2100).contains(value(of: three)) : three.count == 2 && mark == "."
    }

    /// The number that a few digits are.
    private func value(of digits: Digits) -> Int {
        scalars[digits.range].reduce(0) { min($0, 99_999) * 10 + Int($1.value) - 0x30 }
    }
}

extension PersonalText {
    /// The most digits behind `+`: of the countries around as many as they have, else those of E.164.
    private static func most(_ digits: [UInt8]) -> Int {
        let trunk = digits.dropFirst(3).first == 0 ? 1 : 0
        switch Array(digits.prefix(3)) {
        case [3, 8, 3]: return 11 + trunk
        case [3, 5, 9], [3, 5, 5], [3, 8, 1]: return 12 + trunk
        default: return 15
        }
    }

    /// How many digits a number has that begins with 0, the likeliest first.
    private static func lengths(_ digits: [UInt8]) -> [Int] {
        switch (digits[1], digits.dropFirst(2).first ?? 0) {
        case (8, 7...9), (9, 8...9): [10]
        case (0, _): []
        case (2, 8...9), (1, _), (3, _), (6, _): [10, 9]
        default: [9]
        }
    }

    /// How many digits a number has that begins with a country's code and no `+`.
    private static func countryLengths(_ digits: [UInt8]) -> ClosedRange<Int>? {
        guard digits.count > 3 else { return nil }
        switch (Array(digits.prefix(3)), digits[3]) {
        case ([3, 5, 9], 2...9): return 11...12
        case ([3, 8, 3], 2...4): return 11...11
        case ([3, 8, 1], 1...6): return 11...12
        case ([3, 5, 5], 2...6): return 11...12
        default: return nil
        }
    }
}
