import Testing
import XML

@testable import GeoReport

/// Text is escaped eight bytes at a time; here it is done letter by letter.
@Suite struct EscapeTests {
    @Test(arguments: 0..<300)
    func `text is escaped as it is letter by letter, however long it is`(seed: UInt64) {
        var source = Seeded(seed)
        for length in 0..<40 {
            let letters = (0..<length).map { _ in Self.letter(using: &source) }
            let text = String(String.UnicodeScalarView(letters))
            var json = JSONWriter(capacity: 0)
            json.string(text)
            #expect(
                String(decoding: json.bytes, as: UTF8.self)
                    == "\"" + letters.map(Self.json).joined() + "\"")
            var xml = XMLWriter(.fragment, capacity: 0)
            xml.text(text)
            #expect(
                String(decoding: xml.bytes, as: UTF8.self) == letters.map(Self.xml).joined())
        }
    }

    private static func letter(using source: inout Seeded) -> Unicode.Scalar {
        let odd: [Unicode.Scalar] = [
            "\"", "\\", "&", "<", ">", "\t", "\n", "\r", "\u{0}", "\u{1F}", "\u{7F}", "\u{80}",
            "ж", "№", "\u{2027}", "\u{2028}", "\u{2029}", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}",
            "\u{FEFF}", "\u{10FFFF}", "🇧", "/", "'", "=", "$", ":", "^", "|",
        ]
        guard Int.random(in: 0..<6, using: &source) == 0 else { return "a" }
        return odd[Int.random(in: 0..<odd.count, using: &source)]
    }

    private static func json(_ letter: Unicode.Scalar) -> String {
        switch letter {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "&": "\\u0026"
        case "<": "\\u003C"
        case ">": "\\u003E"
        case "\t": "\\t"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\u{2028}": "\\u2028"
        case "\u{2029}": "\\u2029"
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
        default: String(letter)
        }
    }

    private static func xml(_ letter: Unicode.Scalar) -> String {
        switch letter {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\r": "&#13;"
        case "\t", "\n": String(letter)
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
        default: String(letter)
        }
    }
}
