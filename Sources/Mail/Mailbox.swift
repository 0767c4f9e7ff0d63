/// An address that mail can go to, with the name shown beside it.
package struct Mailbox: Sendable, Hashable {
    package var name: String?
    /// `local@host`: printable ASCII without blanks and without what has a meaning in headers.
    package let address: String

    /// A mailbox, or `nil` if the text is no address that a header and SMTP carry as it is.
    package init?(_ address: String, name: String? = nil) {
        let halves = address.split(separator: "@", omittingEmptySubsequences: false)
        guard halves.count == 2, (1...64).contains(halves[0].utf8.count),
            (1...190).contains(halves[1].utf8.count), halves[0].utf8.allSatisfy(Self.isOfLocal),
            halves[1].utf8.allSatisfy(Self.isOfHost), !halves[1].hasPrefix("."),
            !halves[1].hasSuffix(".")
        else { return nil }
        self.address = address
        self.name = name
    }

    /// What stands before the `@`.
    package var local: String { String(address.prefix { $0 != "@" }) }
    /// What stands behind it, in lower case.
    package var host: String { address.drop { $0 != "@" }.dropFirst().lowercased() }

    /// Whether mail to both gets to the same place: hosts are alike in any case, and so are the
    /// local parts of all servers that people use.
    package func isAlike(_ other: Mailbox) -> Bool {
        address.lowercased() == other.address.lowercased()
    }

    private static func isOfLocal(_ byte: UInt8) -> Bool {
        isWord(byte) || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte)
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        isWord(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
