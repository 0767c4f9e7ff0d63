import Testing

@testable import XML

@Test func `a document has a declaration and no layout`() {
    var writer = XMLWriter()
    writer.open("service_requests")
    writer.open("request")
    writer.leaf("service_request_id", "SOF-1")
    writer.leaf("status_notes", nil)
    writer.leaf("address", "")
    writer.leaf("lat") { $0.copy("42.6") }
    writer.close()
    writer.empty("attributes")
    writer.close()
    writer.close()
    #expect(
        String(decoding: writer.bytes, as: UTF8.self)
            == """
            <?xml version="1.0" encoding="utf-8"?>
            <service_requests><request><service_request_id>SOF-1</service_request_id><status_notes/>\
            <address/><lat>42.6</lat></request><attributes/></service_requests>
            """)
}

@Test(arguments: [
    (
        "</description><status>closed</status>",
        "&lt;/description&gt;&lt;status&gt;closed&lt;/status&gt;"
    ),
    ("]]>", "]]&gt;"), ("a & b", "a &amp; b"), ("\"'", "\"'"), ("a\r\nb", "a&#13;\nb"),
    ("\t", "\t"),
    ("\u{0}\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}", String(repeating: "\u{FFFD}", count: 7)),
    ("\u{FFFE}x\u{FFFF}", "\u{FFFD}x\u{FFFD}"),
    ("\u{FFFD}\u{FFFC}\u{FB01}", "\u{FFFD}\u{FFFC}\u{FB01}"),
    ("\u{7F}\u{85}", "\u{7F}\u{85}"), ("Дупка 🇧🇬", "Дупка 🇧🇬"),
])
func `text is escaped and made carriable`(text: String, written: String) {
    var writer = XMLWriter(.fragment)
    writer.leaf("a", text)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "<a>\(written)</a>")
}

@Test func `every string can be read back`() throws {
    var source = Seeded(1)
    for _ in 0..<(slack > 1 ? 5_000 : 100_000) {
        let text = source.text()
        var writer = XMLWriter()
        writer.open("a")
        writer.leaf("b", text)
        writer.close()
        let root = try XMLReader.parse(writer.bytes)
        let expected = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: scalar
            case ..<0x20, 0xFFFE, 0xFFFF: "\u{FFFD}"
            default: scalar
            }
        }
        #expect(root.child("b").map { Array($0.text.unicodeScalars) } == expected)
    }
}

@Test func `a long list can be taken in pieces`() throws {
    var writer = XMLWriter()
    var bytes: [UInt8] = []
    writer.open("list")
    for index in 0..<100 {
        writer.leaf("item", "\(index)")
        if index.isMultiple(of: 7) { bytes += writer.take() }
    }
    writer.close()
    bytes += writer.take()
    #expect(writer.bytes.isEmpty)
    #expect(try XMLReader.parse(bytes).children.map(\.text) == (0..<100).map(String.init))
}
