import Addresses
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// A server as it was checked: its name and the one machine that we go to.
struct Pin: Hashable {
    let scheme: Destination.Scheme
    let host: Destination.Host
    let port: Int
    let address: IPAddress
    let connect: Duration
}

/// The open connections: for each pin a client that knows no other address.
///
/// At most `most` clients that nobody uses are kept, the latest used ones.
final class Connections: Sendable {
    private struct Entry {
        let lease: Lease
        var users: Int
        var used: Int
    }

    private struct State {
        var entries: [Pin: Entry] = [:]
        var uses = 0
        var isOpen = true
    }

    /// A client, and whether it was ever connected.
    struct Lease: Sendable {
        let client: HTTPClient
        let history: History
    }

    /// Whether one of a client's connections ever stood.
    final class History: Sendable {
        private let connected = Mutex(false)

        var hasConnected: Bool { connected.withLock { $0 } }

        func noteConnection() { connected.withLock { $0 = true } }
    }

    private let state = Mutex(State())
    private let most: Int
    private let certificates: String?

    init(most: Int, certificates: String?) {
        self.most = most
        self.certificates = certificates
    }

    /// Does something with the client of a pin.
    func with<R: Sendable>(
        _ pin: Pin, _ body: (Lease) async throws(OutboundError) -> R
    ) async throws(OutboundError) -> R {
        guard let lease = take(pin) else { throw .unreachable(.closed) }
        let result: Result<R, OutboundError>
        do throws(OutboundError) {
            result = .success(try await body(lease))
        } catch {
            result = .failure(error)
        }
        // Nobody waits here for a server that is slow to say goodbye.
        for client in giveBack(pin) { client.shutdown { _ in } }
        return try result.get()
    }

    /// Closes all connections; what is under way fails.
    func close() async {
        let clients = state.withLock { state in
            state.isOpen = false
            let clients = state.entries.values.map(\.lease.client)
            state.entries = [:]
            return clients
        }
        // A connection ends with its client, cleanly or not.
        for client in clients { try? await client.shutdown() }
    }

    private func take(_ pin: Pin) -> Lease? {
        state.withLock { state in
            guard state.isOpen else { return nil }
            state.uses += 1
            var entry = state.entries[pin] ?? Entry(lease: makeLease(pin), users: 0, used: 0)
            entry.users += 1
            entry.used = state.uses
            state.entries[pin] = entry
            return entry.lease
        }
    }

    /// Ends a use, and says which clients are too many now.
    private func giveBack(_ pin: Pin) -> [HTTPClient] {
        state.withLock { state in
            state.entries[pin]?.users -= 1
            let idle = state.entries.filter { $0.value.users == 0 }
            let oldest = idle.sorted { $0.value.used < $1.value.used }
            let dropped = oldest.prefix(max(0, state.entries.count - most))
            for (pin, _) in dropped { state.entries[pin] = nil }
            return dropped.map(\.value.lease.client)
        }
    }

    private func makeLease(_ pin: Pin) -> Lease {
        let history = History()
        var settings = settings(for: pin)
        // The last word before the first byte: the connection leads to the machine that was checked.
        settings.http1_1ConnectionDebugInitializer = { channel in
            let peer = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
            guard peer?.plain == pin.address.plain else {
                return channel.eventLoop.makeFailedFuture(OutboundError.refused(.network))
            }
            history.noteConnection()
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return Lease(
            client: HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings),
            history: history)
    }

    private func settings(for pin: Pin) -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.decompression = .disabled
        settings.httpVersion = .http1Only
        settings.timeout = .init(connect: TimeAmount(pin.connect))
        settings.connectionPool.idleTimeout = .seconds(10)
        // How much a server gets at a time is decided by whoever calls it: what waits here unseen
        // would be sent by the time that nobody wants it sent.
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        settings.connectionPool.retryConnectionEstablishment = false
        settings.tracing.tracer = nil
        if case .name(let name) = pin.host {
            settings.dnsOverride = [name.description: pin.address.description]
        }
        if let certificates {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(certificates)]
            settings.tlsConfiguration = tls
        }
        return settings
    }
}

extension Connections {
    /// Whether a server did not prove to be the one that was asked for.
    static func isCertificate(_ error: any Error) -> Bool {
        switch error {
        case is NIOSSLExtraError: true
        case NIOSSLError.handshakeFailed, NIOSSLError.noCertificateToValidate,
            NIOSSLError.unableToValidateCertificate:
            true
        default: false
        }
    }

    /// Whether an error comes only before a request is written.
    static func isBeforeSending(_ error: any Error) -> Bool {
        if let error = error as? IOError {
            return [ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
        }
        guard let error = error as? HTTPClientError else { return false }
        return [.connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout]
            .contains(error)
    }
}
