/// A picture that lies in our files, clean, under a name made of its content.
package struct StoredPicture: Sendable, Hashable {
    package let name: Name
    /// How long the file is.
    package let bytes: Int

    package init(name: Name, bytes: Int) {
        self.name = name
        self.bytes = bytes
    }

    /// The first half of the content's SHA-256, and an extension: `0f3a…9c.jpg`.
    ///
    /// As an entry of `Report.media` it stands beside addresses, from which the missing `://` tells
    /// it apart. Nobody guesses one without the picture.
    package struct Name: Identifier {
        package let rawValue: String

        /// A name, or `nil` if the text cannot be one.
        package init?(rawValue: String) {
            let digits = rawValue.utf8.prefix(Self.digits)
            guard digits.count == Self.digits, digits.allSatisfy(Self.isDigit),
                Self.extensions.contains(String(rawValue.utf8.dropFirst(Self.digits)) ?? "")
            else { return nil }
            self.rawValue = rawValue
        }

        /// What the names of the picture and of its thumbnails begin with.
        package var digest: String { String(rawValue.prefix(Self.digits)) }

        private static let digits = 32
        private static let extensions = [".jpg", ".png", ".webp"]

        private static func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
    }
}
