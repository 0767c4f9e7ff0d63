/// Addresses of pictures as clients send them (GR-15.3).
enum MediaAddress {
    /// Whether the text is an absolute address without what tricks the programs that fetch it:
    /// blanks, controls, backslashes, a user in front of the host (bad inputs 143, 144, 149).
    static func isAcceptable(_ text: String) -> Bool {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
            !text.unicodeScalars.contains(where: \.properties.isWhitespace),
            !text.utf8.contains(UInt8(ascii: "\\")), let scheme = scheme(of: text)
        else { return false }
        let authority = text.utf8.dropFirst(scheme.utf8.count).prefix {
            ![UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0)
        }
        return !authority.isEmpty && authority.first != UInt8(ascii: ":")
            && !authority.contains(UInt8(ascii: "@")) && !hasEncodedControl(text)
    }

    private static func scheme(of text: String) -> String? {
        ["http://", "https://"].first { text.prefix($0.count).lowercased() == $0 }
    }

    /// `%00` to `%1F`, and `%7F`: line breaks in disguise.
    private static func hasEncodedControl(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
            .contains { rest in
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return false }
                return value < 0x20 || value == 0x7F
            }
    }
}
