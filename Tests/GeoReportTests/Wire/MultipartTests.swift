import Testing

@testable import GeoReport

/// A body with CRLF for each line break of the text.
private func multipart(_ text: String, boundary: String = "xYzZY") throws(Fault) -> Parameters {
    let lines = text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n")
    return try Parameters(
        query: nil, body: .multipart(Array(lines.utf8), boundary: boundary))
}

private func part(_ header: String, _ content: String) -> String {
    "--xYzZY\n\(header)\n\n\(content)\n"
}

private func named(_ name: String, _ content: String) -> String {
    part("Content-Disposition: form-data; name=\"\(name)\"", content)
}

@Test func `parts are parameters`() throws {
    let parameters = try multipart(
        named("service_code", "POTHOLE") + named("attribute[H][]", "CARS")
            + named("attribute[H][]", "BIKES")
            + named("description", "one\ntwo\n") + named("email", "") + "--xYzZY--\n")
    #expect(
        parameters.all.map(\.name) == [
            "service_code", "attribute[H][]", "attribute[H][]", "description", "email",
        ])
    #expect(try parameters.value("service_code") == "POTHOLE")
    #expect(parameters.all[3].value == "one\r\ntwo\r\n")
    #expect(try parameters.attributes().map(\.values) == [["CARS", "BIKES"]])
}

@Test func `an unquoted boundary of equals signs and a type per part are read`() throws {
    let type = "multipart/form-data; boundary====1795312196749==="
    let text =
        "--===1795312196749===\r\nContent-Disposition: form-data; name=\"service_code\"\r\n"
        + "Content-Type: text/plain; charset=UTF-8\r\n\r\nPOTHOLE\r\n"
        + "--===1795312196749===\r\nContent-Disposition: form-data; name=\"lat\"\r\n"
        + "Content-Type: text/plain; charset=UTF-8\r\n\r\n42.6977\r\n--===1795312196749===--\r\n"
    let parameters = try Parameters(
        query: nil, body: Parameters.body(contentType: type, bytes: Array(text.utf8)))
    #expect(try parameters.value("service_code") == "POTHOLE")
    #expect(try parameters.value("lat") == "42.6977")
}

@Test func `a file keeps its type and its bytes, and loses its name`() throws {
    let head =
        "--xYzZY\r\nContent-Disposition: form-data; name=\"media\"; filename=\"../../etc/passwd\"\r\n"
    let content: [UInt8] = [0xFF, 0xD8, 0x0D, 0x0A, 0x2D, 0x2D, 0x00, 0x0D, 0x0A, 0x0D]
    let bytes =
        Array((head + "Content-Type: IMAGE/JPEG\r\nContent-Transfer-Encoding: binary\r\n\r\n").utf8)
        + content + Array("\r\n--xYzZY--".utf8)
    let parameters = try Parameters(query: nil, body: .multipart(bytes, boundary: "xYzZY"))
    #expect(
        parameters.files == [
            .init(
                name: "media", value: "",
                source: .file(contentType: "image/jpeg", bytes: content[...]))
        ])
    #expect(parameters.values("media").isEmpty)
    #expect(try parameters.value("media") == nil)
}

@Test(arguments: [
    "Content-Disposition: form-data; name=media; filename=a.jpg",
    "content-disposition:form-data;name=\"media\";filename=\"C:\\a\\b.jpg\"",
    "Content-Disposition: form-data; filename=\"a\\\"b;c.jpg\"; name=\"media\"",
    "Content-Disposition: form-data; name=\"media\"; filename*=UTF-8''a.jpg",
    "Content-Disposition: form-data; name=\"media\"\nContent-Type: image/png",
    "Content-Disposition: form-data; name=\"media\"; filename=\"\"",
    "Content-Disposition: form-data; name=\"media\"; filename=\"\(String(repeating: "x", count: 10 << 10))\"",
    "X-Y: z\nContent-Disposition: form-data; name=\"media\"; filename=\"a\u{0}b\"\nContent-Length: 5",
])
func `a file is known whatever its name`(header: String) throws {
    let parameters = try multipart(part(header, "\u{1}file") + "--xYzZY--")
    #expect(parameters.files.map(\.name) == ["media"])
}

@Test func `a field in which no file was chosen is absent`() throws {
    let header = "Content-Disposition: form-data; name=\"media\"; filename=\"\"\n"
    let none = try multipart(
        part(header + "Content-Type: application/octet-stream", "") + "--xYzZY--")
    #expect(none.all.isEmpty)
    #expect(throws: Fault(.malformed, "media is an empty file")) {
        try multipart(
            part("Content-Disposition: form-data; name=\"media\"; filename=\"a.png\"", "")
                + "--xYzZY--")
    }
}

@Test(arguments: [
    ("attribute%5BX%5D", "attribute[X]"), ("attribute%5bX%5d%5B%5D", "attribute[X][]"),
    ("a%22b", "a\"b"),
    ("a%0Ab%", "a%0Ab%"), ("a\\\"b", "a\"b"), ("дупка", "дупка"),
])
func `a name may be escaped as browsers do`(written: String, name: String) throws {
    #expect(try multipart(named(written, "1") + "--xYzZY--").all.map(\.name) == [name])
}

@Test(arguments: [
    "--xYzZY--", "--xYzZY--\n",
    "preamble\n--xYzZY\nContent-Disposition: form-data; name=a\n\n1\n--xYzZY--x",
    "\n--xYzZY \t\nContent-Disposition: form-data; name=a\n\n1\n--xYzZY--\nepilogue\n--xYzZY\n",
    "--xYzZYnot\n--xYzZY\nContent-Disposition: form-data; name=a\n\n1\n--xYzZY--",
])
func `what stands around the parts is ignored`(body: String) throws {
    #expect(try multipart(body).all.allSatisfy { $0.name == "a" && $0.value == "1" })
}

@Test func `a line that only begins like the boundary belongs to the content`() throws {
    let parameters = try multipart(named("a", "x\n--xYzZYx\n--xYz") + named("b", "") + "--xYzZY--")
    #expect(parameters.all.map(\.value) == ["x\r\n--xYzZYx\r\n--xYz", ""])
}

/// Bodies with the one problem that each is told.
private let broken: [(String, String)] = [
    ("", "multipart body has no part"), ("a=1", "multipart body has no part"),
    ("--xYzZ--", "multipart body has no part"), ("--xYzZY", "multipart body has no part"),
    ("--xYzZY\n", "multipart body has no end"), (named("a", "1"), "multipart body has no end"),
    (named("a", "1") + "--xYzZY", "multipart body has no end"),
    (named("a", "1") + "--xYzZY\n", "multipart body has no end"),
    (named("a", "1") + "--xYzZY-", "multipart body has no end"),
    ("--xYzZY\nContent-Disposition: form-data; name=a", "multipart body has no end"),
    ("--xYzZY\n\n1\n--xYzZY--", "multipart body has a part without a name"),
    (
        part("Content-Type: text/plain", "1") + "--xYzZY--",
        "multipart body has a part without a name"
    ),
    (
        part("Content-Disposition: form-data", "1") + "--xYzZY--",
        "multipart body has a part without a name"
    ),
    (named("", "1") + "--xYzZY--", "multipart body has a part without a name"),
    (
        part("Content-Disposition: attachment; name=a", "1") + "--xYzZY--",
        "multipart body has a part without a name"
    ),
    (
        part(
            "Content-Disposition: form-data; name=a\nContent-Type: multipart/mixed; boundary=b", "")
            + "--xYzZY--", "multipart body has a part that is multipart itself"
    ),
    (
        part("Content-Disposition: form-data; name=a\nContent-Transfer-Encoding: base64", "YQ==")
            + "--xYzZY--", "multipart body has a part with a transfer encoding"
    ),
    (
        part(
            "Content-Disposition: form-data; name=a\nX: " + String(repeating: "x", count: 5 << 10),
            "1")
            + "--xYzZY--", "multipart body has a part with a header over 4096 bytes"
    ),
    (
        part(
            "Content-Disposition: form-data; name=a\nX: " + String(repeating: "x", count: 50 << 10),
            "1")
            + "--xYzZY--", "multipart body has a part with too long a header"
    ),
    (
        (0..<65).map { named("p\($0)", "") }.joined() + "--xYzZY--",
        "multipart body has more than 64 parts"
    ),
    (named("a", "\u{0}") + "--xYzZY--", "a holds a NUL character"),
    (
        named(String(repeating: "x", count: 129), "") + "--xYzZY--",
        "parameter name is longer than 128 bytes"
    ),
]

@Test(arguments: broken)
func `a broken multipart body is refused`(body: String, expected: String) {
    #expect(throws: Fault(.malformed, expected)) { try multipart(body) }
}

@Test func `a part in another encoding is refused`() {
    #expect(throws: Fault(.unsupportedMediaType, "multipart body must be in UTF-8")) {
        try multipart(
            part(
                "Content-Disposition: form-data; name=a\nContent-Type: text/plain; charset=koi8-r",
                "1")
                + "--xYzZY--")
    }
    let latin =
        Array(named("a", "").dropLast().replacing("\n", with: "\r\n").utf8)
        + [0xE9] + Array("\r\n--xYzZY--".utf8)
    #expect(throws: Fault(.malformed, "a is not valid UTF-8")) {
        try Parameters(query: nil, body: .multipart(latin, boundary: "xYzZY"))
    }
}

@Test func `64 parts and a long text are taken, a longer one is too large`() throws {
    let parts = (0..<64).map { named("p\($0)", "") }.joined()
    #expect(try multipart(parts + "--xYzZY--").all.count == 64)
    #expect(throws: Fault(.tooLarge, "a is longer than 262144 bytes")) {
        try multipart(named("a", String(repeating: "x", count: (256 << 10) + 1)) + "--xYzZY--")
    }
}

@Test(arguments: ["\r", "\r\n--xYzZ", "\r\n--xYzZYx", "\r\n\r\n", "--xYzZY\r\n"])
func `a body of nothing but beginnings is judged in time in proportion to its length`(
    piece: String
) {
    func time(_ size: Int) -> Double {
        let bytes = Array(String(repeating: piece, count: size / piece.utf8.count).utf8)
        let times = (0..<2).map { _ in
            seconds { _ = try? Parameters(query: nil, body: .multipart(bytes, boundary: "xYzZY")) }
        }
        return times.min() ?? 0
    }
    let (short, long) = (time(64 << 10), time(512 << 10))
    // Eight times the length: what is quadratic takes sixty-four times as long.
    #expect(long < short * 24 + 0.05)
}

@Test func `no mutation of a multipart body does harm`() {
    var source = Seeded(10)
    let whole = Array(
        (named("service_code", "POTHOLE") + named("attribute[X]", "1")
            + part("Content-Disposition: form-data; name=\"media\"; filename=\"a.png\"", "x")
            + "--xYzZY--").replacing("\n", with: "\r\n").utf8)
    for _ in 0..<2_000 {
        var bytes = whole
        for _ in 0..<source.number(1...4) where !bytes.isEmpty {
            let place = source.number(0...bytes.count - 1)
            switch source.number(0...2) {
            case 0: bytes[place] = UInt8(source.number(0...255))
            case 1: bytes.removeSubrange(place..<min(place + source.number(1...40), bytes.count))
            default: bytes.insert(contentsOf: "\r\n--xYzZY\r\n\r\n".utf8, at: place)
            }
        }
        _ = try? Parameters(query: nil, body: .multipart(bytes, boundary: "xYzZY"))
    }
}
