import Addresses

/// Where an outgoing request goes: an address of the web, read by one strict grammar.
///
/// No other parser decides where we connect to: what they read differently is refused (block H).
package struct Destination: Sendable, Hashable {
    package let scheme: Scheme
    package let host: Host
    package let port: Int
    /// The path and query, as they are sent.
    package let target: String

    /// How it is spoken to.
    package enum Scheme: String, Sendable {
        case http, https

        var port: Int { self == .http ? 80 : 443 }
    }

    /// A server by its name or its address.
    package enum Host: Sendable, Hashable, CustomStringConvertible {
        case name(HostName)
        case address(IPAddress)

        /// The host as it is written in an address.
        package var description: String {
            switch self {
            case .name(let name): name.description
            case .address(.v4(let bits)): IPAddress.v4(bits).description
            case .address(.v6(let bits)): "[\(IPAddress.v6(bits))]"
            }
        }
    }

    static let most = 2048

    /// The destination that a text names, whether or not anybody may go there.
    package init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Self.most else { throw .tooLong }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw .malformed
        }
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { throw .scheme }
        let word = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard let scheme = Scheme(rawValue: word) else { throw .scheme }
        let rest = bytes[(colon + 1)...]
        guard rest.starts(with: Array("//".utf8)) else { throw .malformed }
        let ends = Array("/?#".utf8)
        let authority = rest.dropFirst(2).prefix { !ends.contains($0) }
        let tail = bytes[authority.endIndex...]
        // What stands behind a # without a path is a host to some programs.
        guard tail.first != UInt8(ascii: "#") else { throw .malformed }
        (host, port) = try Self.server(authority, scheme)
        self.scheme = scheme
        target = Self.target(tail)
    }

    private init(_ base: Destination, target: String) {
        scheme = base.scheme
        host = base.host
        port = base.port
        self.target = target
    }

    /// The address in its one written form.
    package var text: String { server + target }

    private var server: String {
        "\(scheme.rawValue)://\(host)" + (port == scheme.port ? "" : ":\(port)")
    }

    /// Where a `Location` that was answered by this destination points to (RFC 3986, 5.2).
    package func destination(of reference: String) throws(Refusal) -> Destination {
        guard reference.utf8.count <= Self.most else { throw .tooLong }
        let head = reference.utf8.prefix { !Array("/?#".utf8).contains($0) }
        if head.contains(UInt8(ascii: ":")) { return try Destination(reference) }
        if reference.hasPrefix("//") { return try Destination("\(scheme.rawValue):\(reference)") }
        let path = String(target.prefix { $0 != "?" })
        let joined: String
        switch reference.utf8.first {
        case nil, UInt8(ascii: "#"): joined = target
        case UInt8(ascii: "/"): joined = reference
        case UInt8(ascii: "?"): joined = path + reference
        default:
            joined = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex) + reference
        }
        let other = try Destination(server + joined)
        return Destination(other, target: Self.withoutDots(other.target))
    }
}

extension Destination {
    /// The host and port of an authority.
    private static func server(
        _ authority: ArraySlice<UInt8>, _ scheme: Scheme
    ) throws(Refusal) -> (Host, Int) {
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userinfo }
        guard authority.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "%") }) else { throw .host }
        let text = String(decoding: authority, as: UTF8.self)
        if text.hasPrefix("[") {
            let inner = text.dropFirst().prefix { $0 != "]" }
            guard let address = IPAddress(String(inner)), case .v6 = address,
                inner.endIndex < text.endIndex
            else { throw .host }
            let rest = text[text.index(after: inner.endIndex)...]
            return (.address(address.plain), try port(rest, scheme))
        }
        let name = text.prefix { $0 != ":" }
        let number = try port(text[name.endIndex...], scheme)
        if let address = IPAddress(String(name)), case .v4 = address {
            return (.address(address), number)
        }
        guard let name = HostName(name) else { throw .host }
        return (.name(name), number)
    }

    /// The port that stands behind a host: nothing, or a colon and a number.
    private static func port(_ text: Substring, _ scheme: Scheme) throws(Refusal) -> Int {
        guard !text.isEmpty else { return scheme.port }
        let digits = text.dropFirst()
        guard text.first == ":", (1...5).contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
            number <= 65_535
        else { throw .port }
        return number
    }

    /// The path and query without the fragment; what no address may hold is percent-encoded.
    private static func target(_ tail: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let encoded = Array("\"<>^`{|}".utf8)
        var bytes: [UInt8] = tail.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        for byte in tail.prefix(while: { $0 != UInt8(ascii: "#") }) {
            if byte >= 0x80 || encoded.contains(byte) {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A path whose `.` and `..` have been gone along (RFC 3986, 5.2.4).
    private static func withoutDots(_ target: String) -> String {
        let path = target.prefix { $0 != "?" }
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/") + target[path.endIndex...]
    }
}
