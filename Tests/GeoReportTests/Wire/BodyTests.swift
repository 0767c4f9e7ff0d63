import Testing

@testable import GeoReport

private func body(_ type: String?, _ text: String = "a=1") throws(Fault) -> Parameters.Body {
    try Parameters.body(contentType: type, bytes: Array(text.utf8))
}

@Test(arguments: [
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
    "Application/X-WWW-Form-URLEncoded;charset=\"UTF-8\"",
    "application/x-www-form-urlencoded ; charset=utf8",
    nil, "", "  ",
])
func `a form is known by its type, or without one by its looks`(type: String?) throws {
    #expect(try body(type) == .form(Array("a=1".utf8)))
}

@Test(arguments: ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
func `a JSON body is known by its type`(type: String) throws {
    #expect(try body(type, "{}") == .json(Array("{}".utf8)))
}

/// Types with the boundary in them.
private let odd: [(String, String)] = [
    ("multipart/form-data; boundary=xYzZY", "xYzZY"),
    ("multipart/form-data; boundary====1795312196749===", "===1795312196749==="),
    ("multipart/form-data;boundary=\"a b;c\"; charset=utf-8", "a b;c"),
    ("multipart/form-data; charset=utf-8; BOUNDARY=----WebKit", "----WebKit"),
    ("multipart/form-data; boundary=x ", "x"),
    (
        "multipart/form-data; boundary=" + String(repeating: "x", count: 70),
        String(repeating: "x", count: 70)
    ),
]

@Test(arguments: odd)
func `a boundary may be odd`(type: String, boundary: String) throws {
    #expect(try body(type) == .multipart(Array("a=1".utf8), boundary: boundary))
}

/// Types without a boundary that could be used.
private let unbounded: [String] = [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
    "multipart/form-data; boundary=" + String(repeating: "x", count: 100),
    "multipart/form-data; boundary=\"x \"", "multipart/form-data; boundary=ж",
]

@Test(arguments: unbounded)
func `a missing or overlong boundary is refused`(type: String) {
    #expect(
        throws: Fault(
            .malformed, "Content-Type: the boundary must have 1 to 70 printable characters")
    ) {
        try body(type)
    }
}

@Test(
    arguments: [
        ("text/plain", "{\"a\":1}"), ("text/plain", "a=1"), ("application/xml", "<a/>"),
        ("text/xml", "<a/>"),
        ("multipart/mixed; boundary=x", "a"), ("application/octet-stream", "a"),
        ("text/json", "{}"), ("x", "a=1"),
        ("application/x-www-form-urlencoded; charset=windows-1251", "a=1"),
        ("application/json; charset=utf-16", "{}"), (nil, "{\"a\":\"=\"}"), (nil, "<a b='c'/>"),
        (nil, "hello"),
        (nil, "a = 1"), (nil, "[\"=\"]"),
    ] as [(String?, String)])
func `another type is refused with 415`(type: String?, text: String) {
    do {
        _ = try body(type, text)
        Issue.record("was taken")
    } catch {
        #expect(error.status == 415)
        #expect(error.problems.allSatisfy { $0.hasPrefix("Content-Type") })
    }
}

@Test func `an empty body is none, whatever its type`() throws {
    #expect(try body("text/plain", "") == .none)
    #expect(try body("application/json", "") == .none)
    #expect(try body(nil, "") == .none)
}
