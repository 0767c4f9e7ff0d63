import Foundation

/// An address of a machine, IPv4 or IPv6, without a zone.
package enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(UInt128)

    /// An address in the one form that everybody reads alike: four plain decimals, or RFC 4291's.
    ///
    /// `127.1`, `0177.0.0.1`, `0x7f000001` and zones (`fe80::1%eth0`) are none.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self = .v6(withUnsafeBytes(of: six) { $0.reduce(0) { $0 << 8 | UInt128($1) } })
    }

    /// The two kinds of address.
    package enum Family: Sendable {
        case v4, v6
    }

    package var family: Family {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// The IPv4 address that an IPv6 one stands for: mapped, compatible, or behind NAT64.
    package var embedded: IPAddress? {
        guard case .v6(let bits) = self else { return nil }
        let prefix = bits >> 32
        let isWrapped = prefix == 0xFFFF || prefix == 0 || prefix == 0x64_FF9B << 64
        return isWrapped ? .v4(UInt32(truncatingIfNeeded: bits)) : nil
    }

    /// The address as the network knows it: a mapped IPv4 address is that IPv4 address.
    package var plain: IPAddress {
        guard case .v6(let bits) = self, bits >> 32 == 0xFFFF else { return self }
        return .v4(UInt32(truncatingIfNeeded: bits))
    }

    /// Whether the address is one of a public machine: none of a special-purpose block.
    package var isPublic: Bool {
        if let embedded { return embedded.isPublic }
        switch self {
        case .v4: return !IPNetwork.special.contains { $0.contains(self) }
        case .v6:
            return IPNetwork.global.contains(self)
                && !IPNetwork.carvedOut.contains { $0.contains(self) }
        }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let bits):
            return [24, 16, 8, 0].map { String(bits >> $0 & 0xFF) }.joined(separator: ".")
        case .v6(let bits):
            var six = in6_addr()
            withUnsafeMutableBytes(of: &six) { raw in
                for index in 0..<16 {
                    raw[index] = UInt8(truncatingIfNeeded: bits >> (8 * (15 - index)))
                }
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &six, &text, socklen_t(INET6_ADDRSTRLEN))
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        }
    }
}

/// A block of addresses, such as `10.1.0.0/16`.
package struct IPNetwork: Sendable, Hashable {
    package let address: IPAddress
    package let length: Int

    /// A block in CIDR notation, or one address; `nil` if bits below the length are set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(address, address.width)
            return
        }
        guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1]),
            length <= address.width, address.bits & ~Self.mask(length, of: address.width) == 0
        else { return nil }
        self.init(address, length)
    }

    private init(_ address: IPAddress, _ length: Int) {
        self.address = address
        self.length = length
    }

    /// The block of this length that an address lies in; a longer one than the address has bits is
    /// the address itself.
    package init(of address: IPAddress, length: Int) {
        let length = min(max(length, 0), address.width)
        switch address {
        case .v4(let bits):
            self.init(.v4(bits & UInt32(Self.mask(length, of: 32))), length)
        case .v6(let bits):
            self.init(.v6(bits & Self.mask(length, of: 128)), length)
        }
    }

    /// Whoever an address stands for: itself, or the /56 of IPv6 that providers give a household.
    package init(household address: IPAddress) {
        self.init(of: address.plain, length: 56)
    }

    /// An address without its last part, as it may stand in a log: /24, or /48 of IPv6.
    package init(blurred address: IPAddress) {
        let address = address.plain
        self.init(of: address, length: address.family == .v4 ? 24 : 48)
    }

    private static func v4(
        _ a: UInt32, _ b: UInt32 = 0, _ c: UInt32 = 0, bits length: Int
    ) -> IPNetwork {
        IPNetwork(.v4(a << 24 | b << 16 | c << 8), length)
    }

    private static func mask(_ length: Int, of width: Int) -> UInt128 {
        let ones: UInt128 = width == 32 ? 0xFFFF_FFFF : .max
        return ones & ~(length == width ? 0 : ones >> length)
    }

    /// Whether an address lies in the block.
    package func contains(_ other: IPAddress) -> Bool {
        guard other.width == address.width else { return false }
        return (other.bits ^ address.bits) & Self.mask(length, of: address.width) == 0
    }

    /// The blocks of IPv4 in which no public machine is (IANA's registry of special purposes).
    static let special: [IPNetwork] = [
        v4(0, bits: 8), v4(10, bits: 8), v4(100, 64, bits: 10), v4(127, bits: 8),
        v4(169, 254, bits: 16), v4(172, 16, bits: 12), v4(192, 0, 0, bits: 24),
        v4(192, 0, 2, bits: 24), v4(192, 88, 99, bits: 24), v4(192, 168, bits: 16),
        v4(198, 18, bits: 15), v4(198, 51, 100, bits: 24), v4(203, 0, 113, bits: 24),
        v4(224, bits: 4), v4(240, bits: 4),
    ]
    /// The only block of IPv6 that is given out to public machines.
    static let global = IPNetwork(.v6(0x2000 << 112), 3)
    /// What lies in it for other purposes: protocols and Teredo, examples, 6to4, more examples.
    static let carvedOut = [
        IPNetwork(.v6(0x2001 << 112), 23), IPNetwork(.v6(0x2001_0DB8 << 96), 32),
        IPNetwork(.v6(0x2002 << 112), 16), IPNetwork(.v6(0x3FFF << 112), 20),
    ]
}

extension IPNetwork: CustomStringConvertible {
    /// In CIDR notation; one address is itself.
    package var description: String {
        length == address.width ? address.description : "\(address)/\(length)"
    }
}

extension IPAddress {
    fileprivate var width: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    fileprivate var bits: UInt128 {
        switch self {
        case .v4(let bits): UInt128(bits)
        case .v6(let bits): bits
        }
    }
}
