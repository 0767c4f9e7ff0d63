/// Hides from a text what nobody may read in it: secrets, and what a citizen wrote (A7).
///
/// What peers answer is kept for operators, and peers repeat what they were sent.
package struct Redaction: Sendable {
    /// What is hidden, by its first byte, the longest first.
    private let hidden: [UInt8: [[UInt8]]]
    private static let mark = Array("•••".utf8)

    /// Hides these texts, however they are written in documents and addresses, and whatever looks
    /// like an e-mail address.
    ///
    /// Texts of fewer than three bytes hide nothing: they are part of everything.
    package init(hiding texts: [String]) {
        let written = texts.map(Self.line).filter { $0.utf8.count >= 3 }.flatMap(Self.spellings)
        let longest = Set(written).map { Array($0.utf8) }.sorted { $0.count > $1.count }
        hidden = Dictionary(grouping: longest) { $0.first ?? 0 }
    }

    /// What may be kept of a text: at most so many bytes, in one line, without what is hidden.
    package func text(_ text: String, most: Int = 2000) -> String {
        // Nothing is cut before: half a secret would not be found.
        let bytes = Self.withoutMail(withoutHidden(Array(Self.line(text).utf8)))
        return Self.cut(String(decoding: bytes, as: UTF8.self), to: most)
    }

    private func withoutHidden(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let secret = hidden[bytes[index]]?.first { bytes[index...].starts(with: $0) }
            if let secret {
                kept += Self.mark
                index += secret.count
            } else {
                kept.append(bytes[index])
                index += 1
            }
        }
        return kept
    }

    /// One line without what no database takes and no terminal shows.
    private static func line(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isShown = scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
            guard isShown, scalar != " " else {
                if line.last != " " { line.append(" ") }
                continue
            }
            line.append(scalar)
        }
        return String(line)
    }

    private static func cut(_ text: String, to most: Int) -> String {
        guard text.utf8.count > most else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: most - "…".utf8.count)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return text[..<end] + "…"
    }
}

extension Redaction {
    /// How a text may be written: as it is, in JSON, in XML, and in an address.
    private static func spellings(_ text: String) -> [String] {
        let digits = Array("0123456789abcdef".utf8)
        var escaped = ""
        for unit in text.utf16 {
            if let scalar = Unicode.Scalar(unit), scalar.isASCII {
                if "\"\\/".unicodeScalars.contains(scalar) { escaped.append("\\") }
                escaped.unicodeScalars.append(scalar)
            } else {
                escaped += "\\u" + hexadecimal(unit, digits: digits)
            }
        }
        let upper = escaped.replacing(#/\\u[0-9a-f]{4}/#) { match in
            "\\u" + match.output.dropFirst(2).uppercased()
        }
        return [
            text, escaped, upper, escaped.replacing("\\/", with: "/"),
            upper.replacing("\\/", with: "/"), markup(text), encoded(text, blank: "%20"),
            encoded(text, blank: "+"),
        ]
    }

    private static func hexadecimal(_ unit: UInt16, digits: [UInt8]) -> String {
        let places = [12, 8, 4, 0].map { digits[Int(unit >> $0) & 15] }
        return String(decoding: places, as: UTF8.self)
    }

    private static func markup(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static func encoded(_ text: String, blank: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "): bytes += Array(blank.utf8)
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text with a mark for each e-mail address, also where it stands in another address. What
    /// a hostile peer answers takes no longer than it is long.
    private static func withoutMail(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard let sign = signs.first(where: { bytes[index...].starts(with: $0) }) else {
                kept.append(bytes[index])
                index += 1
                continue
            }
            let name = kept.reversed().prefix(while: isOfMail).count
            let host = bytes[(index + sign.count)...].prefix(while: isOfMail).count
            if name > 0, host > 0 {
                kept.removeLast(name)
                kept += mark
            } else {
                kept += bytes[index..<(index + sign.count + host)]
            }
            index += sign.count + host
        }
        return kept
    }

    private static let signs = ["@", "%40"].map { Array($0.utf8) }

    private static func isOfMail(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }
}
