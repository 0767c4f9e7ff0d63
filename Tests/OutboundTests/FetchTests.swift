import Foundation
import LoopbackKit
import Synchronization
import Testing

@testable import Outbound

/// Fetching a document within its limits (M2, block H 147 to 150).
@Suite struct FetchTests {
    private func failure(
        _ path: String = "/", limits: FetchLimits = .picture, allow: [String] = ["127.0.0.0/8"],
        _ reply: @escaping @Sendable (String) -> Reply
    ) async throws -> OutboundError? {
        try await Server.with(reply) { server in
            try await withClient(for: server, allow: allow) { client in
                await client.failure(
                    getting: "http://127.0.0.1:\(server.port)\(path)", limits: limits)
            }
        }
    }

    @Test func `a document is fetched as it is`() async throws {
        try await Server.with({ _ in .answer(200, "Content-Type: image/jpeg", body: "abc") }) {
            server in
            let names = Names(["good.example": [["127.0.0.1"]]])
            try await withClient(for: server, names: names) { client in
                let found = try await client.get(
                    "http://good.example:\(server.port)/a?b=%20#c", limits: .patient)
                #expect(found.body == Array("abc".utf8))
                #expect(found.contentType == "image/jpeg")
            }
            let request = try #require(server.requests.first).lowercased()
            #expect(request.hasPrefix("get /a?b=%20 http/1.1\r\n"))
            #expect(request.contains("\r\nhost: good.example:\(server.port)\r\n"))
            #expect(request.contains("\r\naccept-encoding: identity\r\n"))
            #expect(request.contains("\r\nuser-agent: viaduct\r\n"))
        }
    }

    @Test func `three redirects are followed, and each is judged`() async throws {
        let found = try await Server.with({ request in
            switch request.split(separator: " ")[1] {
            case "/1": .redirect("2")
            case "/2": .redirect("//127.0.0.1:\(request.port)/3", status: 301)
            case "/3": .redirect("http://127.0.0.2:\(request.port)/4", status: 308)
            default: .answer()
            }
        }) { server in
            try await withClient(for: server, allow: ["127.0.0.1"]) { client in
                let address = "http://127.0.0.1:\(server.port)/1"
                let refused = await client.failure(getting: address)
                #expect(refused == .refused(.network))
            }
            #expect(server.requests.count == 3)
            return server.requests.count
        }
        #expect(found == 3)
    }

    @Test func `three redirects lead to the document`() async throws {
        let address = try await Server.with({ request in
            let step = request.split(separator: " ")[1].dropFirst().count
            return step < 4 ? .redirect("/" + String(repeating: "a", count: step + 1)) : .answer()
        }) { server in
            try await withClient(for: server) { client in
                try await client.get("http://127.0.0.1:\(server.port)/a").address
            }
        }
        #expect(address.hasSuffix("/aaaa"))
    }

    @Test func `a fourth redirect is refused`() async throws {
        let turns = Mutex(0)
        let failed = try await failure { _ in
            .redirect("/\(turns.withLock { $0 += 1; return $0 })")
        }
        #expect(failed == .refused(.redirects))
        #expect(turns.withLock { $0 } == 4)
    }

    @Test func `a redirect to where we were is refused`() async throws {
        #expect(try await failure("/a") { _ in .redirect("/a") } == .refused(.loop))
    }

    @Test(arguments: [
        ("http://127.1/", Refusal.host), ("http://[::1]/", .network),
        ("http://10.0.0.1/", .network),
        ("http://169.254.169.254/latest/", .network), ("http://localhost/", .host),
        ("http://gateway.example/", .own), ("http://a:b@good.example/", .userinfo),
        ("file:///etc/passwd", .scheme), ("gopher://127.0.0.1/", .scheme),
        ("http://127.0.0.1:22/", .port), ("http://127.0.0.1:6379/", .port),
        ("http://127.0.0.1\\@good.example/", .malformed), ("/%0d%0aX:y", .malformed),
    ])
    func `a redirect to where nobody may go is refused there`(
        location: String, refusal: Refusal
    ) async throws {
        #expect(
            try await failure(allow: ["127.0.0.1"]) { _ in .redirect(location) }
                == .refused(refusal))
    }

    @Test func `a redirect from https to http is refused`() async throws {
        try await Certificate.withFile { file in
            try await Server.with(
                tls: Certificate.context(),
                { request in
                    .redirect("http://good.example:\(request.port)/")
                }
            ) { server in
                let names = Names(["good.example": [["127.0.0.1"]]])
                try await withClient(for: server, names: names, certificates: file) { client in
                    let failed = await client.failure(
                        getting: "https://good.example:\(server.port)/")
                    #expect(failed == .refused(.downgrade))
                }
            }
        }
    }

    @Test func `a server must prove its name though we chose its machine`() async throws {
        try await Certificate.withFile { file in
            try await Server.with(tls: Certificate.context(), { _ in .answer() }) { server in
                let names = Names(
                    ["good.example": [["127.0.0.1"]], "evil.example": [["127.0.0.1"]]])
                try await withClient(for: server, names: names, certificates: file) { client in
                    let found = try await client.get(
                        "https://good.example:\(server.port)/", limits: .patient)
                    #expect(found.body == Array("hello".utf8))
                    let failed = await client.failure(
                        getting: "https://evil.example:\(server.port)/")
                    #expect(failed == .unreachable(.certificate))
                }
                try await withClient(for: server, names: names) { client in
                    let failed = await client.failure(
                        getting: "https://good.example:\(server.port)/")
                    #expect(failed == .unreachable(.certificate))
                }
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `a body that has no end is cut`() async throws {
        let failed = try await failure { _ in
            .endless(after: "HTTP/1.1 200 OK\r\n\r\n")
        }
        #expect(failed == .tooLarge)
    }

    @Test func `a body that says that it is too long is not read`() async throws {
        let failed = try await failure { _ in
            .stuck(after: "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        }
        #expect(failed == .tooLarge)
    }

    @Test(arguments: [(4, false), (5, true), (6, true)])
    func `a body may be as long as the limit`(most: Int, fits: Bool) async throws {
        var limits = FetchLimits()
        limits.bytes = most
        #expect(try await failure(limits: limits) { _ in .answer() } == (fits ? nil : .tooLarge))
    }

    @Test(arguments: ["gzip", "deflate", "br", "identity, gzip"])
    func `a compressed body is not unpacked`(coding: String) async throws {
        #expect(
            try await failure { _ in .answer(200, "Content-Encoding: \(coding)") } == .encoded)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
    func `a server that falls silent is left`(words: String) async throws {
        let limits = FetchLimits(
            connect: .milliseconds(200), firstByte: .milliseconds(200), whole: .milliseconds(600))
        #expect(try await failure(limits: limits) { _ in .stuck(after: words) } == .timedOut)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
    func `an answer that breaks off is none`(words: String) async throws {
        #expect(try await failure { _ in .end(after: words) } == .ambiguous)
    }

    @Test(arguments: [404, 410, 429, 500, 503, 304])
    func `another status is told with its wait`(status: Int) async throws {
        let body = status == 304 ? "" : "no"
        #expect(
            try await failure { _ in .answer(status, "Retry-After: 7", body: body) }
                == .status(status, retryAfter: .after(.seconds(7))))
    }

    @Test func `a name that nobody knows, or knows in time, is out of reach`() async throws {
        try await Server.with({ _ in .answer() }) { server in
            try await withClient(for: server) { client in
                let failed = await client.failure(getting: "http://nobody.example/")
                #expect(failed == .unreachable(.name))
            }
        }
        let slow = OutboundClient(resolve: { _ in
            try? await Task.sleep(for: .seconds(3600))
            return nil
        })
        let failed = await slow.failure(
            getting: "http://slow.example/", limits: FetchLimits(connect: .milliseconds(50)))
        #expect(failed == .unreachable(.name))
        await slow.shutdown()
    }

    @Test func `the system's names are known`() async throws {
        try await Server.with(hosts: ["127.0.0.1"], { _ in .answer() }) { server in
            try await OutboundClient.with(.init(.operator)) { client in
                let found = try await client.get(
                    "http://localhost:\(server.port)/", limits: .patient)
                #expect(found.body == Array("hello".utf8))
            }
        }
    }

    @Test func `the other family is tried when the first machine takes no connection`() async throws
    {
        try await Server.with(hosts: ["127.0.0.1"], { _ in .answer() }) { server in
            let names = Names(["good.example": [["::1", "127.0.0.1"]]])
            try await withClient(for: server, allow: ["127.0.0.1", "::1"], names: names) { client in
                let found = try await client.get(
                    "http://good.example:\(server.port)/", limits: .patient)
                #expect(found.body == Array("hello".utf8))
            }
            #expect(names.count == 1)
        }
    }
}

extension String {
    /// The port in the `Host` of a request.
    fileprivate var port: String {
        let host = split(separator: "\r\n").first { $0.lowercased().hasPrefix("host:") } ?? ""
        return String(host.split(separator: ":").last ?? "")
    }
}

extension FetchLimits {
    /// All suites share two cores, and a wait there is no slow server.
    fileprivate static let patient = FetchLimits(
        connect: .seconds(60), firstByte: .seconds(60), whole: .seconds(120))
}
