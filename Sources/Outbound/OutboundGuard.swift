import Addresses

/// Who may be called: judges an address before anything is asked, and the machines it means before
/// anything is sent (M1).
package struct OutboundGuard: Sendable {
    /// What an operator decides.
    package struct Settings: Sendable {
        /// The ports that may be called: 80, 443 and what the operator adds.
        package var ports: Set<Int>
        /// The networks and hosts that may be called though they are not public.
        package var allow: [Allowance]
        /// Our own public names and addresses, which nobody has us call.
        package var own: [Destination.Host]
        package var reach: Reach

        package init(
            ports: Set<Int> = [80, 443], allow: [Allowance] = [], own: [Destination.Host] = [],
            reach: Reach = .publicOnly
        ) {
            self.ports = ports
            self.allow = allow
            self.own = own
            self.reach = reach
        }

        /// What an operator names at the command line: he may go wherever his machine may.
        package static let `operator` = Settings(reach: .everywhere)
    }

    /// How far the addresses are trusted.
    package enum Reach: Sendable {
        case publicOnly, everywhere
    }

    /// A network or host that may be called though it is not public.
    package enum Allowance: Sendable, Hashable {
        case network(IPNetwork)
        case host(HostName)

        /// `10.1.0.0/16`, `10.1.2.3` or `tickets.city.internal`.
        package init?(_ text: String) {
            if let network = IPNetwork(text) {
                self = .network(network)
            } else if let host = HostName(text) {
                self = .host(host)
            } else {
                return nil
            }
        }
    }

    package let settings: Settings

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
    }

    /// The destination that a text names, if it may be called as far as the text shows.
    package func check(_ text: String) throws(Refusal) -> Destination {
        try check(Destination(text))
    }

    /// The same destination, if it may be called as far as it shows by itself.
    package func check(_ destination: Destination) throws(Refusal) -> Destination {
        guard settings.reach == .publicOnly else { return destination }
        guard Self.isUnambiguous(destination.target) else { throw .malformed }
        guard settings.ports.contains(destination.port) else { throw .port }
        switch destination.host {
        case .address(let address): try judge([address], of: destination)
        case .name(let name):
            guard !settings.own.contains(destination.host) else { throw .own }
            guard !name.isLocal || isAllowed(name) else { throw .host }
        }
        return destination
    }

    /// Refuses a destination if one of the machines that its name means may not be called: whoever
    /// rules the name could have us take that one.
    package func judge(_ addresses: [IPAddress], of destination: Destination) throws(Refusal) {
        guard settings.reach == .publicOnly else { return }
        for address in addresses {
            guard !settings.own.contains(.address(address.plain)) else { throw .own }
            guard isAllowed(address, of: destination) else { throw .network }
        }
    }

    private func isAllowed(_ name: HostName) -> Bool {
        settings.allow.contains(.host(name))
    }

    private func isAllowed(_ address: IPAddress, of destination: Destination) -> Bool {
        if address.isPublic { return true }
        if case .name(let name) = destination.host, isAllowed(name) { return true }
        return settings.allow.contains {
            guard case .network(let network) = $0 else { return false }
            return network.contains(address.plain)
        }
    }

    /// Whether no program reads a line's end or a half escape out of the path.
    private static func isUnambiguous(_ target: String) -> Bool {
        let bytes = Array(target.utf8)
        return bytes.indices.allSatisfy { index in
            guard bytes[index] == UInt8(ascii: "%") else { return true }
            let digits = bytes[index...].dropFirst().prefix(2)
            guard digits.count == 2,
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
                digits.first != UInt8(ascii: "+")
            else { return false }
            return byte >= 0x20 && byte != 0x7F
        }
    }
}
