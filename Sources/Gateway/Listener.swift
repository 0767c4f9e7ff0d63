import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A port on which a site is served, until the process is asked to stop: then what has begun is
/// finished, for at most ten seconds (H6).
package struct Listener: Service {
    private let site: Site
    private let address: Address
    private let patience: Patience
    private let certificate: ServerCertificate?
    private let group: any EventLoopGroup
    private let logger: Logger
    private let started: @Sendable (_ port: Int) async -> Void

    /// Where to listen; port 0 takes a free one.
    package struct Address: Sendable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Half of the processors serve connections: the database and whoever talks with it need the
    /// others, and loops that take turns on a processor wake each other up instead (decision 0011).
    private static let loops = MultiThreadedEventLoopGroup(
        numberOfThreads: max(1, System.coreCount / 2))

    /// `started` is told the port once connections are taken; without a certificate nothing is
    /// encrypted.
    package init(
        _ site: Site, at address: Address, patience: Patience = Patience(),
        certificate: ServerCertificate? = nil, group: any EventLoopGroup = Listener.loops,
        logger: Logger,
        started: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.site = site
        self.address = address
        self.patience = patience
        self.certificate = certificate
        self.group = group
        self.logger = logger
        self.started = started
    }

    /// Serves until a graceful shutdown or cancellation.
    package func run() async throws {
        let server = HTTPConnections(
            site: site, patience: patience, certificate: certificate
        ).server(
            configuration: ServerConfiguration(
                address: .hostname(address.host, port: address.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(site.caps.connections)),
            onServerRunning: { [started] channel in
                await started(channel.localAddress?.port ?? 0)
            }, eventLoopGroup: group, logger: logger)
        try await server.run()
    }
}
