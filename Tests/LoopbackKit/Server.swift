import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// What a test's server does with a request.
package enum Reply: Sendable {
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
    package static func answer(
        _ status: Int = 200, _ headers: String..., body: String = "hello"
    ) -> Reply {
        let lines = headers.map { "\($0)\r\n" }.joined()
        return .text(
            "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)")
    }

    /// A redirect.
    package static func redirect(_ location: String, status: Int = 302) -> Reply {
        .answer(status, "Location: \(location)", body: "")
    }
}

/// A server on loopback that replies as a test says, and counts who comes.
package final class Server: Sendable {
    private struct Record {
        var connections = 0
        var requests: [String] = []
    }

    private let record = Mutex(Record())
    private let bound = Mutex<[Int]>([])
    private let reply: @Sendable (String) -> Reply

    package var connections: Int { record.withLock { $0.connections } }
    package var requests: [String] { record.withLock { $0.requests } }
    package var port: Int { bound.withLock { $0.first ?? 0 } }

    private init(_ reply: @escaping @Sendable (String) -> Reply) {
        self.reply = reply
    }

    /// Does something while a server listens on the same port of all hosts.
    package static func with<R: Sendable>(
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
