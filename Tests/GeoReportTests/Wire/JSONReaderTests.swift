import Testing

@testable import GeoReport

private func reason(_ text: String, _ limits: JSONLimits = .body) -> JSONError.Reason? {
    reason(Array(text.utf8), limits)
}

private func reason(_ bytes: [UInt8], _ limits: JSONLimits = .body) -> JSONError.Reason? {
    do {
        _ = try JSONReader.parse(bytes, limits: limits)
        return nil
    } catch {
        return error.reason
    }
}

private func read(_ text: String, _ limits: JSONLimits = .body) throws -> JSONValue {
    try JSONReader.parse(Array(text.utf8), limits: limits)
}

@Test func `a document keeps its order, its digits and its text`() throws {
    #expect(
        try read(#" {"b" : [1.50, -0, 2e3 , true,false,null,""], "a":{ } , "":"\u0431\/é"} "#)
            == .object([
                .init(
                    key: "b",
                    value: .array([
                        .number(text: "1.50"), .number(text: "-0"), .number(text: "2e3"),
                        .bool(true),
                        .bool(false), .null, .string(""),
                    ])), .init(key: "a", value: .object([])),
                .init(key: "", value: .string("б/é")),
            ]))
}

@Test(arguments: [
    "[]", "{}", "[[]   ]", "[\"\"]", "[null, 1, \"1\", {}]", "[1\n]", " [1]", "[1] ",
    "[1,null,null,2]",
    "0", "-0", "-1", "1", "-123", "123456", "0.5", "-0.0", "123.456789", "0e1", "0E+1", "1e-2",
    "20e1",
    "1E2", "1e+2", "12345678901234567", "-9007199254740993", "900719925474099.25", "1e15", "true",
    "false",
    "null", "\"x\"", "\"\"", " true ", "\"\u{7F}\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0012\"",
    "\"\\uD801\\udc37\"", "\"\\ud83d\\ude39\\ud83d\\udc8d\"", "\"\\\\a\"", "\"\\uFFFE\"",
    "\"\u{FFFF}\"",
    "\"\u{2028}\u{2029}\"", "\"€𝄞\"", "[\"a/*b*/c\"]", "{\"a\":[]}", "{\"\":0}",
    "{\"asd\":\"sdf\"}",
    "{\"a\":\"b\",\"c\":\"d\"}", "{\n\"a\": \"b\"\n}", "\t\r\n[] \t", "{\"a\":1,\"A\":1}",
    "{\"\\u00e9\":1,\"e\\u0301\":1}", "\"\\\\u0000x\"",
])
func `what the grammar allows is read`(text: String) {
    #expect(reason(text) == nil)
}

/// What the grammar allows and a request must not have (J1); a peer's document may.
@Test(
    arguments: [
        (#"{"a":1,"a":2}"#, .duplicateKey), (#"{"a":1,"a":1}"#, .duplicateKey),
        (#"{"a":1,"\u0061":1}"#, .duplicateKey), (#"[{"b":0,"a":{},"b":0}]"#, .duplicateKey),
        (#"["\u0000"]"#, .nul), (#"{"foo\u0000bar":42}"#, .nul), ("1e400", .number),
        ("-1e400", .number),
        ("123e65", .number), ("1e16", .number), ("1.2345678901234567e1", nil),
        ("1.23456789012345678", .number), ("123456789012345678", .number),
        ("9223372036854775808", .number), ("0.000000000000000000000000000001", nil),
        ("100000000000000000000", .number), ("\u{FEFF}{}", .syntax),
    ] as [(String, JSONError.Reason?)])
func `what readers take differently is refused in a request only`(
    text: String, reason expected: JSONError.Reason?
) {
    #expect(reason(text) == expected)
    #expect(reason(text, .document) == nil)
}

@Test(arguments: [
    "", " ", "[", "]", "{", "}", "[,]", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[1:2]", "[\"a\"",
    "[\"a",
    "[\"a\",\n4\n,1,", "[][]", "[]x", "[1]]", "{}}", "{\"a\":1}{", "1 2", "[1]/**/", "/*x*/[]",
    "//x\n[]",
    "#x\n[]", "{a:1}", "{'a':1}", "['a']", "{\"a\":1,}", "{,\"a\":1}", "{\"a\" 1}", "{\"a\"::1}",
    "{\"a\":}", "{\"a\"}", "{\"a\":1 \"b\":2}", "{\"a\",1}", "{1:1}", "{null:1}", "{[]:1}",
    "{\"a\":a}",
    "{\"a\":1,,\"b\":2}", "True", "tru", "truee", "nul", "NULL", "nan", "NaN", "Infinity",
    "-Infinity", "inf",
    "undefined", "+1", "-", "--1", "-a", "- 1", "01", "-01", "00", "012", "0x1", "0x", "1.", ".1",
    "-.1",
    "1.e1", ".e1", "1e", "1e+", "1e-", "1e1.5", "1ee1", "1+2", "1_000", "1,000", "1a", "0e", "0.3e",
    "9.e+",
    "1\u{A0}", "\u{A0}1", "\u{2060}[]", "[\u{C}]", "[\u{B}]", "４２", "\"\\x\"", "\"\\a\"", "\"\\'\"",
    "\"\\",
    "\"\\u\"", "\"\\u00\"", "\"\\u12\"", "\"\\u00G0\"", "\"\\U0041\"", "\"\\u 041\"", "\"a",
    "\"a\\", "\"\\\"",
    "\"a\nb\"", "\"a\tb\"", "\"\u{1F}\"", "\"\u{0}\"", "\u{0}", "[\u{0}]", "abc", "*", "<a/>",
    "a=b",
    "\"x\"x", "\"x\" 1", "[\"x\", truth]", "{\"a\":\"b\"}#", "{\"a\":\"b\"}/", "é", "[é]", "\"\"\"",
])
func `what the grammar does not allow is refused everywhere`(text: String) {
    #expect(reason(text) == .syntax)
    #expect(reason(text, .document) == .syntax)
}

@Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800\n""#, #""\ud800x""#,
    #""\udc00\ud800""#,
    #""\ud800\u0041""#,
])
func `half a surrogate pair is refused`(text: String) {
    #expect(reason(text) == .encoding)
    #expect(reason(text, .document) == .encoding)
}

@Test(
    arguments: [
        [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xFF, 0x22], [0x22, 0xE9, 0x22],
        [0x22, 0xED, 0xA0, 0x80, 0x22],
        [0x22, 0xF4, 0xBF, 0xBF, 0xBF, 0x22], [0x22, 0x81, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ] as [[UInt8]])
func `a string that is no UTF-8 is refused`(bytes: [UInt8]) {
    #expect(reason(bytes) == .encoding)
    #expect(reason(bytes, .document) == .encoding)
}

@Test(
    arguments: [
        [0xFE, 0xFF, 0x00, 0x5B, 0x00, 0x5D], [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00],
        [0x5B, 0x00, 0x5D, 0x00],
        [0xEF, 0xBB], [0xE5], [0x5B, 0xE5, 0x5D], [0x31, 0xE5],
    ] as [[UInt8]])
func `UTF-16 and stray bytes are refused`(bytes: [UInt8]) {
    #expect(reason(bytes) == .syntax)
    #expect(reason(bytes, .document) == .syntax)
}

@Test func `depth, values, digits and size are bounded`() {
    func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(reason(nested(32)) == nil)
    #expect(reason(nested(33)) == .depth)
    #expect(reason(String(repeating: "[", count: 100_000)) == .depth)
    #expect(reason(String(repeating: "{\"a\":", count: 40_000)) == .depth)
    #expect(reason(String(repeating: "[", count: 100_000), .document) == .depth)
    #expect(reason("[" + String(repeating: "0,", count: 9_998) + "0]") == nil)
    #expect(reason("[" + String(repeating: "0,", count: 10_000) + "0]") == .size)
    #expect(
        reason("{" + (0..<20_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}") == .size)
    #expect(reason(String(repeating: "1", count: 200_000)) == .number)
    #expect(reason(String(repeating: "1", count: 1 << 20)) == .size)
    #expect(reason(String(repeating: "1", count: 1 << 20), .document) == .number)
    #expect(reason("\"" + String(repeating: "x", count: 256 << 10) + "\"") == .size)
}

/// Texts of 256 KB, each of which is slow in some reader (J1).
private let heavy: [String] = [
    "[" + (0..<9_000).map { "\($0).123456789012" }.joined(separator: ",") + "]",
    "{" + (0..<9_000).map { "\"key number \($0)\":\"б\"" }.joined(separator: ",") + "}",
    "\"" + String(repeating: "\\u0431\\n", count: 30_000) + "\"",
    "\"" + String(repeating: "б🇧🇬", count: 24_000) + "\"", String(repeating: " ", count: 250_000),
    String(repeating: "[", count: 250_000), String(repeating: "9", count: 250_000),
    "\"" + String(repeating: "\\", count: 250_000), String(repeating: "{\"\":", count: 50_000),
]

@Test(arguments: heavy)
func `256 KB are judged within 50 ms`(text: String) {
    let bytes = Array(text.utf8)
    #expect(seconds { _ = reason(bytes) } < 0.05 * slack)
}

@Test func `every value can be written and read back`() throws {
    var source = Seeded(4)
    for _ in 0..<2_000 {
        let value = source.value(depth: 4)
        var writer = JSONWriter()
        writer.value(value)
        #expect(try JSONReader.parse(writer.bytes, limits: .document) == value)
    }
}

@Test func `no mutation of a document does harm`() throws {
    var source = Seeded(5)
    for _ in 0..<3_000 {
        var writer = JSONWriter()
        writer.value(source.value(depth: 3))
        var bytes = writer.bytes
        for _ in 0..<source.number(1...4) where !bytes.isEmpty {
            let place = source.number(0...bytes.count - 1)
            switch source.number(0...2) {
            case 0: bytes[place] = UInt8(source.number(0...255))
            case 1: bytes.removeSubrange(place..<min(place + source.number(1...9), bytes.count))
            default: bytes.insert(contentsOf: "{}[]\",:\\u00e1e-".utf8, at: place)
            }
        }
        _ = reason(bytes)
    }
}

extension Seeded {
    /// A random value whose texts XML could carry.
    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch number(0...(depth > 0 ? 6 : 4)) {
        case 0: .null
        case 1: .bool(number(0...1) == 0)
        case 2: .number(text: "\(number(-1_000_000...1_000_000))")
        case 3, 4: .string(carriable(text()))
        case 5: .array((0..<number(0...4)).map { _ in value(depth: depth - 1) })
        default:
            .object(
                (0..<number(0...4)).map { index in
                    .init(
                        key: "\(index)" + carriable(text(upTo: 5)), value: value(depth: depth - 1))
                })
        }
    }

    private func carriable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter {
                    $0.value >= 0x20 && $0.value != 0xFFFE && $0.value != 0xFFFF
                        || $0 == "\n" || $0 == "\t" || $0 == "\r"
                }))
    }
}
