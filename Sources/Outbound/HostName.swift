/// The name of a machine, in lower case and without the dot of the root.
package struct HostName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// A name of letters, digits, `-` and `_`, or `nil`; other scripts come as Punycode.
    ///
    /// A name whose last label is a number is none: some programs read it as an IPv4 address.
    package init?(_ text: some StringProtocol) {
        let name = text.hasSuffix(".") ? String(text.dropLast()) : String(text)
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count), labels.allSatisfy(Self.isLabel),
            let last = labels.last, !Self.isNumber(last)
        else { return nil }
        description = name.lowercased()
    }

    /// Whether only a private network gives the name a meaning.
    package var isLocal: Bool {
        guard description.contains(".") else { return true }
        return Self.localEnds.contains { description.hasSuffix($0) }
    }

    private static let localEnds = [
        ".localhost", ".local", ".internal", ".localdomain", ".home.arpa",
    ]

    private static func isLabel(_ label: some Collection<UInt8>) -> Bool {
        let hyphen = UInt8(ascii: "-")
        guard (1...63).contains(label.count), label.first != hyphen,
            label.dropFirst(label.count - 1).first != hyphen
        else { return false }
        return label.allSatisfy {
            isDigit($0) || isLetter($0) || $0 == hyphen || $0 == UInt8(ascii: "_")
        }
    }

    private static func isNumber(_ label: some Collection<UInt8>) -> Bool {
        if label.allSatisfy(isDigit) { return true }
        let text = String(decoding: label, as: UTF8.self).lowercased()
        return text.hasPrefix("0x") && text.dropFirst(2).allSatisfy(\.isHexDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
