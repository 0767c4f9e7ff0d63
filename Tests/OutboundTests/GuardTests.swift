import LoopbackKit
import Testing

@testable import Outbound

/// Block H of the bad inputs (M1): nobody is asked, no packet is sent.
@Suite struct GuardTests {
    /// What stands for the port of a listener that must hear nothing.
    private static let addresses: [(String, Refusal)] = [
        // 139
        ("http://127.0.0.1:PORT/", .network), ("http://127.1:PORT/", .host),
        ("http://0:PORT/", .host), ("http://2130706433:PORT/", .host),
        ("http://0x7f.1:PORT/", .host), ("http://0177.0.0.1:PORT/", .host),
        ("http://0x7f000001:PORT/", .host), ("http://127.0.0.1.:PORT/", .host),
        ("http://127.0.0.01:PORT/", .host), ("http://good.0x7f:PORT/", .host),
        ("http://0.0.0.0:PORT/", .network), ("http://127.0.0.2:PORT/", .network),
        ("http://%31%32%37.0.0.1:PORT/", .host), ("http://１２７.0.0.1:PORT/", .host),
        // 140
        ("http://[::1]:PORT/", .network), ("http://[::]:PORT/", .network),
        ("http://[::ffff:127.0.0.1]:PORT/", .network), ("http://[64:ff9b::7f00:1]:PORT/", .network),
        ("http://[2002:7f00:1::]:PORT/", .network), ("http://[fe80::1%lo]:PORT/", .host),
        ("http://[fe80::1%25lo]:PORT/", .host), ("http://[fd00::1]:PORT/", .network),
        ("http://[::127.0.0.1]:PORT/", .network), ("http://[127.0.0.1]:PORT/", .host),
        ("http://[::1:PORT/", .host), ("http://::1:PORT/", .port), ("http://[::1]x:PORT/", .port),
        // 141
        ("http://169.254.169.254/", .network), ("http://100.64.0.1/", .network),
        ("http://10.0.0.1/", .network), ("http://192.168.1.1/", .network),
        ("http://172.16.0.1/", .network), ("http://198.18.0.1/", .network),
        ("http://224.0.0.1/", .network), ("http://255.255.255.255/", .network),
        // 142
        ("http://localhost:PORT/", .host), ("http://LOCALHOST.:PORT/", .host),
        ("http://ⓛocalhost:PORT/", .host), ("http://a.localhost:PORT/", .host),
        ("http://printer.local/", .host), ("http://metadata.google.internal/", .host),
        ("http://intranet/", .host), ("http://gateway.example/", .own),
        ("http://GATEWAY.example./", .own), ("http://1.1.1.1/", .own), ("http://../", .host),
        ("http://a..example/", .host), ("http://-a.example/", .host), ("http://a-.example/", .host),
        // 143
        ("http://user:pw@good.example/", .userinfo), ("http://user@good.example/", .userinfo),
        ("http://@good.example/", .userinfo), ("http://127.0.0.1\\@good.example/", .malformed),
        ("http://good.example#@127.0.0.1/", .malformed), ("http://good.example\\/", .malformed),
        ("http://good.example /", .malformed), ("http://good.example/a b", .malformed),
        ("http://good.example/\u{7f}", .malformed), ("http://good.example/\u{0}", .malformed),
        // 144
        ("file:///etc/passwd", .scheme), ("ftp://good.example/", .scheme),
        ("gopher://good.example/", .scheme), ("data:text/plain,x", .scheme),
        ("javascript:alert(1)", .scheme), ("//good.example/x", .scheme),
        ("good.example/x", .scheme),
        ("", .scheme), ("http:/good.example/", .malformed), ("http:good.example", .malformed),
        ("http:///x", .host), ("unix:/var/run/x.sock", .scheme), ("http+unix://%2Frun/", .scheme),
        // 145
        ("http://good.example:22/", .port), ("http://good.example:25/", .port),
        ("http://good.example:5432/", .port), ("http://good.example:6379/", .port),
        ("http://good.example:0/", .port), ("http://good.example:65536/", .port),
        ("http://good.example:/", .port), ("http://good.example:080/", .port),
        ("http://good.example:+80/", .port), ("http://good.example:80:80/", .port),
        // 149
        ("http://good.example/" + String(repeating: "a", count: 3000), .tooLong),
        ("http://good.example/%0d%0aHost:x", .malformed), ("http://good.example/\r\n", .malformed),
        ("http://good.example/%00", .malformed), ("http://good.example/%zz", .malformed),
        ("http://good.example/%4", .malformed), ("http://good.example/%+1", .malformed),
    ]

    @Test func `what block H lists is refused before anything is asked or sent`() async throws {
        #expect(Self.addresses.count >= 60)
        try await Server.with(hosts: ["127.0.0.1", "::1"], { _ in .answer() }) { server in
            let names = Names(["good.example": [["8.8.8.8"]]])
            try await withClient(for: server, allow: [], names: names) { client in
                for (text, refusal) in Self.addresses {
                    let address = text.replacing("PORT", with: "\(server.port)")
                    #expect(
                        await client.failure(getting: address) == .refused(refusal), "\(address)")
                    #expect(
                        await client.failure(posting: address) == .refused(refusal), "\(address)")
                }
            }
            #expect(names.count == 0)
            #expect(server.connections == 0)
        }
    }

    @Test(arguments: [
        [["8.8.8.8", "127.0.0.1"]], [["127.0.0.1", "8.8.8.8"]], [["::1"]], [["::ffff:127.0.0.1"]],
        [["10.0.0.1"]], [["2a00::1", "169.254.169.254"]],
    ])
    func `one machine that may not be called refuses the whole name`(
        answers: [[String]]
    ) async throws {
        try await Server.with(hosts: ["127.0.0.1", "::1"], { _ in .answer() }) { server in
            let names = Names(["good.example": answers])
            try await withClient(for: server, allow: [], names: names) { client in
                #expect(
                    await client.failure(getting: "http://good.example:\(server.port)/")
                        == .refused(.network))
            }
            #expect(server.connections == 0)
        }
    }

    @Test func `a name that means us is refused`() async throws {
        try await Server.with({ _ in .answer() }) { server in
            try await withClient(
                for: server, names: Names(["mirror.example": [["1.1.1.1"]]])
            ) { client in
                #expect(
                    await client.failure(getting: "http://mirror.example/") == .refused(.own))
            }
        }
    }

    @Test func `a name is asked for once, and what it means later changes nothing`() async throws {
        try await Server.with(hosts: ["127.0.0.1", "127.0.0.2"], { _ in .answer() }) { server in
            // The second answer is a machine that may not be called.
            let names = Names(["good.example": [["127.0.0.1"], ["127.0.0.2"]]])
            try await withClient(for: server, allow: ["127.0.0.1"], names: names) { client in
                let address = "http://good.example:\(server.port)/"
                let found = try await client.get(address)
                #expect(found.body == Array("hello".utf8))
                #expect(names.count == 1)
                #expect(server.connections == 1)
                // A connection to the first machine is still open; the name is judged anew.
                #expect(
                    await client.failure(getting: address)
                        == .refused(.network))
                #expect(names.count == 2)
                #expect(server.connections == 1)
            }
        }
    }

    @Test func `a closed network allows its own networks and hosts, and no others`() async throws {
        let settings = OutboundGuard.Settings(
            allow: ["10.1.0.0/16", "tickets.city.internal", "media"].compactMap { .init($0) })
        let guardian = OutboundGuard(settings)
        for text in ["http://10.1.2.3/", "http://tickets.city.internal/", "https://media/a.jpg"] {
            #expect(throws: Never.self) { try guardian.check(text) }
        }
        #expect(throws: Refusal.network) { try guardian.check("http://10.2.0.1/") }
        #expect(throws: Refusal.host) { try guardian.check("http://wiki.city.internal/") }
        let tickets = try guardian.check("http://tickets.city.internal/")
        #expect(throws: Never.self) { try guardian.judge([.v4(0x0A09_0001)], of: tickets) }
        let other = try guardian.check("http://good.example/")
        #expect(throws: Refusal.network) { try guardian.judge([.v4(0x0A09_0001)], of: other) }
        #expect(throws: Never.self) { try guardian.judge([.v4(0x0A01_0001)], of: other) }
    }

    @Test func `an operator may go wherever his machine may`() throws {
        let guardian = OutboundGuard(.operator)
        for text in ["http://localhost:8311/", "http://127.0.0.1:9/%zz", "http://[::1]:1/"] {
            #expect(throws: Never.self) { try guardian.check(text) }
        }
        #expect(throws: Refusal.userinfo) { try guardian.check("http://a:b@localhost/") }
        #expect(throws: Refusal.scheme) { try guardian.check("file:///etc/passwd") }
    }
}
