/// Finds out in which encoding a document is, and makes it UTF-8.
enum XMLText {
    /// The document in valid UTF-8, without a byte order mark; if it came in another encoding, without
    /// the XML declaration as well.
    static func utf8(_ bytes: [UInt8], limits: XMLLimits) throws(XMLError) -> [UInt8] {
        let encoding = try encoding(of: bytes)
        guard limits.encodings.contains(encoding) else { throw .refused(.encoding) }
        if encoding == .utf8 {
            guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed }
            return bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        }
        guard let text = text(bytes, in: encoding) else { throw .malformed }
        guard text.utf8.count <= limits.document else { throw .tooLarge(.document) }
        let utf8 = Array(text.utf8)
        return Array(utf8.dropFirst(declaration(in: utf8[...])?.upperBound ?? 0))
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// A declaration is longer only if someone plays with white space.
    private static let longestDeclaration = 256

    private static func encoding(of bytes: [UInt8]) throws(XMLError) -> XMLLimits.Encoding {
        let wide: [[UInt8]] = [[0xFE, 0xFF], [0xFF, 0xFE], [0x00, 0x3C], [0x3C, 0x00]]
        if wide.contains(where: bytes.starts) { return .utf16 }
        let start = bytes.starts(with: mark) ? mark.count : 0
        guard let declaration = declaration(in: bytes[start...]),
            let name = encodingName(in: bytes[declaration])
        else { return .utf8 }
        switch name {
        case "utf-8", "utf8", "us-ascii": return .utf8
        case "iso-8859-1", "latin1": return .latin1
        case "windows-1251", "cp1251": return .windows1251
        // What declares UTF-16 in single bytes is not UTF-16.
        default: throw .refused(.encoding)
        }
    }

    /// The bytes from `<?xml` to `?>`, if the document begins with them.
    private static func declaration(in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        guard bytes.starts(with: "<?xml".utf8) else { return nil }
        let head = bytes.prefix(longestDeclaration)
        for index in head.indices.dropLast()
        where head[index] == UInt8(ascii: "?") && head[index + 1] == UInt8(ascii: ">") {
            return bytes.startIndex..<index + 2
        }
        return nil
    }

    /// The value of `encoding="…"` in a declaration, in lower case.
    private static func encodingName(in declaration: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: declaration, as: UTF8.self)
        let parts = text.split(whereSeparator: { $0 == "\"" || $0 == "'" })
        for (key, value) in zip(parts, parts.dropFirst()) {
            let name = key.filter { !$0.isWhitespace }
            if name == "encoding=" || name.hasSuffix("encoding=") { return value.lowercased() }
        }
        return nil
    }

    private static func text(_ bytes: [UInt8], in encoding: XMLLimits.Encoding) -> String? {
        switch encoding {
        case .utf8: String(validating: bytes, as: UTF8.self)
        case .utf16: utf16(bytes)
        case .latin1:
            String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        case .windows1251:
            String(
                String.UnicodeScalarView(
                    bytes.map { $0 < 0x80 ? Unicode.Scalar($0) : cyrillic[Int($0) - 0x80] }))
        }
    }

    private static func utf16(_ bytes: [UInt8]) -> String? {
        guard bytes.count.isMultiple(of: 2) else { return nil }
        let isLittle = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0x3C, 0x00])
        let hasMark = bytes.first == 0xFE || bytes.first == 0xFF
        let units = stride(from: hasMark ? 2 : 0, to: bytes.count, by: 2).map { index in
            let pair = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittle ? pair.1 << 8 | pair.0 : pair.0 << 8 | pair.1
        }
        return String(validating: units, as: UTF16.self)
    }

    /// The upper half of windows-1251, whose 128 characters the array therefore always holds.
    private static let cyrillic: [Unicode.Scalar] = Array(
        ("ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ"
            + "\u{A0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{AD}®Ї°±Ііґµ¶·ё№є»јЅѕї"
            + "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя").unicodeScalars)
}
