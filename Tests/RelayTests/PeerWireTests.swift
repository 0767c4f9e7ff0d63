import Federation
import Foundation
import LoopbackKit
import Outbound
import Synchronization
import Testing

@testable import Relay

/// The way to a peer over real sockets.
@Suite struct PeerWireTests {
    /// What a call over the wire comes to.
    private func result(
        _ method: String, _ path: String, at server: Server, patience: Duration = .seconds(60),
        most: Int = 1 << 20, ports: [Int] = [], now: @escaping @Sendable () -> Date = { Date() }
    ) async throws -> Result<Wire.Reply, PeerError> {
        let settings = OutboundGuard.Settings(
            ports: Set([server.port] + ports), allow: [try #require(.init("127.0.0.0/8"))])
        return try await OutboundClient.with(.init(settings)) { client in
            let base = "http://127.0.0.1:\(server.port)"
            let wire = try PeerWire(to: [base + "/v2/"], over: client, now: now).wire
            let body = method == "GET" ? [] : Array("a=1".utf8)
            do throws(PeerError) {
                return .success(
                    try await wire.send(
                        .init(
                            method, path.hasPrefix("/") ? base + path : path,
                            headers: [.init("X-Key", "s3cret")], body: body, most: most,
                            patience: patience)))
            } catch {
                return .failure(error)
            }
        }
    }

    private func failure(_ result: Result<Wire.Reply, PeerError>) -> PeerError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }

    @Test func `an answer comes as it is, whatever its status`() async throws {
        try await Server.with({ _ in .answer(422, "X-Why: so", body: "no") }) { server in
            let reply = try await result("POST", "/v2/requests.json", at: server).get()
            #expect(reply.status == 422)
            #expect(reply.header("x-why") == "so")
            #expect(String(decoding: reply.body, as: UTF8.self) == "no")
            #expect(server.requests.first?.contains("X-Key: s3cret") == true)
        }
    }

    @Test(arguments: [
        ("120", 120), ("Tue, 14 Nov 2023 22:14:20 GMT", 60), ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
    ])
    func `a wait is read in seconds and as a date`(text: String, seconds: Int) async throws {
        try await Server.with({ _ in .answer(503, "Retry-After: \(text)") }) { server in
            let reply = try await result(
                "POST", "/v2/", at: server, now: { Date(timeIntervalSince1970: 1_700_000_000) }
            ).get()
            #expect(reply.retryAfter == .seconds(seconds))
        }
    }

    @Test func `a redirect to the same server is followed`() async throws {
        try await Server.with({ request in
            request.hasPrefix("GET /v2/a") || request.hasPrefix("POST /v2/a")
                ? .redirect("/v2/b?x=1", status: 307) : .answer(body: "there")
        }) { server in
            for method in ["GET", "POST"] {
                let reply = try await result(method, "/v2/a", at: server).get()
                #expect(String(decoding: reply.body, as: UTF8.self) == "there")
            }
            #expect(server.requests.last?.hasPrefix("POST /v2/b?x=1 ") == true)
            #expect(server.requests.last?.hasSuffix("a=1") == true)
        }
    }

    @Test(arguments: [301, 302, 303])
    func `a POST that is sent elsewhere is not sent again`(status: Int) async throws {
        try await Server.with({ _ in .redirect("/v2/b", status: status) }) { server in
            let reply = try await result("POST", "/v2/a", at: server).get()
            #expect(reply.status == status)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a redirect to another server is not followed, and no key goes there`()
        async throws
    {
        try await Server.with({ _ in .answer() }) { other in
            let targets = [
                "http://127.0.0.1:\(other.port)/v2/", "https://127.0.0.1/", "http://127.0.0.2/",
                "http://good.example/", "//127.0.0.1:\(other.port)/", "file:///etc/passwd",
            ]
            for target in targets {
                try await Server.with({ _ in .redirect(target, status: 307) }) { server in
                    for method in ["GET", "POST"] {
                        let error = failure(
                            try await result(method, "/v2/", at: server, ports: [other.port]))
                        #expect(error?.kind == .later(nil), "\(target)")
                    }
                }
            }
            #expect(other.connections == 0)
        }
    }

    @Test func `redirects in a circle end`() async throws {
        try await Server.with({ _ in .redirect("/v2/", status: 302) }) { server in
            let error = failure(try await result("GET", "/v2/", at: server))
            #expect(error?.kind == .later(nil))
            #expect(server.requests.count == 4)
        }
    }

    @Test func `an address that is not the peer's is not called`() async throws {
        try await Server.with({ _ in .answer() }) { server in
            for address in ["http://127.0.0.1/v2/", "https://roads.example/", "no address"] {
                let error = failure(try await result("GET", address, at: server))
                #expect(error?.kind == .refused)
            }
            #expect(server.connections == 0)
        }
    }

    @Test func `what the guard refuses pauses the peer`() async throws {
        try await Server.with({ _ in .answer() }) { server in
            // Nobody has allowed this port.
            let error = try await OutboundClient.with(.init(OutboundGuard.Settings())) { client in
                let base = "http://127.0.0.1:\(server.port)/"
                let wire = try PeerWire(to: [base], over: client).wire
                do throws(PeerError) {
                    _ = try await wire.send(.init("GET", base + "?api_key=s3cret"))
                    return PeerError?.none
                } catch {
                    return error
                }
            }
            #expect(error?.kind == .forbidden)
            #expect(error?.reason.contains("s3cret") == false)
            #expect(server.connections == 0)
        }
    }

    @Test(arguments: [
        Reply.end(after: ""), .end(after: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        .endless(after: "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"),
        .answer(200, "Content-Encoding: gzip"),
    ])
    func `a cut answer leaves a doubt only if something was sent`(reply: Reply) async throws {
        try await Server.with({ _ in reply }) { server in
            let get = try await result("GET", "/v2/", at: server)
            #expect(failure(get)?.kind == .later(nil))
            let post = try await result("POST", "/v2/", at: server)
            #expect(failure(post)?.kind == .ambiguous)
        }
    }

    @Test func `an error whose page has no end is an error all the same`() async throws {
        let page = "HTTP/1.1 500 X\r\nContent-Length: 99999999\r\n\r\n"
        try await Server.with({ _ in .endless(after: page) }) { server in
            let reply = try await result("POST", "/v2/", at: server, most: 1000).get()
            #expect(reply.status == 500)
            #expect(reply.body.count == 1000)
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nh"])
    func `a peer that answers a byte and no more is left after the call's patience`(
        text: String
    ) async throws {
        try await Server.with({ _ in .stuck(after: text) }) { server in
            let get = try await result("GET", "/v2/", at: server, patience: .milliseconds(300))
            #expect(failure(get)?.kind == .later(nil))
            let post = try await result("POST", "/v2/", at: server, patience: .milliseconds(300))
            #expect(failure(post)?.kind == .ambiguous)
        }
    }

    @Test func `nothing was sent where nobody listens`() async throws {
        let port = try await Server.with({ _ in .answer() }) { $0.port }
        let settings = OutboundGuard.Settings(
            ports: [port], allow: [try #require(.init("127.0.0.1"))])
        let error = try await OutboundClient.with(.init(settings)) { client in
            let address = "http://127.0.0.1:\(port)/"
            let wire = try PeerWire(to: [address], over: client).wire
            do throws(PeerError) {
                _ = try await wire.send(.init("POST", address, body: [1]))
                return PeerError?.none
            } catch {
                return error
            }
        }
        #expect(error?.kind == .later(nil))
    }

    @Test func `what was exchanged is noted without keys`() async throws {
        let notes = ExchangeNotes()
        let wire = notes.noting(
            Wire(now: { Date() }) { _ in
                .init(
                    status: 500, headers: [.init("Content-Type", "text/plain")],
                    body: Array("boom".utf8))
            }, unless: { nil })
        #expect(notes.text == nil)
        _ = try await wire.send(.init("GET", "https://roads.example/v2/x?api_key=s3cret"))
        #expect(
            notes.text == "GET https://roads.example/v2/x: 500 text/plain, 4 bytes: boom")
        #expect(notes.status == 500)
        let shut = notes.noting(wire, unless: { PeerError(.later(nil), "no") })
        do throws(PeerError) {
            _ = try await shut.send(.init("GET", "https://roads.example/v2/y"))
            Issue.record("it was sent")
        } catch {
            #expect(error == PeerError(.later(nil), "no"))
        }
        #expect(notes.text?.hasPrefix("GET https://roads.example/v2/x:") == true)
    }
}
