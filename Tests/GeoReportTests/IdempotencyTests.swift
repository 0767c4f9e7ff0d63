import GeoReport
import Reports
import Testing

@Suite struct `What names a POST` {
    private static let complete = `A POST of a report`.complete

    private func source(_ body: String, key: String? = nil) throws -> Idempotency.Source {
        try `A POST of a report`.create(Self.complete + body, key: key).idempotency.source
    }

    @Test func `a client's key comes before a sender's number, and that before the content`() throws
    {
        let both = "&client_request_id=c1&attribute[fixmystreet_id]=4711"
        #expect(try source(both, key: "\"k1\"") == .key("k1"))
        #expect(try source(both) == .key("c1"))
        #expect(try source("&attribute[fixmystreet_id]=4711") == .foreignID("4711"))
        #expect(try source("") == .content(address: "192.0.2.1", window: .seconds(120)))
    }

    @Test(arguments: [
        ("\"8e03978e-40d5\"", "8e03978e-40d5"), ("8e03978e-40d5", "8e03978e-40d5"),
        (" \"a \\\"b\\\\\" ", "a \"b\\"), ("abc ", "abc"),
    ])
    func `a key may be quoted or bare`(header: String, key: String) throws {
        #expect(try source("", key: header) == .key(key))
    }

    @Test(arguments: [
        "", "\"\"", " ", "\"open", "\"a\"b", "a\"b", "a,b", "\"a\u{1}\"", "a\u{7F}", "\"\\x\"",
        "\"" + String(repeating: "a", count: 256) + "\"", "ключ",
    ])
    func `anything else is no key`(header: String) throws {
        let fault = try #require(
            `A POST of a report`.fault(Self.complete, key: header), "\(header)")
        #expect(
            fault.problems == [
                "Idempotency-Key is not 1 to 255 printable characters in quotes"
            ])
    }

    @Test func `the content is everything but the key, in any order`() throws {
        let one = try `A POST of a report`.create("api_key=a&title=T&" + Self.complete)
        let other = try `A POST of a report`.create(
            Self.complete + "&jurisdiction_id=sofia&title=+T+&api_key=b&email=")
        #expect(one.idempotency.fingerprint == other.idempotency.fingerprint)
        for change in ["&title=U", "&device_id=d", "&attribute[x]=1", "&anything=1"] {
            let third = try `A POST of a report`.create(Self.complete + change)
            #expect(third.idempotency.fingerprint != one.idempotency.fingerprint)
        }
    }

    @Test func `no content can pretend to be other parameters`() throws {
        let one = try `A POST of a report`.create(Self.complete + "&a=1&b=2")
        let other = try `A POST of a report`.create(Self.complete + "&a=1%261%3Ab1%3A2")
        #expect(one.idempotency.fingerprint != other.idempotency.fingerprint)
    }

    @Test func `the endpoint is part of the content`() throws {
        let parameters = try Parameters(query: Self.complete)
        let prints = try [Stage.production, .test].map { stage in
            try Calls.create(
                parameters, in: Sample.sofia(), stage: stage, clientAddress: "", digest: { $0 }
            ).idempotency.fingerprint
        }
        #expect(prints[0] != prints[1])
    }
}
