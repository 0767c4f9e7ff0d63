import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// How Hummingbird's server speaks HTTP/1.1 here: with the limits of H2 in front of everything, and
/// one hop between the socket and the answer.
struct HTTPConnections: ServerChildChannel {
    let site: Site
    let patience: Patience
    /// `nil`: nothing is encrypted, a proxy in front does that.
    private let certificate: ServerCertificate?
    private let memory = BodyMemory()
    private let crowd: Crowd

    init(site: Site, patience: Patience, certificate: ServerCertificate? = nil) {
        self.site = site
        self.patience = patience
        self.certificate = certificate
        crowd = Crowd(most: site.caps.ofAddress, proxies: site.proxies)
    }

    /// A connection and the turns it takes.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let turns: NIOLoopBound<Turns>
        let handler: NIOLoopBound<ConnectionHandler>
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let turns = Turns()
            let meter = ByteMeter()
            let handler = ConnectionHandler(
                site: site, patience: patience, meter: meter, memory: memory
            ) { exchange in
                exchange.map(turns.append) ?? turns.finish()
            }
            let value = Value(
                channel: channel, turns: NIOLoopBound(turns, eventLoop: channel.eventLoop),
                handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
            let place = crowd.enter(channel.remoteAddress)
            guard place != .full else {
                // A failure here would end the server; without a turn the connection is closed.
                site.turnedAway()
                turns.finish()
                return value
            }
            channel.closeFuture.whenComplete { [crowd] _ in crowd.leave(place) }
            let decoder = HTTPRequestDecoder(
                leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
            if let certificate {
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: certificate.context))
            }
            try channel.pipeline.syncOperations.addHandlers([
                meter, ByteToMessageHandler(decoder), handler,
            ])
            try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
            return value
        }
    }

    /// Wider than the edge's own limits, which tell an address from a field: these only bound
    /// memory.
    private var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 4 * max(site.limits.target, site.limits.field)
        limits.maxHeaderListSize = 4 * (site.limits.target + site.limits.fields)
        limits.maxHeaderFieldCount = 2 * site.limits.fieldCount
        return limits
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
            await withTaskCancellationHandler {
                while let exchange = await value.turns.value.next() {
                    await answer(exchange, on: value)
                }
            } onCancel: {
                // Only the hard end comes by here, and cuts answers off. A graceful one is told to
                // the channel, whose handler lets them be finished (`drain`).
                value.channel.close(promise: nil)
            }
            try? await value.channel.close()
        }
    }

    private func answer(_ exchange: Exchange, on value: Value) async {
        let response =
            switch exchange.content {
            case .request(let request): await respond(to: request)
            case .refusal(let refusal): site.refuse(refusal)
            }
        let handler = value.handler
        let pace =
            switch response.body {
            case .bytes, .shared:
                handler.value.send(response, length: response.length, for: exchange)
            case .file(let path):
                await send(response, file: path, for: exchange, on: value)
            case .pieces(let pieces):
                await send(response, pieces: pieces, for: exchange, on: value)
            }
        if pace == .slow {
            await withCheckedContinuation { handler.value.room($0) }
        }
        handler.value.complete(response.ending(exchange))
    }

    /// Sends what comes for as long as it comes and somebody reads it.
    private func send(
        _ response: EdgeResponse, pieces: AsyncStream<[UInt8]>, for exchange: Exchange,
        on value: Value
    ) async -> ConnectionHandler.Pace {
        let handler = value.handler
        let exchange = response.ending(exchange)
        var pace = handler.value.send(response, length: nil, for: exchange)
        guard !response.omitsBody else { return pace }
        for await piece in pieces where !piece.isEmpty {
            if pace == .slow { await withCheckedContinuation { handler.value.room($0) } }
            pace = handler.value.send(piece: piece, for: exchange)
            if pace == .gone { return pace }
        }
        return handler.value.send(piece: [], for: exchange)
    }

    /// A long body is parsed elsewhere, so that its loop goes on serving the others.
    private func respond(to request: EdgeRequest) async -> EdgeResponse {
        guard request.body.count > 64 << 10 else { return await site.respond(request) }
        return await withTaskExecutorPreference(globalConcurrentExecutor) {
            await site.respond(request)
        }
    }

    /// Sends a file by the kernel, without reading it into memory; where it is to be encrypted, some
    /// of it at a time.
    private func send(
        _ response: EdgeResponse, file path: String, for exchange: Exchange, on value: Value
    ) async -> ConnectionHandler.Pace {
        let files = NonBlockingFileIO(threadPool: .singleton)
        do {
            let (file, region) = try await files.openFile(
                _deprecatedPath: path, eventLoop: value.channel.eventLoop
            ).get()
            _ = value.handler.value.send(response, length: region.readableBytes, for: exchange)
            defer { try? file.close() }
            guard !response.omitsBody else { return .steady }
            guard certificate != nil else {
                try await value.channel.writeAndFlush(region)
                return .steady
            }
            for offset in stride(from: 0, to: region.readableBytes, by: 64 << 10) {
                let piece = try await files.read(
                    fileHandle: file, fromOffset: Int64(offset),
                    byteCount: min(64 << 10, region.readableBytes - offset),
                    allocator: value.channel.allocator, eventLoop: value.channel.eventLoop
                ).get()
                try await value.channel.writeAndFlush(piece)
            }
        } catch {
            // The file or the client is gone in the middle: an end tells that, an answer could not.
            try? await value.channel.close()
        }
        return .steady
    }
}
