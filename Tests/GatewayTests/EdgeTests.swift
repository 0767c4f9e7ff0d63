import GeoReport
import NIOHTTP1
import Testing

@testable import Gateway

@Suite struct EdgeTests {
    static func judge(
        _ method: HTTPMethod = .GET, _ uri: String = "/open311/v2/services.xml",
        _ fields: [(String, String)] = [], host: String? = "gateway.example",
        version: HTTPVersion = .http1_1
    ) throws(Fault) -> Edge.Admission {
        var headers = HTTPHeaders(fields)
        if let host { headers.add(name: "Host", value: host) }
        return try Edge.judge(
            HTTPRequestHead(version: version, method: method, uri: uri, headers: headers))
    }

    static func status(
        _ method: HTTPMethod = .GET, _ uri: String = "/open311/v2/services.xml",
        _ fields: [(String, String)] = [], host: String? = "gateway.example"
    ) -> Int? {
        do {
            _ = try judge(method, uri, fields, host: host)
            return nil
        } catch {
            return error.status
        }
    }

    @Test(arguments: [
        "gateway.example", "127.0.0.1:8311", "[::1]:8311", "localhost", "a_b.example", "h:",
    ])
    func `a host is a name or an address with a port`(host: String) {
        #expect(Self.status(host: host) == nil)
    }

    @Test(arguments: [
        "a b", "a/b", "me@a", "a:b", "a:1:2", "", "[::1", "[]", "a:123456", "\u{E9}.example",
        String(repeating: "a", count: 300),
    ])
    func `another host is refused`(host: String) {
        #expect(Self.status(host: host) == 400)
    }

    @Test func `exactly one host is given, but HTTP 1 0 knows none`() throws {
        #expect(Self.status(host: nil) == 400)
        #expect(Self.status(.GET, "/", [("host", "a")]) == 400)
        _ = try Self.judge(host: nil, version: .http1_0)
    }

    @Test(arguments: [HTTPVersion(major: 0, minor: 9), HTTPVersion(major: 2, minor: 0)])
    func `another version of HTTP is refused`(version: HTTPVersion) {
        #expect(throws: Fault.self) { try Self.judge(version: version) }
    }

    static let targets: [(String, Int?)] = [
        ("/a%20b?q=%D0%B4", nil), ("/a%00", 400), ("/a%zz", 400), ("/a%f", 400), ("/a%", 400),
        ("/a%ff", 400), ("/a?b=%zz", 400), ("/a?b=%ff", 400), ("/a?b=%00", 400), ("/\u{E9}", 400),
        ("/a#b", 400), ("a", 400), ("*", 400), ("http://gateway.example/a?b", nil),
        ("http://GATEWAY.example", nil), ("http://other.example/a", 400), ("ftp://x/a", 400),
        ("/" + String(repeating: "a", count: 8191), nil),
        ("/" + String(repeating: "a", count: 8192), 414),
    ]

    @Test(arguments: targets)
    func `a target is sound or refused`(target: String, status: Int?) {
        #expect(Self.status(.GET, target) == status)
    }

    @Test func `the absolute form loses its host`() throws {
        let admission = try Self.judge(.GET, "http://gateway.example/a/b?c=d")
        #expect(admission.path == "/a/b")
        #expect(admission.query == "c=d")
    }

    static let methods: [(HTTPMethod, Int?)] = [
        (.GET, nil), (.HEAD, nil), (.POST, nil), (.OPTIONS, nil), (.DELETE, nil), (.TRACE, 405),
        (.CONNECT, 405), (.PROPFIND, 501), (.RAW(value: "FOO"), 501),
    ]

    @Test(arguments: methods)
    func `methods nobody has are refused`(method: HTTPMethod, status: Int?) {
        #expect(Self.status(method) == status)
    }

    static let fields: [([(String, String)], Int?)] = [
        ([("Content-Length", "262144")], nil), ([("Content-Length", "262145")], 413),
        ([("Content-Length", "1073741824")], 413), ([("Content-Length", "+4")], 400),
        ([("Content-Length", "99999999999999999999")], 400),
        ([("Content-Length", "4"), ("Content-Length", "4")], 400),
        (
            [("Content-Type", "multipart/form-data; boundary=x"), ("Content-Length", "1000000")],
            nil
        ),
        ([("Transfer-Encoding", "chunked")], nil), ([("Transfer-Encoding", "Chunked")], nil),
        ([("Transfer-Encoding", "gzip")], 501), ([("Transfer-Encoding", "chunked, identity")], 501),
        ([("Transfer-Encoding", "chunked"), ("Content-Length", "4")], 400),
        ([("Trailer", "X"), ("Transfer-Encoding", "chunked")], 400),
        ([("Content_Length", "x"), ("HOST_", "b")], nil),
        ([("Expect", "200-ok")], 417), ([("Expect", "100-Continue")], nil),
        ([("Expect", "100-continue"), ("Content-Length", "300000")], 413),
        ([("X-A", String(repeating: "a", count: 8190))], 431),
        ((0..<3).map { ("X-\($0)", String(repeating: "a", count: 6000)) }, 431),
        ((0..<99).map { ("X-\($0)", "a") }, nil), ((0..<100).map { ("X-\($0)", "a") }, 431),
    ]

    @Test(arguments: fields)
    func `header fields are bounded and unambiguous`(fields: [(String, String)], status: Int?) {
        #expect(Self.status(.POST, "/a", fields) == status)
    }

    @Test func `an upgrade is ignored and ends the connection`() throws {
        let admission = try Self.judge(.GET, "/", [("Upgrade", "h2c"), ("Connection", "Upgrade")])
        #expect(admission.connection == .closes)
        #expect(try Self.judge().connection == .stays)
    }

    @Test func `names of fields know no case, and an underscore is no hyphen`() throws {
        let fields = try Self.judge(
            .GET, "/", [("x-API-KEY", "a"), ("X_API_Key", "b"), ("ACCEPT", "x"), ("accept", "y")]
        ).fields
        #expect(fields.apiKey == "a")
        #expect(fields.accept == "x, y")
    }

    @Test func `what is not ASCII means nothing in a field`() throws {
        let fields = try Self.judge(
            .GET, "/", [("Accept-Language", "bg, \u{434}\u{301}"), ("X-Request-Id", "a")]
        ).fields
        #expect(fields.acceptLanguage == "bg, \u{7F}\u{7F}")
        #expect(fields.requestID == "a")
    }

    @Test func `a longer body may take longer, up to a minute`() throws {
        func time(_ length: Int, _ type: String = "text/plain") throws -> Duration {
            try Self.judge(
                .POST, "/", [("Content-Length", "\(length)"), ("Content-Type", type)]
            ).bodyTime
        }
        #expect(try time(10) == .seconds(20))
        #expect(try time(10 << 10) == .seconds(30))
        #expect(try time(250 << 10) == .seconds(60))
        #expect(try time(20 << 20, "multipart/form-data") == .seconds(180))
    }

    static let accepts: [(String?, Format?)] = [
        (nil, .xml), ("", .xml), ("application/json", .json), ("text/xml", .xml),
        ("application/xml;q=0.5, application/json", .json), ("*/*", .xml), ("image/png", nil),
        ("text/html, image/gif, image/jpeg, */*; q=0.2", .xml),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .xml),
        ("*/*, application/json", .json), ("application/json;q=0", nil), ("application/*", .xml),
        ("APPLICATION/JSON; charset=utf-8", .json), (";;,,q=", nil),
    ]

    @Test(arguments: accepts)
    func `Accept chooses a format`(header: String?, format: Format?) {
        #expect(Accept.choose(header, from: [.xml, .json]) == format)
    }
}
