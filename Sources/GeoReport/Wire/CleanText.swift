// The standard library's own normalisation: Foundation's would load all of ICU for this one call.
@_spi(_Unicode) import Swift

/// Text that people write, made safe to keep and to print in every format (T1, GR-11.4).
package enum CleanText {
    /// What a text may be.
    package struct Kind: Sendable {
        /// Unicode scalars, which is what the standard's "characters" are taken to be (GR-A37).
        package let scalars: Int
        package let bytes: Int
        package let formatting: Formatting

        package init(scalars: Int, bytes: Int, formatting: Formatting = .kept) {
            self.scalars = scalars
            self.bytes = bytes
            self.formatting = formatting
        }

        /// Whether invisible characters stay: bidi controls, joiners and the rest of category Cf.
        package enum Formatting: Sendable {
            case kept
            case removed
        }

        /// A description: 4000 characters (GR-6.1) in at most 16 KB.
        package static let description = Kind(scalars: 4000, bytes: 16 << 10)
        /// Any other text: 1 KB.
        package static let line = Kind(scalars: 1 << 10, bytes: 1 << 10)
        /// A person's name, in which a bidi control could only deceive.
        package static let name = Kind(scalars: 1 << 10, bytes: 1 << 10, formatting: .removed)
    }

    /// Marks that may follow one another: more is no language but a way to paint over other text.
    private static let mostMarks = 32

    /// The text to keep, or a fault that begins with the parameter's name.
    package static func clean(
        _ text: String, named name: String, as kind: Kind = .line
    ) throws(Fault) -> String {
        guard !text.utf8.contains(0) else {
            throw Fault(.malformed, "\(name) holds a NUL character")
        }
        // Nothing below makes a text less than a quarter as long: a bomb is not normalised first.
        guard text.utf8.count <= 4 * kind.bytes else { throw tooLong(name, kind) }
        let safe = safe(text, formatting: kind.formatting)
        guard longestRunOfMarks(in: safe.unicodeScalars) <= mostMarks else {
            throw Fault(.malformed, "\(name) has more than \(mostMarks) combining marks in a row")
        }
        guard safe.utf8.count <= kind.bytes, safe.unicodeScalars.count <= kind.scalars else {
            throw tooLong(name, kind)
        }
        return safe
    }

    /// The text in NFC, trimmed, with LF line ends and without what XML 1.0 cannot carry.
    ///
    /// For text that is already somebody's history: nothing is refused, whatever its length.
    package static func safe(_ text: String, formatting: Kind.Formatting = .kept) -> String {
        let trimmed = trimmed(text)
        if trimmed.unicodeScalars.allSatisfy(isPlain) { return trimmed }
        var kept = String.UnicodeScalarView()
        var previous: Unicode.Scalar = " "
        for scalar in trimmed.unicodeScalars {
            defer { previous = scalar }
            switch scalar.value {
            case 0x0D: kept.append("\n")
            case 0x0A: if previous != "\r" { kept.append(scalar) }
            case 0x09: kept.append(scalar)
            case ..<0x20, 0xFFFE, 0xFFFF: break
            default:
                if formatting == .kept || scalar.properties.generalCategory != .format {
                    kept.append(scalar)
                }
            }
        }
        // Normalising takes time quadratic in a run of marks; one that long is no text, and stays.
        guard longestRunOfMarks(in: kept) <= 4 * mostMarks else {
            return Self.trimmed(String(kept))
        }
        var composed = String.UnicodeScalarView()
        for scalar in String(kept)._nfc { composed.append(scalar) }
        return Self.trimmed(String(composed))
    }

    /// The text without white space around it.
    package static func trimmed(_ text: some StringProtocol) -> String {
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(text[start...last])
    }

    /// Characters that are visible, never combine and are in NFC whatever stands beside them: most of
    /// what is written in Latin and Cyrillic letters.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x20..<0x7F, 0xA0..<0xAD, 0xAE..<0x300, 0x400..<0x483, 0x48A..<0x530: true
        case 0x2010...0x2027, 0x20AC, 0x2116: true
        default: false
        }
    }

    private static func longestRunOfMarks(in text: String.UnicodeScalarView) -> Int {
        var longest = 0
        var run = 0
        for scalar in text {
            run = !isPlain(scalar) && isMark(scalar) ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func tooLong(_ name: String, _ kind: Kind) -> Fault {
        Fault(
            .malformed,
            kind.scalars < kind.bytes
                ? "\(name) is longer than \(kind.scalars) characters or \(kind.bytes) bytes"
                : "\(name) is longer than \(kind.bytes) bytes")
    }
}
