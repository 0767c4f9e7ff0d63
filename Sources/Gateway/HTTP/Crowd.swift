import Addresses
import NIOCore
import Synchronization

/// How many connections there may be, and how much each may ask (reliability 2.2).
package struct Caps: Sendable, Equatable {
    /// All together; who comes then waits until one of them is closed.
    package var connections = 2048
    /// From one address, or one /56 of IPv6; who comes then is turned away.
    package var ofAddress = 64
    /// Requests of one connection; the last one's answer says that it closes.
    package var requests = 1000

    package init() {}
}

/// The open connections, counted by where they come from.
///
/// A class for the count that all connections share, under a mutex.
final class Crowd: Sendable {
    private let most: Int
    private let proxies: TrustedProxies
    private let households = Mutex<[IPNetwork: Int]>([:])

    init(most: Int, proxies: TrustedProxies = TrustedProxies()) {
        self.most = most
        self.proxies = proxies
    }

    /// What an open connection counts as.
    enum Place: Equatable {
        case counted(IPNetwork)
        /// A trusted proxy, or no address at all.
        case free
        /// There are too many from there.
        case full
    }

    /// Counts a connection in, if there is room for it.
    func enter(_ address: SocketAddress?) -> Place {
        guard let text = address?.ipAddress, let address = IPAddress(text) else { return .free }
        guard !proxies.contains(address) else { return .free }
        let household = IPNetwork(household: address)
        return households.withLock { households in
            let count = households[household] ?? 0
            guard count < most else { return .full }
            households[household] = count + 1
            return .counted(household)
        }
    }

    /// Counts a connection out.
    func leave(_ place: Place) {
        guard case .counted(let household) = place else { return }
        households.withLock { households in
            let count = (households[household] ?? 0) - 1
            households[household] = count > 0 ? count : nil
        }
    }
}
