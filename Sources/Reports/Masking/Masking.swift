/// Whether what may tell of a person is hidden where the public reads a text (P7).
package enum Masking: Sendable, Equatable {
    case on
    case off

    /// What stands in the place of what is hidden: no word, so that it is the same in all languages.
    package static let sign = "•••"

    /// The text as the public reads it.
    ///
    /// Hidden are what are likely e-mail addresses, telephone numbers, car plates of Bulgaria,
    /// Kosovo, Serbia and Albania, and personal numbers. Guessed by form and by the words before it,
    /// so some stay and some go that are none: `Tests/ReportsTests/Masking/lines.txt` says how many.
    /// In time linear in the text; what was masked once stays as it is.
    package func masked(_ text: String) -> String {
        guard self == .on, Self.mayHold(text) else { return text }
        let page = PersonalText(text)
        let spans = page.spans
        guard !spans.isEmpty else { return text }
        var masked = "".unicodeScalars
        var rest = 0
        for span in spans {
            masked.append(contentsOf: page.scalars[rest..<span.lowerBound])
            masked.append(contentsOf: Self.sign.unicodeScalars)
            rest = span.upperBound
        }
        masked.append(contentsOf: page.scalars[rest...])
        return String(masked)
    }

    /// Most texts hold neither an `@` nor three digits, and need no closer look.
    private static func mayHold(_ text: String) -> Bool {
        var digits = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "@"), UInt8(ascii: "["), UInt8(ascii: "("): return true
            default: continue
            }
            if digits >= 3 { return true }
        }
        return false
    }
}

/// A text in which what tells of a person is looked for.
struct PersonalText {
    let scalars: [Unicode.Scalar]
    /// Where addresses of the web and UUIDs stand: the numbers in them are nobody's.
    let things: [Range<Int>]

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        things = Self.things(in: scalars)
    }

    /// What is to be hidden, in order and apart from each other.
    var spans: [Range<Int>] {
        var spans: [Range<Int>] = []
        for span in (mails + numbers + plates).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = spans.last, span.lowerBound <= last.upperBound {
                spans[spans.count - 1] = last.lowerBound..<max(last.upperBound, span.upperBound)
            } else {
                spans.append(span)
            }
        }
        return spans
    }

    /// The scalar at a place; `nil` outside the text.
    func scalar(_ place: Int) -> Unicode.Scalar? {
        scalars.indices.contains(place) ? scalars[place] : nil
    }

    /// Whether a letter, a digit or `_` stands there: what begins or ends there is part of a longer
    /// name.
    func isWord(_ place: Int) -> Bool {
        scalar(place)?.isWord ?? false
    }

    func isThing(_ place: Int) -> Bool {
        var (low, high) = (0, things.count)
        while low < high {
            let middle = (low + high) / 2
            if things[middle].upperBound <= place { low = middle + 1 } else { high = middle }
        }
        return low < things.count && things[low].contains(place)
    }

    private static func things(in scalars: [Unicode.Scalar]) -> [Range<Int>] {
        let beginnings = ["http://", "https://", "www."].map { Array($0.unicodeScalars) }
        var things: [Range<Int>] = []
        var place = 0
        while place < scalars.count {
            if let uuid = uuid(in: scalars, at: place) {
                things.append(uuid)
                place = uuid.upperBound
                continue
            }
            guard scalars[place] == "h" || scalars[place] == "w",
                beginnings.contains(where: { scalars[place...].starts(with: $0) })
            else {
                place += 1
                continue
            }
            let end = scalars[place...].firstIndex { $0.isBlank } ?? scalars.count
            // The address of somebody's messenger is their number.
            let address = String(String.UnicodeScalarView(scalars[place..<min(end, place + 24)]))
            if !address.contains("wa.me/") { things.append(place..<end) }
            place = end
        }
        return things
    }

    /// The UUID (RFC 9562) that begins there and is no part of a longer name.
    private static func uuid(in scalars: [Unicode.Scalar], at place: Int) -> Range<Int>? {
        let end = place + 36
        guard scalars[place].isHexDigit, end <= scalars.count,
            place == 0 || !scalars[place - 1].isWord, end == scalars.count || !scalars[end].isWord
        else { return nil }
        let isUUID = (0..<36).allSatisfy { offset in
            let scalar = scalars[place + offset]
            return [8, 13, 18, 23].contains(offset)
                ? scalar == "-" : scalar.isHexDigit
        }
        return isUUID ? place..<end : nil
    }
}

extension PersonalText {
    /// E-mail addresses, also with `(at)` for `@` or with blanks around it.
    private var mails: [Range<Int>] {
        var mails: [Range<Int>] = []
        var floor = 0
        var place = 0
        while place < scalars.count {
            guard let sign = sign(at: place) else {
                place += 1
                continue
            }
            if let mail = mail(around: sign, from: floor) {
                mails.append(mail)
                floor = mail.upperBound
            } else {
                floor = sign.upperBound
            }
            place = max(floor, sign.upperBound)
        }
        return mails
    }

    /// `@`, `(at)` or `[at]`, with at most one blank at each side.
    private func sign(at place: Int) -> Range<Int>? {
        guard let first = scalar(place) else { return nil }
        var end = place + 1
        if first == "(" || first == "[" {
            let word = String(
                String.UnicodeScalarView(scalars[place..<min(place + 4, scalars.count)]))
            guard ["(at)", "[at]", "(AT)", "[AT]"].contains(word) else { return nil }
            end = place + 4
        } else if first != "@" {
            return nil
        }
        let begin = scalar(place - 1) == " " ? place - 1 : place
        if scalar(end) == " " { end += 1 }
        return begin..<end
    }

    private func mail(around sign: Range<Int>, from floor: Int) -> Range<Int>? {
        var begin = max(sign.lowerBound, floor)
        while begin > floor, scalars[begin - 1].isMailName { begin -= 1 }
        while begin < sign.lowerBound, !isWord(begin) { begin += 1 }
        guard begin < sign.lowerBound else { return nil }
        var end = sign.upperBound
        while let next = scalar(end), next.isHostName { end += 1 }
        while end > sign.upperBound, !isWord(end - 1) { end -= 1 }
        let labels = scalars[sign.upperBound..<end].split(separator: ".")
        guard labels.count >= 2, let last = labels.last, last.count >= 2,
            last.allSatisfy(\.isLetter)
        else { return nil }
        return begin..<end
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { value >= 0x30 && value <= 0x39 }

    var isLetter: Bool {
        switch value {
        case 0x41...0x5A, 0x61...0x7A, 0x400...0x45F: true
        case ..<0x80: false
        default: properties.isAlphabetic
        }
    }

    fileprivate var isHexDigit: Bool {
        switch value {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    var isWord: Bool { isLetter || isDigit || self == "_" }

    var isBlank: Bool { properties.isWhitespace }

    fileprivate var isMailName: Bool {
        isLetter || isDigit || [".", "_", "%", "+", "-"].contains(self)
    }

    fileprivate var isHostName: Bool { isLetter || isDigit || self == "." || self == "-" }
}
