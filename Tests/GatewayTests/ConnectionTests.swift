import GeoReport
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Gateway

/// One connection on a loop whose time only the test moves.
private final class Line {
    let channel = EmbeddedChannel()
    let handler: ConnectionHandler
    private(set) var exchanges: [Exchange] = []
    private(set) var isOver = false

    init(memory: BodyMemory = BodyMemory(), caps: Caps = Caps()) throws {
        let site = Site(
            caps: caps,
            respond: { _ in EdgeResponse(status: 200) },
            refuse: { EdgeResponse(status: $0.fault.status) })
        let meter = ByteMeter()
        var deliver: (Exchange?) -> Void = { _ in }
        handler = ConnectionHandler(
            site: site, patience: Patience(), meter: meter, memory: memory
        ) { deliver($0) }
        deliver = { [weak self] exchange in
            if let exchange { self?.exchanges.append(exchange) } else { self?.isOver = true }
        }
        try channel.pipeline.syncOperations.addHandlers([
            meter, ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
            handler,
        ])
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/line"), promise: nil)
    }

    func hear(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    func wait(_ seconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    /// The statuses with which the edge itself answers, and 0 for what was let in.
    var verdicts: [Int] {
        exchanges.map { exchange in
            if case .refusal(let refusal) = exchange.content { refusal.fault.status } else { 0 }
        }
    }

    /// Answers the oldest exchange that has no answer.
    func answer() {
        let exchange = exchanges.removeFirst()
        _ = handler.send(EdgeResponse(status: 200), length: 0, for: exchange)
        handler.complete(exchange)
    }

    var said: String {
        get throws {
            var text = ""
            while let part = try channel.readOutbound(as: ByteBuffer.self) {
                text += String(buffer: part)
            }
            return text
        }
    }
}

/// A client that takes no byte: what is written to it is never written out.
private final class Plug: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private var held: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if let promise { held.append(promise) }
    }

    func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        for promise in held { promise.fail(ChannelError.ioOnClosedChannel) }
        held = []
        context.close(mode: mode, promise: promise)
    }
}

@Suite struct ConnectionTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `a head may take ten seconds in all`() throws {
        let line = try Line()
        try line.hear("GET / HTTP/1.1\r\n")
        line.wait(6)
        try line.hear("Host: a\r\n")
        #expect(line.verdicts.isEmpty)
        line.wait(4)
        #expect(line.verdicts == [408])
        line.answer()
        line.wait(2)
        #expect(!line.channel.isActive)
    }

    @Test func `a body that drips is cut, however often it drips`() throws {
        let line = try Line()
        try line.hear("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
        for _ in 0..<11 {
            line.wait(2)
            try line.hear("a")
        }
        #expect(line.verdicts.isEmpty)
        line.wait(2)
        #expect(line.verdicts == [408])
    }

    @Test func `a connection that says nothing is closed without a word`() throws {
        let line = try Line()
        line.wait(10)
        #expect(!line.channel.isActive)
        #expect(try line.said.isEmpty)
        #expect(line.isOver)
    }

    @Test func `a connection stays open for thirty seconds`() throws {
        let line = try Line()
        try line.hear(Self.get)
        line.answer()
        line.wait(29)
        try line.hear(Self.get)
        line.wait(100)
        #expect(line.channel.isActive, "a request that is being answered has no deadline here")
        line.answer()
        line.wait(29)
        #expect(line.channel.isActive)
        line.wait(1)
        #expect(!line.channel.isActive)
    }

    @Test func `an extension of a chunk is waste`() throws {
        let line = try Line()
        try line.hear(Self.chunked)
        try line.hear("2;x=")
        for _ in 0..<40 { try line.hear(String(repeating: "a", count: 1000)) }
        #expect(line.verdicts == [400])
    }

    @Test func `chunks of one byte are a body like any other`() throws {
        let line = try Line()
        try line.hear(Self.chunked)
        for _ in 0..<50_000 { try line.hear("1\r\na\r\n") }
        try line.hear("0\r\n\r\n")
        #expect(line.verdicts == [0])
        guard case .request(let request) = try #require(line.exchanges.first).content else {
            return
        }
        #expect(request.body.count == 50_000)
    }

    @Test func `chunks beyond the limit and fields behind them are refused`() throws {
        let line = try Line()
        try line.hear(Self.chunked + "10000\r\n")
        for _ in 0..<4 { try line.hear(String(repeating: "a", count: 65_536) + "\r\n10000\r\n") }
        #expect(line.verdicts == [])
        try line.hear("a")
        #expect(line.verdicts == [413])
        let other = try Line()
        try other.hear(Self.chunked + "1\r\na\r\n0\r\nX-A: b\r\n\r\n")
        #expect(other.verdicts == [400])
    }

    @Test func `the hundredth waiting request is the last`() throws {
        let line = try Line()
        try line.hear(String(repeating: Self.get, count: 150))
        #expect(line.exchanges.count == 100)
        for _ in 0..<100 { line.answer() }
        #expect(!line.channel.isActive)
        #expect(try line.said.split(separator: "Connection: close").count == 2)
    }

    @Test func `a connection ends behind its last request`() throws {
        var caps = Caps()
        caps.requests = 3
        let line = try Line(caps: caps)
        for _ in 0..<2 {
            try line.hear(Self.get)
            line.answer()
            let said = try line.said
            #expect(said.hasPrefix("HTTP/1.1 200") && !said.contains("Connection: close"))
        }
        try line.hear(Self.get + Self.get)
        #expect(line.exchanges.count == 1)
        line.answer()
        #expect(try line.said.contains("Connection: close"))
        #expect(!line.channel.isActive)
    }

    @Test func `leave to go on waits for the answers before it`() throws {
        let line = try Line()
        try line.hear(
            Self.get
                + "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
        )
        #expect(try line.said.isEmpty)
        line.answer()
        let said = try line.said
        #expect(said.hasPrefix("HTTP/1.1 200 OK"))
        #expect(said.hasSuffix("HTTP/1.1 100 Continue\r\n\r\n"))
        try line.hear("a")
        #expect(line.verdicts == [0])
    }

    @Test func `a stop closes what is idle and lets the rest finish`() throws {
        let idle = try Line()
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!idle.channel.isActive)

        let busy = try Line()
        try busy.hear(Self.get)
        busy.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        busy.wait(5)
        #expect(busy.channel.isActive)
        busy.answer()
        #expect(try busy.said.contains("Connection: close"))
        #expect(!busy.channel.isActive)
    }

    @Test func `a body that never ends is cut ten seconds after the stop`() throws {
        let line = try Line()
        try line.hear("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na")
        line.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        line.wait(9)
        #expect(line.channel.isActive)
        line.wait(1)
        #expect(!line.channel.isActive)
    }

    @Test func `who does not read wins no time by talking on`() throws {
        let line = try Line()
        try line.hear(Self.get)
        line.channel.isWritable = false
        let first = try #require(line.exchanges.first)
        #expect(line.handler.send(EdgeResponse(status: 200), length: 0, for: first) == .slow)
        line.wait(20)
        try line.hear(Self.get + "GET / HT")
        line.wait(5)
        try line.hear("TP/1.1\r\n")
        line.wait(4)
        #expect(line.channel.isActive)
        line.wait(1)
        #expect(!line.channel.isActive)
    }

    @Test func `who does not read the last answer is not waited for`() throws {
        let line = try Line()
        try line.channel.pipeline.syncOperations.addHandler(Plug(), position: .first)
        try line.hear("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        line.answer()
        line.wait(29)
        #expect(line.channel.isActive)
        line.wait(1)
        #expect(!line.channel.isActive)
    }

    @Test func `long bodies share one memory, and give it back`() throws {
        let memory = BodyMemory(most: 1 << 20)
        func post(_ length: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                + "Content-Length: \(length)\r\n\r\n"
        }
        let long = String(repeating: "a", count: 1 << 20)
        let one = try Line(memory: memory)
        try one.hear(post(1 << 20) + long)
        #expect(one.verdicts == [0])
        let two = try Line(memory: memory)
        try two.hear(post(1 << 20) + long)
        #expect(two.verdicts == [503])
        let short = try Line(memory: memory)
        try short.hear(post(256 << 10) + long.prefix(256 << 10))
        #expect(short.verdicts == [0])
        one.answer()
        let three = try Line(memory: memory)
        try three.hear(post(1 << 20) + long.dropLast())
        try three.channel.close().wait()
        let four = try Line(memory: memory)
        try four.hear(post(1 << 20) + long)
        #expect(four.verdicts == [0])
    }

    @Test func `the memory of a body is held until it is answered, also for who hangs up`() throws {
        let memory = BodyMemory(most: 1 << 20)
        /// A body of so many kilobytes, 256 of which do not count; or only some of it.
        func post(_ length: Int, only sent: Int? = nil) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                + "Content-Length: \(length << 10)\r\n\r\n"
                + String(repeating: "a", count: (sent ?? length) << 10)
        }
        func verdict(_ length: Int) throws -> [Int] {
            let line = try Line(memory: memory)
            try line.hear(post(length))
            defer { while !line.exchanges.isEmpty { line.answer() } }
            return line.verdicts
        }
        func hangUp(after text: String) throws -> Line {
            let line = try Line(memory: memory)
            try line.hear(text)
            try line.channel.close().wait()
            line.channel.embeddedEventLoop.run()
            return line
        }
        /// Whether the memory is empty: all of it can be taken, and no more.
        func isEmpty() throws -> Bool {
            let line = try Line(memory: memory)
            try line.hear(post(1280))
            defer { while !line.exchanges.isEmpty { line.answer() } }
            return try line.verdicts == [0] && verdict(257) == [503]
        }
        #expect(try isEmpty())
        let gone = try hangUp(after: post(1024))
        #expect(try verdict(1024) == [503])
        gone.answer()
        #expect(try isEmpty())
        // Of one body that was handed on and one that is half here the half one goes at once.
        let both = try hangUp(after: post(640) + post(1024, only: 800))
        #expect(try verdict(1024) == [503])
        #expect(try verdict(640) == [0])
        both.answer()
        #expect(try isEmpty())
    }

    @Test func `a request after a refused one is not read`() throws {
        let line = try Line()
        try line.hear("GET / HTTP/1.1\r\n\r\n" + Self.get)
        try line.hear(Self.get)
        #expect(line.verdicts == [400])
    }

    @Test func `an old client is told that its connection stays`() throws {
        let line = try Line()
        try line.hear("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        line.answer()
        #expect(try line.said.contains("Connection: keep-alive"))
        try line.hear("GET / HTTP/1.0\r\n\r\n")
        line.answer()
        #expect(!line.channel.isActive)
    }
}
