import Addresses
import GeoReport

/// The proxies in front of us, whose word on where a request comes from counts (H11).
package struct TrustedProxies: Sendable, Equatable {
    private let networks: [IPNetwork]

    /// None by default: then a request comes from whoever is connected.
    package init(_ networks: [IPNetwork] = []) {
        self.networks = networks
    }

    /// Whether nobody's word counts.
    package var isEmpty: Bool { networks.isEmpty }

    /// Whether the address is one of theirs.
    package func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address.plain) }
    }

    /// Who asks: whoever is connected, or, if that is a proxy, the right-most hop that is none.
    ///
    /// What stands left of it anybody may have written. A hop that is no address ends the search at
    /// the proxy that wrote it, as do two fields that tell different stories: one of them came
    /// through unread.
    package func client(of peer: String, _ fields: Fields) -> String {
        guard !isEmpty, let address = IPAddress(peer)?.plain, contains(address) else { return peer }
        let stories = [
            fields.forwardedFor.map { ForwardedHops.addresses($0) },
            fields.forwarded.map { ForwardedHops.forwarded($0) },
        ].compactMap(\.self).map { client(behind: address, $0) }
        guard let story = stories.first, stories.allSatisfy({ $0 == story }) else { return peer }
        return story.description
    }

    /// The hops from right to left, as far as they are trusted.
    private func client(behind proxy: IPAddress, _ hops: [IPAddress?]) -> IPAddress {
        var client = proxy
        for hop in hops.reversed() {
            guard let hop else { return client }
            client = hop
            guard contains(hop) else { return hop }
        }
        return client
    }
}

/// The hops that proxies name, from left to right; `nil` is a hop that is no address.
enum ForwardedHops {
    /// `X-Forwarded-For: 203.0.113.7, [2001:db8::1]:443`.
    static func addresses(_ text: String) -> [IPAddress?] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { address($0.trimmed) }
    }

    /// `Forwarded: for=203.0.113.7;proto=https, for="[2001:db8::1]:443"` (RFC 7239).
    static func forwarded(_ text: String) -> [IPAddress?] {
        pieces(of: text[...], at: UInt8(ascii: ",")).map { element in
            let nodes = pieces(of: element, at: UInt8(ascii: ";")).compactMap(node)
            return nodes.count == 1 ? address(nodes[0]) : nil
        }
    }

    /// The value of `for`, without its quotes; `nil` for any other parameter.
    private static func node(_ pair: Substring) -> Substring? {
        let pair = pair.trimmed
        guard pair.prefix(4).lowercased() == "for=" else { return nil }
        let value = pair.dropFirst(4)
        guard value.first == "\"" else { return value }
        return value.count >= 2 && value.last == "\"" ? value.dropFirst().dropLast() : ""
    }

    /// The text cut where the byte stands outside quotes; nothing in an address needs a backslash.
    private static func pieces(of text: Substring, at mark: UInt8) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard byte == mark, !isQuoted else { continue }
            pieces.append(text[start..<index])
            start = text.utf8.index(after: index)
        }
        return pieces + [text[start...]]
    }

    /// An address with or without a port; IPv6 with one stands in brackets.
    private static func address(_ text: Substring) -> IPAddress? {
        guard text.first == "[" else {
            if let address = IPAddress(String(text)) { return address.plain }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, isPort(parts[1]) else { return nil }
            return IPAddress(String(parts[0]))
        }
        let parts = text.dropFirst().split(separator: "]", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), address.family == .v6,
            parts[1].isEmpty || parts[1].first == ":" && isPort(parts[1].dropFirst())
        else { return nil }
        return address.plain
    }

    /// RFC 7239 also lets a proxy hide its port behind `_`.
    private static func isPort(_ text: Substring) -> Bool {
        (1...24).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".")
            }
    }
}
