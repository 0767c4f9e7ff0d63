import LoopbackKit
import Testing

@testable import Outbound

/// Requests that may do something: what went out is told apart from what did not.
@Suite struct SendTests {
    private static let brief = FetchLimits(
        connect: .milliseconds(200), firstByte: .milliseconds(200), whole: .milliseconds(600))

    private func post(
        limits: FetchLimits = .notification, _ reply: @escaping @Sendable (String) -> Reply
    ) async throws -> Result<OutboundAnswer, OutboundError> {
        try await Server.with(reply) { server in
            try await withClient(for: server) { client in
                do throws(OutboundError) {
                    return .success(
                        try await client.post(
                            "http://127.0.0.1:\(server.port)/hook",
                            headers: [.init("Content-Type", "application/json")],
                            body: Array("{}".utf8), limits: limits))
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    @Test func `a body is posted once, and the answer told whatever its status`() async throws {
        try await Server.with({ _ in .answer(500, "Retry-After: 3", body: "no") }) { server in
            try await withClient(for: server) { client in
                let answer = try await client.post(
                    "http://127.0.0.1:\(server.port)/hook", headers: [.init("webhook-id", "e1")],
                    body: Array("{\"a\":1}".utf8))
                #expect(answer.status == 500)
                #expect(answer.retryAfter == .after(.seconds(3)))
                #expect(answer.body == Array("no".utf8))
                #expect(answer.rest == .none)
            }
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.hasPrefix("POST /hook HTTP/1.1\r\n"))
            #expect(request.contains("webhook-id: e1\r\n"))
            #expect(request.hasSuffix("\r\n\r\n{\"a\":1}"))
        }
    }

    @Test func `a redirect of a post is not followed`() async throws {
        let answer = try await post { _ in .redirect("/other") }.get()
        #expect(answer.status == 302)
        #expect(answer.header("location") == "/other")
    }

    @Test func `a port that nobody listens on is out of reach`() async throws {
        let port = try await Server.with({ _ in .answer() }) { $0.port }
        let client = OutboundClient(.init(.operator))
        let failed = await client.failure(posting: "http://127.0.0.1:\(port)/")
        #expect(failed == .unreachable(.connection))
        await client.shutdown()
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n"])
    func `a server that hangs up after the request leaves it open what became of it`(
        words: String
    ) async throws {
        let result = try await post { _ in .end(after: words) }
        #expect(throws: OutboundError.ambiguous) { try result.get() }
    }

    @Test func `a server that never answers leaves it open what became of it`() async throws {
        let result = try await post(limits: Self.brief) { _ in .stuck(after: "") }
        #expect(throws: OutboundError.ambiguous) { try result.get() }
    }

    @Test func `a status counts though the rest of the answer never comes`() async throws {
        let head = "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nabc"
        let stuck = try await post(limits: Self.brief) { _ in .stuck(after: head) }.get()
        #expect(stuck.status == 201)
        #expect(stuck.rest == .lost)
        let ended = try await post { _ in .end(after: head) }.get()
        #expect(ended.status == 201)
        #expect(ended.rest == .lost)
    }

    @Test func `a long answer is cut and says so`() async throws {
        let answer = try await post { _ in .endless(after: "HTTP/1.1 200 OK\r\n\r\n") }.get()
        #expect(answer.body.count == 65_536)
        #expect(answer.rest == .left)
    }

    @Test func `nothing is sent to a server that proves another name`() async throws {
        try await Certificate.withFile { file in
            try await Server.with(tls: Certificate.context(), { _ in .answer() }) { server in
                let names = Names(["evil.example": [["127.0.0.1"]]])
                try await withClient(for: server, names: names, certificates: file) { client in
                    let failed = await client.failure(
                        posting: "https://evil.example:\(server.port)/")
                    #expect(failed == .unreachable(.certificate))
                }
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test func `a connection is used again, and a few are kept`() async throws {
        try await Server.with(hosts: ["127.0.0.1", "127.0.0.2", "127.0.0.3"], { _ in .answer() }) {
            server in
            let client = OutboundClient(.init(.operator, servers: 2))
            for _ in 1...3 {
                _ = try await client.post("http://127.0.0.1:\(server.port)/", headers: [], body: [])
            }
            #expect(server.connections == 1)
            for last in [2, 3, 2, 3] {
                let address = "http://127.0.0.\(last):\(server.port)/"
                _ = try await client.post(address, headers: [], body: [])
            }
            #expect(server.connections == 3)
            // The first server's connection was given up for the others'.
            _ = try await client.post("http://127.0.0.1:\(server.port)/", headers: [], body: [])
            #expect(server.connections == 4)
            await client.shutdown()
        }
    }

    @Test func `a client that was shut down calls nobody`() async throws {
        try await Server.with({ _ in .answer() }) { server in
            let client = OutboundClient(.init(.operator))
            await client.shutdown()
            let failed = await client.failure(getting: "http://127.0.0.1:\(server.port)/")
            #expect(failed == .unreachable(.closed))
            #expect(server.connections == 0)
        }
    }
}
