import Testing

@testable import XML

private func limits(_ encoding: XMLLimits.Encoding) -> XMLLimits {
    var limits = XMLLimits()
    limits.encodings = [.utf8, encoding]
    return limits
}

@Test func `windows-1251 is read from a peer that may send it`() throws {
    let document =
        Array("<?xml version=\"1.0\" encoding=\"windows-1251\"?><a>".utf8)
        + [0xC4, 0xF3, 0xEF, 0xEA, 0xE0, 0x20, 0xB9, 0x35, 0x88] + Array("</a>".utf8)
    #expect(try XMLReader.parse(document, limits: limits(.windows1251)).text == "Дупка №5€")
    #expect(refusal(document) == .refused(.encoding))
}

@Test func `latin 1 is read from a peer that may send it`() throws {
    let document =
        Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xE9, 0xDF]
        + Array("</a>".utf8)
    #expect(try XMLReader.parse(document, limits: limits(.latin1)).text == "éß")
}

@Test(arguments: [true, false])
func `UTF-16 is read in both byte orders`(isLittle: Bool) throws {
    let text = "\u{FEFF}<?xml version='1.0' encoding='utf-16'?><a>Дупка 🇧🇬</a>"
    let bytes = text.utf16.flatMap { unit in
        let pair = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
        return isLittle ? pair : pair.reversed()
    }
    #expect(try XMLReader.parse(bytes, limits: limits(.utf16)).text == "Дупка 🇧🇬")
    #expect(refusal(bytes) == .refused(.encoding))
    #expect(refusal(Array(bytes.dropLast()), limits: limits(.utf16)) == .malformed)
}

@Test func `what declares UTF-16 in single bytes is refused whoever sends it`() {
    #expect(
        refusal("<?xml version='1.0' encoding='utf-16'?><a/>", limits: limits(.utf16))
            == .refused(.encoding))
}
