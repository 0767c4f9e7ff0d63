import Addresses
import Testing

@testable import Gateway

@Suite struct TrustedProxiesTests {
    /// One proxy, a network of them, and one that speaks IPv6.
    private static let proxies = TrustedProxies(
        ["192.0.2.1", "10.0.0.0/8", "2001:db8:1::/48"].compactMap(IPNetwork.init))

    private static func client(
        _ peer: String, _ forwardedFor: String? = nil, forwarded: String? = nil,
        proxies: TrustedProxies = proxies
    ) -> String {
        var fields = Fields()
        fields.forwardedFor = forwardedFor
        fields.forwarded = forwarded
        return proxies.client(of: peer, fields)
    }

    @Test(arguments: ["203.0.113.7", "2001:db8:2::1", "::1", "192.0.2.2", "", "/run/socket"])
    func `who is no proxy is believed nothing`(peer: String) {
        #expect(Self.client(peer, "198.51.100.1") == peer)
        #expect(Self.client(peer, forwarded: "for=198.51.100.1") == peer)
    }

    @Test func `without proxies nobody is believed`() {
        #expect(Self.client("10.0.0.1", "198.51.100.1", proxies: TrustedProxies()) == "10.0.0.1")
    }

    static let hops: [(String?, String)] = [
        (nil, "192.0.2.1"), ("198.51.100.1", "198.51.100.1"),
        // Whoever asks can write what it likes left of the proxy's own word.
        ("10.0.0.9, 127.0.0.1, 8.8.8.8, 198.51.100.1", "198.51.100.1"),
        ("8.8.8.8, 198.51.100.1, 10.0.0.2, 10.0.0.3", "198.51.100.1"),
        // A client that is in a trusted network itself.
        ("10.0.0.2, 10.0.0.3", "10.0.0.2"),
        // A hop that is no address: whoever wrote it is as far as we can see.
        ("198.51.100.1, unknown", "192.0.2.1"), ("8.8.8.8, _hidden, 10.0.0.3", "10.0.0.3"),
        ("198.51.100.1,", "192.0.2.1"), ("", "192.0.2.1"), ("0x7f.1", "192.0.2.1"),
        ("198.51.100.1:4711", "198.51.100.1"), ("[2001:DB8:2::1]:443", "2001:db8:2::1"),
        ("2001:db8:2::1", "2001:db8:2::1"), ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:2::1, 2001:db8:1::5", "2001:db8:2::1"), ("[198.51.100.1]", "192.0.2.1"),
        ("198.51.100.1:80:80", "192.0.2.1"), ("[2001:db8:2::1", "192.0.2.1"),
        ("198.51.100.1\u{7F}", "192.0.2.1"),
    ]

    @Test(arguments: hops)
    func `the right-most hop that is no proxy is the client`(field: String?, client: String) {
        #expect(Self.client("192.0.2.1", field) == client)
        #expect(Self.client("::ffff:192.0.2.1", field) == client || client == "192.0.2.1")
    }

    static let forwarded: [(String, String)] = [
        ("for=198.51.100.1", "198.51.100.1"), ("For=198.51.100.1;proto=https", "198.51.100.1"),
        ("for=8.8.8.8, proto=http;for=\"198.51.100.1:4711\";by=10.0.0.1", "198.51.100.1"),
        ("for=\"[2001:db8:2::1]:4711\", for=10.0.0.3", "2001:db8:2::1"),
        ("for=8.8.8.8;host=\"a,b;for=1.1.1.1\"", "8.8.8.8"),
        ("for=unknown", "192.0.2.1"), ("for=_gazonk", "192.0.2.1"), ("proto=https", "192.0.2.1"),
        ("for=8.8.8.8;for=9.9.9.9", "192.0.2.1"), ("for=\"198.51.100.1", "192.0.2.1"),
        ("for=8.8.8.8, \"", "192.0.2.1"), ("for=", "192.0.2.1"), ("for=\"", "192.0.2.1"),
    ]

    @Test(arguments: forwarded)
    func `the field of RFC 7239 says the same`(field: String, client: String) {
        #expect(Self.client("192.0.2.1", forwarded: field) == client)
    }

    @Test func `two fields that differ are believed neither`() {
        // A proxy that writes one of them passes the other on as the client made it up.
        #expect(
            Self.client("192.0.2.1", "198.51.100.1", forwarded: "for=8.8.8.8") == "192.0.2.1")
        #expect(
            Self.client("192.0.2.1", "198.51.100.1", forwarded: "for=198.51.100.1")
                == "198.51.100.1")
    }

    @Test func `a field given twice is one list`() throws {
        let fields = try EdgeTests.judge(
            .GET, "/", [("X-Forwarded-For", "8.8.8.8"), ("x-forwarded-for", "198.51.100.1")]
        ).fields
        #expect(Self.proxies.client(of: "10.1.2.3", fields) == "198.51.100.1")
    }
}
