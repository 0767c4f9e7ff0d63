import Reports
import Testing

@testable import GeoReport

/// The parameters of a form in a body.
private func form(_ text: String, query: String? = nil) throws(Fault) -> Parameters {
    try Parameters(query: query, body: .form(Array(text.utf8)))
}

private func problem(_ text: String, query: String? = nil) -> String? {
    do {
        _ = try form(text, query: query)
        return nil
    } catch {
        return error.status == 400 ? error.problems.first : "status \(error.status)"
    }
}

@Test func `a form keeps its order and its repetitions`() throws {
    let parameters = try form(
        "a=1&b=&c&a=2&%D0%B1+%C3%A9=x%26y%3Dz+%2B&=&&d=a=b", query: "a=0&q=%2f")
    #expect(
        parameters.all.map { "\($0.name)|\($0.value)|\($0.source == .query)" } == [
            "a|0|true", "q|/|true", "a|1|false", "b||false", "c||false", "a|2|false",
            "б é|x&y=z +|false", "d|a=b|false",
        ])
}

@Test(arguments: [
    ("lat=%", "lat holds an invalid percent sequence"),
    ("lat=%4", "lat holds an invalid percent sequence"),
    ("lat=%zz", "lat holds an invalid percent sequence"),
    ("lat=1%2", "lat holds an invalid percent sequence"),
    ("lat=%+1", "lat holds an invalid percent sequence"),
    ("%=1", "parameter name holds an invalid percent sequence"),
    ("lat%5=1", "parameter name holds an invalid percent sequence"),
    ("description=%FF", "description is not valid UTF-8"),
    ("description=%C0%AF", "description is not valid UTF-8"),
    ("description=%ED%A0%80", "description is not valid UTF-8"),
    ("description=%D0", "description is not valid UTF-8"),
    ("%FF=1", "parameter name is not valid UTF-8 text"),
    ("a%00=1", "parameter name is not valid UTF-8 text"),
    ("lat=42.1%00", "lat holds a NUL character"),
    ("description=a%00b", "description holds a NUL character"),
    ("api_key=%00", "api_key holds a NUL character"),
    ("<script>=%FF", "parameter is not valid UTF-8"),
    ("attribute[X]=%00", "attribute[X] holds a NUL character"),
])
func `what is not properly encoded is refused by name`(body: String, expected: String) {
    #expect(problem(body) == expected)
    #expect(problem("", query: body) == expected)
}

@Test func `the number of parameters and the length of their names are bounded`() {
    func many(_ count: Int) -> String {
        (0..<count).map { "p\($0)=" }.joined(separator: "&")
    }
    #expect(problem(many(256)) == nil)
    #expect(problem(many(257)) == "parameters: there are more than 256")
    #expect(problem(many(128), query: many(128)) == nil)
    #expect(problem(many(129), query: many(128)) == "parameters: there are more than 256")
    #expect(problem(String(repeating: "x", count: 128) + "=") == nil)
    #expect(
        problem(String(repeating: "x", count: 129) + "=")
            == "parameter name is longer than 128 bytes")
    #expect(problem(String(repeating: "&", count: 256 << 10)) == nil)
}

@Test func `raw bytes in a query are judged like encoded ones`() throws {
    let parameters = try Parameters(query: "q=дупка&r=a b")
    #expect(try parameters.value("q") == "дупка")
    #expect(try parameters.value("r") == "a b")
}

@Test func `a value is trimmed, and blank is absent`() throws {
    let parameters = try form("lat=&long=+%09%C2%A0&address_string=+%D0%B1%0A&a=&a=1&a=+1+")
    #expect(try parameters.value("lat") == nil)
    #expect(try parameters.value("long") == nil)
    #expect(try parameters.value("address_string") == "б")
    #expect(try parameters.value("a") == "1")
    #expect(try parameters.value("b") == nil)
}

@Test func `aliases are asked in their order`() throws {
    let parameters = try form("lng=3&lon=2&long=")
    #expect(try parameters.value("long", "lon", "lng") == "2")
    #expect(try parameters.value("lng", "lon") == "3")
}

@Test func `two different values for one name are refused by name`() throws {
    let parameters = try form("lat=1&lat=2&a=1&a=1&b=1&b=%C2%A01", query: "c=1&c=2&d=1")
    #expect(throws: Fault(.malformed, "lat was given more than once")) {
        try parameters.value("lat")
    }
    #expect(throws: Fault(.malformed, "c was given more than once")) { try parameters.value("c") }
    #expect(try parameters.value("a") == "1")
    #expect(try parameters.value("b") == "1")
    let accents = try form("a=%C3%A9&a=e%CC%81")
    #expect(throws: Fault.self) { try accents.value("a") }
}

@Test func `the body wins over the query, except for the jurisdiction`() throws {
    let parameters = try form(
        "a=1&b=&jurisdiction_id=sofia", query: "a=2&b=2&jurisdiction_id=pristina")
    #expect(try parameters.value("a") == "1")
    #expect(try parameters.value("b") == "2")
    #expect(
        throws: Fault(.malformed, "jurisdiction_id is not the same in the query and in the body")
    ) { try parameters.value("jurisdiction_id") }
    let same = try form("jurisdiction_id=sofia", query: "jurisdiction_id=sofia")
    #expect(try same.value("jurisdiction_id") == "sofia")
    #expect(throws: Fault.self) {
        try Parameters(query: "jurisdiction_id=a&jurisdiction_id=b").value("jurisdiction_id")
    }
}

@Test func `a list is comma separated, repeated, or both`() throws {
    let parameters = try Parameters(
        query:
            "status=open,+closed&status[]=open&status%5B%5D=,x,&status=&agency=1|2,3&status%5B0%5D=no"
    )
    #expect(parameters.list("status") == ["open", "closed", "open", "x"])
    #expect(parameters.list("agency", separators: [",", "|"]) == ["1", "2", "3"])
    #expect(parameters.list("none").isEmpty)
    let media = try form("media_url=https://a/?x=1,2&media_url[]=https://b/&media_url=+")
    #expect(media.values("media_url") == ["https://a/?x=1,2", "https://b/"])
}

/// Bodies with the answers in them.
private let answered: [(String, [String: [String]])] = [
    ("attribute[X]=1", ["X": ["1"]]), ("attribute[X][]=1&attribute[X][]=2", ["X": ["1", "2"]]),
    ("attribute[X]=1&attribute[X]=2", ["X": ["1", "2"]]), ("attribute[X][0]=1", ["X": ["1"]]),
    ("attribute[X][0]=1&attribute[X][1]=2&attribute[X]=3", ["X": ["1", "2", "3"]]),
    ("attribute%5BX%5D=1", ["X": ["1"]]), ("attribute%5bX%5D%5B%5D=1", ["X": ["1"]]),
    ("attribute[X]=", [:]), ("attribute[X]=+&attribute[X]=1", ["X": ["1"]]),
    ("attribute[X]=1&attribute[X]=1", ["X": ["1"]]),
    ("attribute[a b:c/%D0%B1]=1", ["a b:c/б": ["1"]]),
    ("attributes=1&attributed[X]=2&attr[X]=3", [:]), ("attribute=", [:]), ("", [:]),
    ("attribute[X]=a,b", ["X": ["a,b"]]),
]

@Test(arguments: answered)
func `answers are read in every way of writing them`(body: String, answers: [String: [String]])
    throws
{
    let read = try form(body).attributes()
    #expect(
        Dictionary(uniqueKeysWithValues: read.map { ($0.code.rawValue, $0.values) }) == answers)
}

@Test func `answers keep the order of their questions, and the body wins`() throws {
    let answers = try form(
        "attribute[B]=1&attribute[A]=2&attribute[B]=3", query: "attribute[A]=0&attribute[C]=4"
    ).attributes()
    #expect(answers.map(\.code.rawValue) == ["A", "C", "B"])
    #expect(answers.map(\.values) == [["2"], ["4"], ["1", "3"]])
}

/// Bodies with a name that begins like an attribute and is none.
private let misnamed: [String] = [
    "attribute[=x", "attribute[", "attribute[]=x", "attribute[][][]x=1", "attribute[X=1",
    "attribute[X]y=1",
    "attribute[X][]y=1", "attribute[X][][]=1", "attribute[X][a]=1", "attribute[X][-1]=1",
    "attribute=1",
    "attribute[[X]]=1", "attribute[%0A]=1", "attribute[X][=1",
    "attribute[" + String(repeating: "x", count: 65) + "]=1",
    (0..<200).map { "attribute[A\($0)]=1" }.joined(separator: "&"),
]

@Test(arguments: misnamed)
func `a name that is no attribute is refused`(body: String) throws {
    let parameters = try form(body)
    do {
        _ = try parameters.attributes()
        Issue.record("was read")
    } catch {
        #expect(error.status == 400)
        #expect(error.problems.allSatisfy { $0.hasPrefix("attribute") })
    }
}

@Test func `every string can be sent in a form`() throws {
    var source = Seeded(8)
    for _ in 0..<1_000 {
        let text = source.text().replacing("\0", with: "")
        let encoded = text.utf8.map { byte in
            source.number(0...1) == 0 && (0x30...0x39).contains(byte)
                ? String(UnicodeScalar(byte)) : byte == 0x20 ? "+" : "%" + hex(byte)
        }.joined()
        #expect(try form("a=\(encoded)").all.map { Array($0.value.utf8) } == [Array(text.utf8)])
    }
}

@Test func `no garbage in a form does harm`() {
    var source = Seeded(9)
    for _ in 0..<3_000 {
        let bytes = (0..<source.number(0...60)).map { _ in
            source.number(0...2) == 0
                ? UInt8(source.number(0...255))
                : Array("attribute[]%&=+0aF".utf8)[source.number(0...17)]
        }
        if let parameters = try? Parameters(query: nil, body: .form(bytes)) {
            _ = try? parameters.attributes()
        }
    }
}

private func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
