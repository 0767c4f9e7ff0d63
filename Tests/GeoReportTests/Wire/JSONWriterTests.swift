import Testing
import XML

@testable import GeoReport

private func written(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

@Test func `commas stand between values and nowhere else`() {
    let text = written { json in
        json.beginArray()
        json.beginObject()
        json.key("service_request_id")
        json.string("SOF-1")
        json.key("lat")
        json.value { DecimalDegrees.write(42.6977, to: &$0) }
        json.key("expected_datetime")
        json.string(nil)
        json.key("a\"b" as String)
        json.beginArray()
        json.endArray()
        json.key("d")
        json.string { $0.copy("2026") }
        json.endObject()
        json.beginObject()
        json.endObject()
        json.number(-400)
        json.bool(true)
        json.null()
        json.endArray()
    }
    #expect(
        text
            == #"[{"service_request_id":"SOF-1","lat":42.6977,"expected_datetime":null,"a\"b":[],"#
            + #""d":"2026"},{},-400,true,null]"#)
}

@Test(arguments: [
    ("\"", #"\""#), ("\\", #"\\"#), ("/", "/"), ("a\r\n\tb", #"a\r\n\tb"#),
    ("<script>&", #"\u003Cscript\u003E\u0026"#),
    ("\u{2028}\u{2029}\u{2027}", #"\u2028\u2029"# + "\u{2027}"),
    ("\u{0}\u{1}\u{B}\u{1F}", String(repeating: "\u{FFFD}", count: 4)),
    ("\u{FFFE}x\u{FFFF}\u{FFFD}", "\u{FFFD}x\u{FFFD}\u{FFFD}"), ("\u{7F}", "\u{7F}"),
    ("Дупка 🇧🇬", "Дупка 🇧🇬"),
])
func `text is escaped so that it harms neither a page nor a script`(text: String, json: String) {
    #expect(written { $0.string(text) } == "\"\(json)\"")
}

@Test func `both formats carry the same text`() throws {
    var source = Seeded(6)
    for _ in 0..<3_000 {
        let text = source.text()
        var json = JSONWriter()
        json.string(text)
        var xml = XMLWriter()
        xml.leaf("a", text)
        let fromJSON = try JSONReader.parse(json.bytes).string
        let fromXML = try XMLReader.parse(xml.bytes).text
        #expect(fromJSON.map { Array($0.utf8) } == Array(fromXML.utf8))
    }
}

@Test(arguments: [0, 7, 10, 99, 100, -1, -10, 123_456_789, Int.max, Int.min])
func `whole numbers are written in decimal`(number: Int) {
    #expect(written { $0.number(number) } == String(number))
}
