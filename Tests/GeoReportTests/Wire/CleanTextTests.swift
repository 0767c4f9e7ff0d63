import Testing
import XML

@testable import GeoReport

private func clean(_ text: String, as kind: CleanText.Kind = .description) throws(Fault) -> String {
    try CleanText.clean(text, named: "description", as: kind)
}

@Test(arguments: [
    ("", ""), (" \n\u{A0}\u{3000}", ""), ("plain", "plain"), (" plain ", "plain"), ("a\nb", "a\nb"),
    ("a\r\nb\rc\n\rd", "a\nb\nc\n\nd"), ("a\tb", "a\tb"),
    ("\u{1}a\u{8}\u{B}\u{C}\u{E}\u{1F}b", "ab"),
    ("a\u{FFFE}\u{FFFF}b", "ab"), ("\u{1} a", "a"), ("e\u{301}", "\u{E9}"), ("и\u{306}", "й"),
    ("\u{212B}", "\u{C5}"), ("\u{7F}\u{85}x", "\u{7F}\u{85}x"), ("🇧🇬👩‍👩‍👧", "🇧🇬👩‍👩‍👧"),
    ("a\u{202E}b", "a\u{202E}b"),
    ("<b>&amp;</b>", "<b>&amp;</b>"), ("\u{FFFD}", "\u{FFFD}"), ("e\u{1}\u{301}", "\u{E9}"),
])
func `text is normalised and freed of what no format carries`(text: String, kept: String) throws {
    #expect(Array(try clean(text).utf8) == Array(kept.utf8))
}

@Test func `a name loses what cannot be seen`() throws {
    #expect(try clean("Ив\u{200B}ан\u{202E} \u{2066}\u{AD}П\u{200D}", as: .name) == "Иван П")
}

/// Texts with the problem that each is told.
private let tooMuch: [(String, String)] = [
    ("a\0b", "description holds a NUL character"),
    (
        String(repeating: "x", count: 4001),
        "description is longer than 4000 characters or 16384 bytes"
    ),
    (
        String(repeating: "🇧🇬", count: 2001),
        "description is longer than 4000 characters or 16384 bytes"
    ),
    (
        String(repeating: "x", count: (16 << 10) + 1),
        "description is longer than 4000 characters or 16384 bytes"
    ),
    (
        "a" + String(repeating: "\u{301}", count: 34),
        "description has more than 32 combining marks in a row"
    ),
    (
        "a" + String(repeating: "\u{301}", count: 1_000_000),
        "description is longer than 4000 characters or 16384 bytes"
    ),
]

@Test(arguments: tooMuch)
func `text that is too much is refused by name`(text: String, problem: String) {
    #expect(throws: Fault(.malformed, problem)) { try clean(text) }
}

@Test func `the bounds themselves are allowed`() throws {
    #expect(try clean(String(repeating: "x", count: 4000)).utf8.count == 4000)
    #expect(try clean(String(repeating: "𝄢", count: 4000)).utf8.count == 16_000)
    #expect(try clean(String(repeating: "x\r\n", count: 1999)).utf8.count == 3997)
    #expect(try clean("x" + String(repeating: "\u{301}", count: 32)).unicodeScalars.count == 33)
    #expect(throws: Fault(.malformed, "email is longer than 1024 bytes")) {
        try CleanText.clean(String(repeating: "x", count: 1025), named: "email")
    }
}

@Test func `clean text stays as it is in both formats and when cleaned again`() throws {
    var source = Seeded(11)
    for _ in 0..<3_000 {
        let text = CleanText.safe(source.text())
        #expect(Array(CleanText.safe(text).utf8) == Array(text.utf8))
        var json = JSONWriter()
        json.string(text)
        var xml = XMLWriter()
        xml.leaf("a", text)
        #expect(try JSONReader.parse(json.bytes) == .string(text))
        #expect(try Array(XMLReader.parse(xml.bytes).text.utf8) == Array(text.utf8))
    }
}
