import Reports

/// The name of a system in the paths of events: a Viaduct, an instance, a ticket system.
///
/// The same everywhere: two Viaducts that know a third one call it by one name, or they cannot tell
/// that a report has been there.
package struct Authority: Identifier {
    package let rawValue: String

    /// An authority, or `nil` if the text does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`.
    package init?(rawValue: String) {
        let bytes = Array(rawValue.utf8)
        guard (1...64).contains(bytes.count), let first = bytes.first, Self.isWord(first),
            bytes.allSatisfy({ Self.isWord($0) || Self.joiners.contains($0) })
        else { return nil }
        self.rawValue = rawValue
    }

    /// What a Viaduct is called in paths that was given no name.
    package static let viaduct = Authority(known: "viaduct")

    private init(known text: StaticString) {
        rawValue = text.description
    }

    private static let joiners = Array("._:-".utf8)

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Where something began, and whom it has passed since (peers.md 5.3).
package struct Provenance: Sendable, Equatable {
    /// Who was told first.
    package let origin: Authority
    /// The origin's own id of it: an opaque string of at most 255 bytes.
    package let originID: String
    /// Whom it has passed, the origin first and the last sender last.
    package let path: [Authority]

    /// How many authorities something may have passed (block G, 133).
    package static let mostHops = 5

    package init(origin: Authority, originID: String, path: [Authority]) {
        self.origin = origin
        self.originID = originID
        self.path = path
    }

    /// Whether handing it to this authority would lead it back to where it has been.
    package func hasPassed(_ authority: Authority) -> Bool {
        origin == authority || path.contains(authority)
    }
}
