import Testing

@testable import GeoReport

private func json(_ text: String, query: String? = nil) throws(Fault) -> Parameters {
    try Parameters(query: query, body: .json(Array(text.utf8)))
}

@Test func `a JSON object has the same names as a form`() throws {
    let parameters = try json(
        #"""
        {"api_key": "k", "service_code": "POTHOLE", "lat": 42.6977, "long": -23, "description": "Дупка\n2",
         "email": null, "media_url": ["https://a/1.jpg", "https://a/2.jpg"], "unknown": 7, "flag": true,
         "attribute": {"DEPTH": "GT5", "WIDTH": 1.50, "HAZARDS": ["CARS", "BIKES"], "X": null, "Y": [],
                       "fixmystreet_id": 123, "OK": true}}
        """#)
    #expect(try parameters.value("api_key") == "k")
    #expect(try parameters.value("lat") == "42.6977")
    #expect(try parameters.value("long", "lon") == "-23")
    #expect(try parameters.value("description") == "Дупка\n2")
    #expect(try parameters.value("email") == nil)
    #expect(parameters.values("media_url") == ["https://a/1.jpg", "https://a/2.jpg"])
    #expect(try parameters.value("unknown") == "7")
    #expect(try parameters.value("flag") == "true")
    #expect(
        try parameters.attributes().map { "\($0.code)=\($0.values)" } == [
            #"DEPTH=["GT5"]"#, #"WIDTH=["1.50"]"#, #"HAZARDS=["CARS", "BIKES"]"#,
            #"fixmystreet_id=["123"]"#, #"OK=["true"]"#,
        ])
}

@Test func `an answer may be named as in a form`() throws {
    let parameters = try json(
        #"{"attribute[A]":"1","attribute[B][]":["2","3"],"attribute":{"C":"4"}}"#)
    #expect(try parameters.attributes().map(\.values) == [["1"], ["2", "3"], ["4"]])
}

@Test func `members that mean nothing are ignored`() throws {
    let parameters = try json(
        #"{"__proto__":{"a":1},"constructor":{"prototype":[]},"x":[1,[2]],"":"y","status":"closed"}"#
    )
    #expect(parameters.all.map(\.name) == ["status"])
}

@Test(arguments: [
    (#"{"description":5}"#, "description must be text in JSON"),
    (#"{"service_code":1}"#, "service_code must be text in JSON"),
    (#"{"service_code":true}"#, "service_code must be text in JSON"),
    (#"{"address_id":{}}"#, "address_id must be text in JSON"),
    (#"{"phone":[]}"#, "phone must be text in JSON"),
    (#"{"lat":"42.6977"}"#, "lat must be a number in JSON"),
    (#"{"lng":"42.6977"}"#, "lng must be a number in JSON"),
    (#"{"long":true}"#, "long must be a number in JSON"),
    (#"{"lat":[1]}"#, "lat must be a number in JSON"),
    (#"{"media_url":5}"#, "media_url must be text in JSON"),
    (#"{"media_url":["a",5]}"#, "media_url must be text in JSON"),
    (#"{"attribute":"x"}"#, "attribute must be an object in JSON"),
    (#"{"attribute":["x"]}"#, "attribute must be an object in JSON"),
    (#"{"attribute":{"A":{"B":1}}}"#, "attribute[A] must be text or a list of texts in JSON"),
    (#"{"attribute":{"A":[["B"]]}}"#, "attribute[A] must be text or a list of texts in JSON"),
    (#"{"attribute":{"A]":"1"}}"#, "attribute has a code that is none"),
    (#"{"attribute":{"":"1"}}"#, "attribute has a code that is none"),
    ("[]", "body must be a JSON object"), ("\"x\"", "body must be a JSON object"),
    ("null", "body must be a JSON object"), ("5", "body must be a JSON object"),
    (#"{"a":"1","a":"2"}"#, "body is not JSON that can be read: a key stands twice in one object"),
    (#"{"a":"\u0000"}"#, "body is not JSON that can be read: a text holds a NUL character"),
    ("{a:1}", "body is not JSON that can be read: syntax error at byte 1"),
    (
        #"{"a":1e400}"#,
        "body is not JSON that can be read: a number is too long or too large at byte 10"
    ),
])
func `a JSON body of another shape is refused by name`(body: String, expected: String) {
    #expect(throws: Fault(.malformed, expected)) { try json(body) }
}

@Test func `the number of parameters is bounded in JSON too`() {
    let members = (0..<257).map { "\"p\($0)\":\"\"" }.joined(separator: ",")
    #expect(throws: Fault(.malformed, "parameters: there are more than 256")) {
        try json("{\(members)}")
    }
    let name = String(repeating: "x", count: 129)
    #expect(throws: Fault(.malformed, "parameter name is longer than 128 bytes")) {
        try json("{\"\(name)\":\"\"}")
    }
}
