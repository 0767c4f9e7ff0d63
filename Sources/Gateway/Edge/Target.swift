import GeoReport

/// A request's target, checked but not decoded: path and query.
struct Target {
    let path: String
    let query: String?

    /// Reads the origin form, the absolute form of our own host, and `*` for OPTIONS
    /// (RFC 9112, 3.2).
    init(parsing text: String, method: EdgeRequest.Method, host: String?) throws(Fault) {
        if text == "*", method == .options {
            path = "*"
            query = nil
            return
        }
        let local = try Self.local(text, host: host)
        let mark = local.utf8.firstIndex(of: UInt8(ascii: "?")) ?? local.endIndex
        path = String(local[..<mark])
        query = mark < local.endIndex ? String(local[local.utf8.index(after: mark)...]) : nil
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw Fault(.malformed, "The path holds bytes that must be percent-encoded.")
        }
        guard Percent.isSound(path) else {
            throw Fault(.malformed, "The path is not percent-encoded UTF-8.")
        }
        guard query.map(Percent.isSound) != false else {
            throw Fault(.malformed, "The query is not percent-encoded UTF-8.")
        }
    }

    /// The target from its path on.
    private static func local(_ text: String, host: String?) throws(Fault) -> Substring {
        if text.utf8.first == UInt8(ascii: "/") { return text[...] }
        for scheme in ["http://", "https://"] where text.prefix(8).lowercased().hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard authority.lowercased() == host?.lowercased() else {
                throw Fault(.malformed, "The address names another host than Host does.")
            }
            let local = rest.dropFirst(authority.count)
            return local.first == "/" ? local : "/" + local
        }
        throw Fault(.malformed, "The address does not begin with a slash.")
    }
}

/// Percent-encoding (RFC 3986, 2.1).
enum Percent {
    /// Whether each `%` leads two digits, and what comes out is UTF-8 without NUL.
    static func isSound(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 }) else { return true }
        return decoded(text) != nil && !text.unicodeScalars.contains("\u{FFFD}")
    }

    /// The decoded text, or `nil` if there is none. `+` stays: a path knows no blanks.
    static func decoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text with everything encoded that would end an address in a header.
    static func plain(_ text: Substring) -> String {
        guard !text.utf8.allSatisfy(isPlain) else { return String(text) }
        var plain = ""
        for byte in text.utf8 {
            let isPlain = isPlain(byte)
            let hex = String(byte, radix: 16, uppercase: true)
            plain += isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + hex
        }
        return plain
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""): false
        default: byte > 0x20 && byte < 0x7F
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

/// The value of `Host`.
enum HostName {
    /// Whether the text is a name or an address, with or without a port; never with a user (row 3).
    static func isValid(_ text: String) -> Bool {
        guard (1...255).contains(text.utf8.count) else { return false }
        if text.utf8.first == UInt8(ascii: "[") {
            let parts = text.dropFirst().split(separator: "]", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return false }
            return !parts[0].isEmpty && parts[0].utf8.allSatisfy(isAddressByte)
                && (parts[1].isEmpty || parts[1].first == ":" && isPort(parts[1].dropFirst()))
        }
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        let name = text.utf8[..<colon]
        guard !name.isEmpty, name.allSatisfy(isNameByte) else { return false }
        return colon == text.endIndex || isPort(text[text.utf8.index(after: colon)...])
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.count <= 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        (0x30...0x3A).contains(byte) || (0x61...0x66).contains(byte | 0x20)
            || byte == UInt8(ascii: ".")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
