import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import Outbound

/// What a test's server does with a request.
enum Reply: Sendable {
    /// Writes this and keeps the connection.
    case text(String)
    case bytes([UInt8])
    /// Writes this, and then more and more.
    case endless(after: String)
    /// Writes this and says nothing more.
    case stuck(after: String)
    /// Writes this and hangs up.
    case end(after: String)

    /// A whole answer.
    static func answer(
        _ status: Int = 200, _ headers: String..., body: String = "hello"
    ) -> Reply {
        let lines = headers.map { "\($0)\r\n" }.joined()
        return .text(
            "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)")
    }

    /// A redirect.
    static func redirect(_ location: String, status: Int = 302) -> Reply {
        .answer(status, "Location: \(location)", body: "")
    }
}

/// A server on loopback that replies as a test says, and counts who comes.
final class Server: Sendable {
    private struct Record {
        var connections = 0
        var requests: [String] = []
    }

    private let record = Mutex(Record())
    private let bound = Mutex<[Int]>([])
    private let reply: @Sendable (String) -> Reply

    var connections: Int { record.withLock { $0.connections } }
    var requests: [String] { record.withLock { $0.requests } }
    var port: Int { bound.withLock { $0.first ?? 0 } }

    private init(_ reply: @escaping @Sendable (String) -> Reply) {
        self.reply = reply
    }

    /// Does something while a server listens on the same port of all hosts.
    static func with<R: Sendable>(
        hosts: [String] = ["127.0.0.1"], tls: NIOSSLContext? = nil,
        _ reply: @escaping @Sendable (String) -> Reply, _ body: (Server) async throws -> R
    ) async throws -> R {
        let server = Server(reply)
        var channels: [any Channel] = []
        for host in hosts {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    server.record.withLock { $0.connections += 1 }
                    return channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(
                                NIOSSLServerHandler(context: tls))
                        }
                        try channel.pipeline.syncOperations.addHandler(Conversation(server))
                    }
                }
            let channel = try await bootstrap.bind(host: host, port: server.port).get()
            server.bound.withLock { $0.append(channel.localAddress?.port ?? 0) }
            channels.append(channel)
        }
        let result: Result<R, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        for channel in channels { try await channel.close() }
        return try result.get()
    }

    fileprivate func reply(to request: String) -> Reply {
        record.withLock { $0.requests.append(request) }
        return reply(request)
    }
}

private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: Server
    private var heard = ""
    private static let filler = String(repeating: "x", count: 65_536)

    init(_ server: Server) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard += String(buffer: unwrapInboundIn(data))
        while let request = takeRequest() {
            switch server.reply(to: request) {
            case .text(let text): write(text, context)
            case .bytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .stuck(let text): write(text, context)
            case .endless(let text):
                write(text, context)
                fill(context)
            case .end(let text):
                write(text, context)
                context.close(promise: nil)
            }
        }
    }

    /// The first whole request of what was heard.
    private func takeRequest() -> String? {
        guard let end = heard.range(of: "\r\n\r\n") else { return nil }
        let head = heard[..<end.upperBound]
        let length =
            head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) } ?? 0
        let body = heard[end.upperBound...].utf8.prefix(length)
        guard body.count == length else { return nil }
        defer { heard = String(heard[body.endIndex...]) }
        return String(heard[..<body.endIndex])
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        guard !text.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    private func fill(_ context: ChannelHandlerContext) {
        let again = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.filler))).whenSuccess {
            let (handler, context) = again.value
            handler.fill(context)
        }
    }
}

/// A resolver that answers from a list, one entry after the other, the last one for ever.
final class Names: Sendable {
    private let answers: [String: [[String]]]
    private let asked = Mutex<[String: Int]>([:])

    init(_ answers: [String: [[String]]]) {
        self.answers = answers
    }

    /// How often anything was asked.
    var count: Int { asked.withLock { $0.values.reduce(0, +) } }

    var resolve: Resolve {
        { name in
            let turn = self.asked.withLock { asked in
                asked[name.description, default: 0] += 1
                return asked[name.description, default: 1] - 1
            }
            guard let turns = self.answers[name.description], let last = turns.last else {
                return []
            }
            return (turn < turns.count ? turns[turn] : last).compactMap { IPAddress($0) }
        }
    }
}

extension OutboundClient {
    /// What fetching a document fails with; `nil` if it does not.
    func failure(getting address: String, limits: FetchLimits = .picture) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await get(address, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    /// What a post fails with; `nil` if it does not.
    func failure(posting address: String) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await post(address, headers: [], body: [1])
            return nil
        } catch {
            return error
        }
    }
}

/// Does something with a client that may reach loopback on a server's port.
func withClient<R: Sendable>(
    for server: Server, allow: [String] = ["127.0.0.0/8"], names: Names = Names([:]),
    certificates: String? = nil, _ body: (OutboundClient) async throws -> R
) async throws -> R {
    let settings = OutboundGuard.Settings(
        ports: [80, 443, server.port], allow: allow.compactMap { .init($0) },
        own: [try Destination("http://gateway.example/").host, .address(.v4(0x0101_0101))])
    let client = OutboundClient(
        .init(settings, certificates: certificates), resolve: names.resolve)
    let result: Result<R, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    await client.shutdown()
    return try result.get()
}
