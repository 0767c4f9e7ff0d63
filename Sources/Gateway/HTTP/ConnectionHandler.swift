import GeoReport
import NIOCore
import NIOHTTP1

/// One connection: judges heads, collects bodies, keeps the deadlines, writes the answers in order.
///
/// A class, because the pipeline holds its handlers; only the connection's event loop touches it.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// Requests that may wait for their turn; the hundredth is the last of its connection (row 42).
    private static let mostQueued = 100
    /// Waiting requests above which nothing more is read from the socket.
    private static let comfortable = 8

    private let site: Site
    let patience: Patience
    private let meter: ByteMeter
    private let memory: BodyMemory
    private let deliver: (Exchange?) -> Void
    var context: ChannelHandlerContext?

    private var address = ""
    private var admission: Edge.Admission?
    private var isOldVersion = false
    private var body: [UInt8] = []
    /// What the bodies of this connection have taken of the memory for long ones.
    private var held = 0
    private var queued = 0
    /// Requests since the connection began.
    private var taken = 0
    private var owesContinue = false
    /// Nothing more is taken from this connection.
    private var isIgnoring = false
    private var isPaused = false
    private var isInputClosed = false
    private var isDraining = false
    private var writer: CheckedContinuation<Void, Never>?
    let clock = ConnectionClock()

    /// `deliver` is given each exchange in its turn, and `nil` when there will be no more.
    init(
        site: Site, patience: Patience, meter: ByteMeter, memory: BodyMemory = BodyMemory(),
        deliver: @escaping (Exchange?) -> Void
    ) {
        self.site = site
        self.patience = patience
        self.meter = meter
        self.memory = memory
        self.deliver = deliver
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // What the pipeline's handlers hold of each other they give up in `end`: a weak reference
        // would make each use of this object twice as dear.
        meter.onWaste = {
            self.refuse(Fault(.malformed, "The chunks of the body hold too little content."))
        }
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        address = context.remoteAddress?.ipAddress ?? ""
        clock.start(on: context.eventLoop) { self.expire($0) }
        clock.await(.message, for: patience.first)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    private func end() {
        isIgnoring = true
        clock.stop()
        deliver(nil)
        // What was handed on is still read by whoever answers it, and given back by `complete`.
        giveBack(excess(body.count))
        body = []
        writer?.resume()
        writer = nil
        meter.onWaste = nil
    }

    // What comes in.

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isIgnoring else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): take(head)
        case .body(let part): take(part)
        case .end(let trailers): finish(trailers)
        }
    }

    private func take(_ head: HTTPRequestHead) {
        isOldVersion = head.version != .http1_1
        do {
            let admission = try Edge.judge(head, limits: site.limits)
            self.admission = admission
            meter.beginBody()
            guard admission.interim == .wanted else { return }
            owesContinue = true
            if queued == 0 { sendContinue() }
        } catch {
            refuse(error, target: head.uri)
        }
    }

    private func take(_ part: ByteBuffer) {
        guard let admission else { return }
        meter.count(decoded: part.readableBytes)
        guard body.count + part.readableBytes <= admission.bodyLimit else {
            return refuse(Edge.tooLarge(admission.bodyLimit), target: admission.path)
        }
        let more = excess(body.count + part.readableBytes) - excess(body.count)
        guard memory.take(more) else {
            return refuse(
                Fault(.unavailable(retryAfter: .seconds(1)), "The server is busy; try again soon."),
                target: admission.path)
        }
        // A long body is moved once and then stands still: growing by doubling takes up to three times
        // as much. What is only announced takes nothing.
        if held == 0, more > 0 {
            body.reserveCapacity(min(admission.bodyLength ?? 0, admission.bodyLimit))
        }
        held += more
        body.append(contentsOf: part.readableBytesView)
    }

    /// The bytes of a body that count: what a form may have is there for everybody.
    private func excess(_ count: Int) -> Int { max(0, count - site.limits.body) }

    private func giveBack(_ bytes: Int) {
        let bytes = min(bytes, held)
        held -= bytes
        memory.give(bytes)
    }

    private func finish(_ trailers: HTTPHeaders?) {
        guard let admission else { return }
        meter.endMessage()
        if clock.awaited != .reader { clock.await(nil) }
        guard trailers == nil else {
            return refuse(
                Fault(.malformed, "Fields behind the body are not taken."), target: admission.path)
        }
        let request = admission.request(
            body: body, address: site.proxies.client(of: address, admission.fields))
        taken += 1
        let isLast =
            admission.connection == .closes || queued + 1 >= Self.mostQueued
            || taken >= site.caps.requests
        self.admission = nil
        owesContinue = false
        body = []
        enqueue(.request(request), end: isLast ? .close : .none)
    }

    /// Answers what cannot be taken, after all that was taken before, and reads no further.
    private func refuse(_ fault: Fault, target: String? = nil) {
        guard !isIgnoring else { return }
        admission = nil
        owesContinue = false
        giveBack(excess(body.count))
        body = []
        enqueue(.refusal(Refusal(fault, target: target)), end: .linger)
    }

    private func enqueue(_ content: Exchange.Content, end: Exchange.End) {
        queued += 1
        if end != .none { isIgnoring = true }
        if end == .linger { meter.isDeaf = true }
        deliver(Exchange(content: content, end: end, isOldVersion: isOldVersion))
        if queued >= Self.comfortable { read(.paused) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        watch()
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            return context.close(promise: nil)
        }
        refuse(Fault(error, isFirstLine: !meter.hasFirstLine, isMethod: meter.beginsWithMethod))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            if queued == 0 { context.close(promise: nil) }
        case is ChannelShouldQuiesceEvent:
            drain(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Finishes what has begun, within the time that a stop grants (H6).
    private func drain(_ context: ChannelHandlerContext) {
        isDraining = true
        guard queued > 0 || !isAtRest else {
            return context.close(promise: nil)
        }
        clock.limit(to: patience.drain)
    }

    /// Whether no request is half here.
    private var isAtRest: Bool { admission == nil && meter.pending == 0 }

    // What goes out.

    /// Writes an answer with a body of this length; a body in memory goes out with it.
    ///
    /// Answers whether the client keeps up: if not, wait with `room` before the next answer.
    func send(_ response: EdgeResponse, length: Int?, for exchange: Exchange) -> Pace {
        guard let context else { return .steady }
        let isLast = exchange.end != .none || isDraining && queued == 1 && isAtRest
        let framing = ResponseBytes.Framing(
            length: length, closes: isLast, isOldVersion: exchange.isOldVersion)
        switch response.body {
        case .shared(let body) where !response.omitsBody:
            var head = context.channel.allocator.buffer(capacity: 512)
            ResponseBytes.writeHead(of: response, framing, to: &head)
            context.write(wrapOutboundOut(head), promise: nil)
            context.writeAndFlush(wrapOutboundOut(body), promise: nil)
        default:
            let bytes = response.bytes
            var buffer = context.channel.allocator.buffer(capacity: 512 + bytes.count)
            ResponseBytes.writeHead(of: response, framing, to: &buffer)
            buffer.writeBytes(bytes)
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
        if case .file = response.body { clock.await(.reader, for: patience.file) }
        return pace(of: context)
    }

    /// Writes one piece of a body whose length is not known; no bytes end it.
    func send(piece: [UInt8], for exchange: Exchange) -> Pace {
        guard let context, context.channel.isActive else { return .gone }
        if clock.awaited == .reader { clock.await(nil) }
        var buffer = context.channel.allocator.buffer(capacity: piece.count + 16)
        ResponseBytes.writePiece(piece, isOldVersion: exchange.isOldVersion, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        return pace(of: context)
    }

    private func pace(of context: ChannelHandlerContext) -> Pace {
        guard !context.channel.isWritable else { return .steady }
        clock.await(.reader, for: patience.stall)
        return .slow
    }

    /// Whether a client reads as fast as it is answered, or not at all any more.
    enum Pace { case steady, slow, gone }

    /// Resumes the writer once the client has read, or is gone.
    func room(_ continuation: CheckedContinuation<Void, Never>) {
        guard let context, context.channel.isActive, !context.channel.isWritable else {
            return continuation.resume()
        }
        writer = continuation
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            writer?.resume()
            writer = nil
        }
        context.fireChannelWritabilityChanged()
    }

    /// Closes the exchange, and the connection if it was the last one; to be called once of each, also
    /// when the client is gone.
    func complete(_ exchange: Exchange) {
        giveBack(excess(exchange.bodyLength))
        guard let context else { return }
        queued -= 1
        if clock.awaited == .reader { clock.await(nil) }
        if exchange.end != .none { return close(context, exchange.end) }
        if queued == 0 {
            if isInputClosed || isDraining && isAtRest { return close(context, .close) }
            if owesContinue { sendContinue() }
        }
        if queued < Self.comfortable / 2 { read(.running) }
        watch()
    }

    /// Closes behind the last byte: closing before would throw away what is not sent yet.
    private func close(_ context: ChannelHandlerContext, _ end: Exchange.End) {
        isIgnoring = true
        clock.await(.reader, for: patience.stall)
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in
            guard let context = self.context else { return }
            guard end == .linger, !self.isInputClosed else {
                return context.close(promise: nil)
            }
            context.close(mode: .output, promise: nil)
            self.clock.await(.nothing, for: self.patience.linger)
            self.read(.running)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: flushed)
    }

    private func sendContinue() {
        owesContinue = false
        guard let context else { return }
        let interim = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(interim), promise: nil)
    }

    private enum Flow { case running, paused }

    private func read(_ flow: Flow) {
        guard let context, isPaused != (flow == .paused) else { return }
        isPaused = flow == .paused
        try? context.channel.syncOptions?.setOption(.autoRead, value: !isPaused)
    }

    // Time.

    /// Sets the deadline of what is awaited now.
    private func watch() {
        // Whoever does not read what was answered wins no time by saying more.
        guard clock.awaited != .reader else { return }
        if let admission {
            clock.await(.body, atMost: min(admission.bodyTime, patience.bodyAtMost))
        } else if isIgnoring {
            if queued > 0 { clock.await(nil) }
        } else if meter.pending > 0 {
            clock.await(.head, atMost: patience.head)
        } else if queued > 0 {
            clock.await(nil)
        } else {
            clock.await(.message, for: patience.idle)
        }
    }

    private func expire(_ awaited: ConnectionClock.Awaited) {
        switch awaited {
        case .head, .body:
            refuse(Fault(.transport(status: 408), "The request took too long to arrive."))
        case .message, .reader, .nothing:
            context?.close(promise: nil)
        }
    }
}

extension Fault {
    /// What a client did wrong to HTTP itself.
    init(_ error: HTTPParserError, isFirstLine: Bool, isMethod: Bool) {
        switch error {
        case .headerOverflow where isFirstLine:
            self.init(.transport(status: 414), "The address is too long.")
        case .headerOverflow:
            self.init(.transport(status: 431), "The header fields are too many or too long.")
        case .invalidMethod where isMethod:
            self.init(.transport(status: 501), "The method is not known here.")
        case .invalidEOFState:
            self.init(.malformed, "The request is not complete.")
        default:
            self.init(.malformed, "The request breaks the rules of HTTP/1.1.")
        }
    }
}
