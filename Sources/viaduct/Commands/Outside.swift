import CaseStore
import Faults
import Foundation
import Gateway
import GeoReport
import Logging
import Media
import Outbound
import Relay

/// What a server has to do with others: pictures that it fetches, webhooks that it tells, and where
/// both are kept.
struct Outside: Sendable {
    /// The guarded way out, for addresses that clients give.
    let client: OutboundClient
    /// The way to what the operator named himself; `nil` if he named nothing.
    private let storage: OutboundClient?
    /// The way to the peers of the settings.
    private let relay: OutboundClient
    private let lines: [PeerLine]
    let files: PictureStore
    let pictures: Pictures

    /// Opens the picture files and looks for the program that draws thumbnails.
    init(_ settings: Settings) async throws {
        client = OutboundClient(OutboundClient.Settings(OutboundGuard.Settings(settings)))
        relay = OutboundClient(OutboundClient.Settings(peersOf: settings))
        if let bucket = try BucketSettings(settings.media) {
            let storage = OutboundClient(OutboundClient.Settings(.operator))
            files = PictureStore(bucket: bucket) { try await storage.send($0) }
            self.storage = storage
        } else {
            do {
                files = try PictureStore(directory: settings.data.media, pass: Self.pass)
            } catch {
                throw CommandError(
                    .settings,
                    "The directory \(settings.data.media) cannot be used for pictures; "
                        + "make it writable, or set data.directory.")
            }
            storage = nil
        }
        pictures = Pictures(files, thumbnailer: await Thumbnailer.find())
        lines = try settings.lines(for: .relay, over: relay, showing: files)
    }

    @Sendable private static func pass(_ moment: PictureStore.Moment) {
        switch moment {
        case .flushed: KillPoint.pictureWritten.pass()
        case .renamed: KillPoint.pictureRenamed.pass()
        }
    }

    /// Why a client's address may not be called, or `nil`.
    func objection(_ address: String) -> String? {
        do {
            _ = try client.check(address)
            return nil
        } catch {
            guard case .refused(let refusal) = error else { return "\(error)" }
            return refusal.rawValue
        }
    }

    /// The loops that run beside the gateway.
    func loops(
        _ settings: Settings, store: CaseStore, signal: ChangeSignal, logger: Logger
    ) -> [@Sendable () async -> Void] {
        let sender = WebhookSender(
            WebhookSender.Surroundings(
                store: store, client: client, message: { Documents.notification($0) },
                // Cancelled it ends at once, and so does the loop.
                pause: { try? await Task.sleep(for: .seconds(1)) }), logger: logger)
        let sweep = PictureSweep(files, store: store, age: settings.media.sweepAge, logger: logger)
        var loops: [@Sendable () async -> Void] = [
            { await signal.run() }, { await sender.run() }, { await sweep.run() },
            { await Self.announce(store, logger) },
        ]
        if settings.media.fetch {
            let fetcher = MediaFetcher(
                MediaFetcher.Surroundings(
                    store: store, pictures: files, client: client, lines: lines),
                logger: logger)
            loops.append { await fetcher.run() }
        }
        return loops + relays(settings, store: store, logger: logger)
    }

    /// What carries reports to the peers and reads what they tell.
    private func relays(
        _ settings: Settings, store: CaseStore, logger: Logger
    ) -> [@Sendable () async -> Void] {
        guard !lines.isEmpty else { return [] }
        let dispatcher = Dispatcher(
            Dispatcher.Surroundings(store: store), lines: lines,
            node: settings.peers.peering.node, addresses: settings.publicAddresses,
            logger: logger)
        let collector = Collector(
            store: store, lines: lines, catalogue: settings.catalogue.catalogue, logger: logger)
        return [{ await dispatcher.run() }, { await collector.run() }]
    }

    /// Closes the ways out.
    func close() async {
        await client.shutdown()
        await relay.shutdown()
        await storage?.shutdown()
    }

    /// Keeps the feed complete: reports whose time to be listed has come are told, and its order goes
    /// on where a restored backup would have it begin anew.
    private static func announce(_ store: CaseStore, _ logger: Logger) async {
        while !Task.isCancelled {
            do {
                if try await store.settleShift() { logger.warning("the feed's order was shifted") }
                for _ in 0..<60 where !Task.isCancelled {
                    _ = try await store.announceDue(now: Date())
                    try await Task.sleep(for: .seconds(1))
                }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("changes that are due are told later")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}

extension OutboundGuard.Settings {
    /// What the operator allows, and never ourselves.
    init(_ settings: Settings) {
        self.init(
            ports: Set([80, 443] + settings.outbound.ports),
            allow: settings.outbound.allowed.compactMap { OutboundGuard.Allowance($0) },
            own: (try? Destination(settings.http.publicURL)).flatMap(Self.own) ?? [])
    }

    /// Ourselves, as the public calls us: what is not public nobody reaches whom the operator does
    /// not name.
    private static func own(_ destination: Destination) -> [Destination.Host]? {
        guard case .address(let address) = destination.host else { return [destination.host] }
        return address.isPublic ? [destination.host] : nil
    }
}

extension BucketSettings {
    /// The bucket that the settings name; `nil` if they name none.
    fileprivate init?(_ media: MediaSettings) throws {
        guard let address = media.bucket else { return nil }
        guard let slash = address.lastIndex(of: "/"),
            let accessKey = media.accessKey, let secretKey = media.secretKey,
            let bucket = BucketSettings(
                endpoint: String(address[..<slash]), region: media.region,
                bucket: String(address[address.index(after: slash)...]),
                accessKey: accessKey.value, secretKey: secretKey.value)
        else {
            throw CommandError(
                .settings,
                "media.bucket_url needs an address such as https://storage.example/bucket, and "
                    + "media.access_key and media.secret_key beside it.")
        }
        self = bucket
    }
}
