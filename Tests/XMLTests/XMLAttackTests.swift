import Testing

@testable import XML

/// Documents that have read files, opened connections or stopped parsers elsewhere (X1; bad inputs 108–112).
private let forbidden: [(String, XMLError)] = [
    ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", .refused(.doctype)),
    ("<!DOCTYPE a [<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>]><a>&x;</a>", .refused(.doctype)),
    ("<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:1/'> %x;]><a/>", .refused(.doctype)),
    ("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", .refused(.doctype)),
    ("<!DOCTYPE a PUBLIC '-//X//Y//EN' 'file:///a.dtd'><a/>", .refused(.doctype)),
    ("<?xml version='1.0'?>\n<!DOCTYPE a><a/>", .refused(.doctype)),
    ("<!doctype html><html></html>", .refused(.doctype)),
    ("<!-- x --><!DOCTYPE a><a/>", .refused(.doctype)),
    ("<a><!DOCTYPE a></a>", .refused(.doctype)),
    ("<a>&x;</a>", .refused(.entity)), ("<a>&nbsp;</a>", .refused(.entity)),
    ("<a>&</a>", .refused(.entity)), ("<a>& b</a>", .refused(.entity)),
    ("<a>&;</a>", .refused(.entity)), ("<a b='&x;'/>", .refused(.entity)),
    ("<a>&AMP;</a>", .refused(.entity)), ("<a>%x;&x;</a>", .refused(.entity)),
    ("<a>&#0000000000000000000038;</a>", .refused(.entity)),
    ("<?xml-stylesheet href='file:///x.xsl'?><a/>", .refused(.processingInstruction)),
    ("<a><?php x ?></a>", .refused(.processingInstruction)),
    ("<a/><?x?>", .refused(.processingInstruction)),
    (" <?xml version='1.0'?><a/>", .refused(.processingInstruction)),
    ("<?XML version='1.0'?><a/>", .refused(.processingInstruction)),
    ("<?xml version='1.0' encoding='utf-7'?><a>+ADw-</a>", .refused(.encoding)),
    ("<?xml version='1.0' encoding='utf-16'?><a/>", .refused(.encoding)),
    ("<?xml version='1.0' encoding='windows-1251'?><a/>", .refused(.encoding)),
    ("<?xml version='1.0' encoding='iso-8859-1'?><a/>", .refused(.encoding)),
    ("<?xml version='1.0' encoding='ebcdic-cp-us'?><a/>", .refused(.encoding)),
    ("<?xml version='1.0' encoding = \"ucs-4\" ?><a/>", .refused(.encoding)),
]

@Test(arguments: forbidden)
func `what we never process is refused before libxml2 sees it`(document: String, error: XMLError) {
    #expect(refusal(document) == error)
}

@Test func `an include is an element like any other`() throws {
    let document =
        "<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd'/></a>"
    let root = try XMLReader.parse(Array(document.utf8))
    #expect(root.child("include")?.text == "")
}

/// Large documents, each with the error it must be refused with.
private enum Bomb: String, CaseIterable {
    case attributes, tag, attributeValue, elements, depth, unclosed, text, pieces, size, laughs,
        quadratic
    case loop, name, attributeName, comment, references, hyphens, cdata, lateTag, lateByte,
        lateName, spaces
    case quotes

    var document: String {
        switch self {
        case .attributes:
            "<a" + (0..<100_000).map { " a\($0)='1'" }.joined() + "/>"
        case .tag: "<a" + (0..<60).map { " a\($0)='" + filler(300) + "'" }.joined() + "/>"
        case .attributeValue: "<a b='" + filler(1 << 20) + "'/>"
        case .elements: "<a>" + String(repeating: "<b/>", count: 1_000_000) + "</a>"
        case .depth: nested(300)
        case .unclosed: String(repeating: "<a>", count: 1_000_000)
        case .text: "<a>" + filler(300 << 10) + "</a>"
        case .pieces: "<a>" + String(repeating: filler(999) + "<b/>", count: 400) + "</a>"
        case .size: "<a>" + filler(12 << 20) + "</a>"
        case .laughs:
            "<!DOCTYPE a [<!ENTITY a0 'ha'>"
                + (1...30).map { "<!ENTITY a\($0) '&a\($0 - 1);&a\($0 - 1);'>" }.joined()
                + "]><a>&a30;</a>"
        case .quadratic:
            "<!DOCTYPE a [<!ENTITY x '\(filler(100_000))'>]><a>"
                + String(repeating: "&x;", count: 100_000) + "</a>"
        case .loop: "<!DOCTYPE a [<!ENTITY x '&y;'><!ENTITY y '&x;'>]><a>&x;</a>"
        case .name: "<" + filler(1 << 20) + "/>"
        case .attributeName: "<a " + filler(1 << 20) + "='1'/>"
        case .comment: "<a><!--" + String(repeating: "- ", count: 2 << 20)
        case .references: "<a>" + String(repeating: "&#9", count: 1 << 20)
        case .hyphens: "<a><!-" + String(repeating: "-", count: 4 << 20) + "></a>"
        case .cdata: "<a><![CDATA[" + String(repeating: "]]", count: 2 << 20)
        case .lateTag: good(7 << 20) + "</b>"
        case .lateName: "<r>" + good(7 << 20) + "<a b='1' b='2'/></r>"
        case .lateByte: "<r>" + good(7 << 20) + "\u{1}</r>"
        case .spaces: "<a" + String(repeating: " ", count: 4 << 20) + "/>"
        case .quotes: "<a b='" + String(repeating: "\"", count: 4 << 20)
        }
    }

    var error: XMLError {
        switch self {
        case .attributes: .tooLarge(.attributes)
        case .tag, .attributeValue, .spaces: .tooLarge(.tag)
        case .elements: .tooLarge(.elements)
        case .depth, .unclosed: .tooLarge(.depth)
        case .text, .pieces, .cdata: .tooLarge(.text)
        case .size: .tooLarge(.document)
        case .laughs, .quadratic, .loop: .refused(.doctype)
        case .references: .refused(.entity)
        case .name, .attributeName: .tooLarge(.name)
        case .comment, .hyphens, .lateTag, .lateByte, .lateName, .quotes: .malformed
        }
    }
}

private func filler(_ count: Int) -> String {
    String(repeating: "x", count: count)
}

private func nested(_ depth: Int) -> String {
    String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
}

/// A list of reports of about so many bytes.
private func good(_ size: Int) -> String {
    let item = """
        <request><service_request_id>SOF-7F3K2</service_request_id><status>open</status>\
        <service_name>Дупка на пътя</service_name><description>Голяма дупка &amp; локва пред входа</description>\
        <requested_datetime>2026-04-14T06:37:38Z</requested_datetime><lat>42.697</lat></request>

        """
    return "<service_requests>\n" + String(repeating: item, count: size / item.utf8.count)
        + "</service_requests>"
}

@Test(arguments: Bomb.allCases)
private func `a bomb is refused within a tenth of a second`(bomb: Bomb) {
    let bytes = Array(bomb.document.utf8)
    var error: XMLError?
    let time = seconds { error = refusal(bytes) }
    #expect(error == bomb.error)
    #expect(time < 0.1 * slack)
}

@Test func `eight megabytes are read within a second`() throws {
    let bytes = Array(good((8 << 20) - 64).utf8)
    var root: XMLElement?
    let time = seconds { root = try? XMLReader.parse(bytes) }
    #expect(root?.children.count ?? 0 > 20_000)
    #expect(time < 1 * slack)
}

@Test func `what lies within every bound is read`() throws {
    #expect(refusal(nested(32)) == nil)
    #expect(refusal(nested(33)) == .tooLarge(.depth))
    #expect(refusal("<a>" + filler(256 << 10) + "</a>") == nil)
    #expect(refusal("<a" + (0..<64).map { " a\($0)='1'" }.joined() + "/>") == nil)
    #expect(refusal("<" + filler(256) + "/>") == nil)
    #expect(refusal("<a b='" + filler((16 << 10) - 9) + "'/>") == nil)
}
