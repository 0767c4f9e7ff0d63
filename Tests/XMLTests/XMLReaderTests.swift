import Testing

@testable import XML

private func read(_ text: String) throws -> XMLElement {
    try XMLReader.parse(Array(text.utf8))
}

@Test func `a document becomes a tree of local names`() throws {
    let root = try read(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <g:service_requests xmlns:g="http://wiki.open311.org/GeoReport_v2" type="array">
          <g:request key="0"><service_request_id>SOF-1</service_request_id><lat/></g:request>
        </g:service_requests>
        """)
    #expect(
        root
            == XMLElement(
                "service_requests", attributes: [.init(name: "type", value: "array")],
                children: [
                    XMLElement(
                        "request", attributes: [.init(name: "key", value: "0")],
                        children: [
                            XMLElement("service_request_id", text: "SOF-1"), XMLElement("lat"),
                        ])
                ]))
}

@Test func `nil is seen whether or not its prefix was declared`() throws {
    let declared = try read(
        "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><b xsi:nil='true'/></a>")
    #expect(declared.child("b")?.attribute("nil") == "true")
    let forgotten = try read("<a><b xsi:nil='true'/></a>")
    #expect(forgotten.child("b")?.attribute("nil") == "true")
}

@Test(arguments: [
    ("<a>x</a>", "x"), ("<a> x </a>", " x "), ("<a><![CDATA[<b>&]]></a>", "<b>&"),
    ("<a>1<!-- - -->2</a>", "12"), ("<a>&lt;&gt;&amp;&quot;&apos;</a>", "<>&\"'"),
    ("<a>&#1041;&#x431;</a>", "Бб"), ("<a>a\r\nb\rc</a>", "a\nb\nc"), ("<a>&#13;</a>", "\r"),
    ("<a>&amp;amp;</a>", "&amp;"), ("<a>]]&gt;</a>", "]]>"), ("\u{FEFF}<a>x</a>", "x"),
    ("<a>x</a>\n<!-- behind -->\n", "x"), ("<!-- before --><a>x</a>", "x"),
    ("<?xml version='1.0'?><a>x</a>", "x"),
    ("<?xml version=\"1.0\" encoding='utf8'?><a>x</a>", "x"),
    ("<a\n\t>x</a\n>", "x"), ("<a></a>", ""), ("<a/>", ""), ("<a> </a>", " "), ("<a>🇧🇬</a>", "🇧🇬"),
])
func `text is taken as it was meant`(document: String, text: String) throws {
    #expect(try read(document).text == text)
}

@Test(arguments: [
    ("x='1'", "1"), ("x=\"'\"", "'"), ("x='&amp;'", "&"), ("x='&#38;'", "&"),
    ("x='&amp;#38;'", "&#38;"),
    ("x='&amp;amp;&lt;'", "&amp;<"), ("x='a\tb'", "a b"), ("x='a>b'", "a>b"), ("x = '&#10;'", "\n"),
    ("x=''", ""),
])
func `the value of an attribute is taken as it was meant`(text: String, value: String) throws {
    #expect(try read("<a \(text)/>").attribute("x") == value)
}

@Test(arguments: [
    "", " ", "x", "{}", "<", "<>", "<a", "<a>", "</a>", "<a></b>", "<a></a></a>", "<a/><b/>",
    "x<a/>",
    "<a/>x", "<a><b></a></b>", "<a b></a>", "<a b=c/>", "<a b='1' b='2'/>", "<a b='1'c='2'/>",
    "<a b='<'/>", "<a b='1", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>",
    "<a>&#xFFFF;</a>",
    "<a>\u{0}</a>", "<a>\u{1}</a>", "<a>\u{B}</a>", "<a>\u{FFFE}</a>", "<a>\u{FFFF}</a>",
    "<a b='\u{1}'/>", "<a><!-- -- --></a>", "<a><!-- </a>", "<a><![CDATA[ </a>", "<a>]]></a>",
    "<![CDATA[x]]><a/>", "<a/><![CDATA[x]]>", "<1/>", "<a><.b/></a>", "< a/>", "<a / >", "<a/ >",
    "<a><!ENTITY x 'y'></a>", "<!ELEMENT a ANY><a/>", "<?xml version='1.0'?>", "<a:b:c:/>x",
    "<?xml version='1.0' encoding='utf-8' bogus='1'?><a/>", "<?xml encoding='utf-8'?><a/>",
    "<html><head><title>Log in</title><link rel=stylesheet></head></html>",
])
func `what is not well-formed is refused`(document: String) {
    #expect(refusal(document) == .malformed)
}

@Test(
    arguments: [
        [0x3C, 0x61, 0x3E, 0xC0, 0xAF, 0x3C, 0x2F, 0x61, 0x3E],
        [0x3C, 0x61, 0x3E, 0xED, 0xA0, 0x80],
        [0x3C, 0x61, 0x3E, 0xE9, 0x3C, 0x2F, 0x61, 0x3E], [0xC3], [0x3C, 0x61, 0x80, 0x2F, 0x3E],
    ] as [[UInt8]])
func `bytes that are no UTF-8 are refused`(document: [UInt8]) {
    #expect(refusal(document) == .malformed)
}

@Test func `a tree survives every way of writing it down`() throws {
    var source = Seeded(2)
    for _ in 0..<(slack > 1 ? 300 : 10_000) {
        let tree = source.tree(depth: 4)
        #expect(try read(source.document(of: tree)) == tree)
    }
}

@Test func `no mutation of a document does harm`() throws {
    var source = Seeded(3)
    for _ in 0..<600 {
        var bytes = Array(source.document(of: source.tree(depth: 3)).utf8)
        for _ in 0..<source.number(1...4) {
            let place = source.number(0...max(bytes.count - 1, 0))
            switch source.number(0...2) {
            case 0: bytes[place] = UInt8(source.number(0...255))
            case 1: bytes.removeSubrange(place..<min(place + source.number(1...9), bytes.count))
            default: bytes.insert(contentsOf: "<!>&;'\"/?]".utf8, at: place)
            }
            if bytes.isEmpty { break }
        }
        _ = refusal(bytes)
    }
}

extension Seeded {
    /// A random tree that XML can carry.
    fileprivate mutating func tree(depth: Int) -> XMLElement {
        var element = XMLElement(["a", "request", "lat", "é", "x-1"][number(0...4)])
        for index in 0..<number(0...2) {
            element.attributes.append(.init(name: "n\(index)", value: carried(text())))
        }
        if depth > 0, number(0...1) == 0 {
            element.children = (0..<number(1...4)).map { _ in tree(depth: depth - 1) }
        } else {
            element.text = carried(text())
        }
        return element
    }

    /// What the writer makes of a text.
    private func carried(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0x09, 0x0A, 0x0D: scalar
                    case ..<0x20, 0xFFFE, 0xFFFF: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }

    /// The tree in one of its many spellings.
    fileprivate mutating func document(of tree: XMLElement) -> String {
        let head = ["", "<?xml version='1.0' encoding=\"utf-8\" ?>\n", "<!-- x -->", "\u{FEFF}"]
        return head[number(0...3)] + markup(of: tree) + ["", "\n", "<!-- y -->"][number(0...2)]
    }

    private mutating func markup(of element: XMLElement) -> String {
        let space = [" ", "\n", "  "][number(0...2)]
        let attributes = element.attributes.map { attribute in
            let quote = number(0...1) == 0 ? "'" : "\""
            return space + attribute.name + "=" + quote + escaped(attribute.value) + quote
        }.joined()
        let tag = element.name + attributes
        if element.children.isEmpty, element.text.isEmpty, number(0...1) == 0 {
            return "<\(tag)/>"
        }
        let layout = element.children.isEmpty ? "" : ["", "\n  ", "<!-- - -->"][number(0...2)]
        let content = element.children.map { layout + markup(of: $0) }.joined() + layout
        return "<\(tag)>\(escaped(element.text))\(content)</\(element.name)>"
    }

    private mutating func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "<", "&", "\"", "'", ">", "\r", "\n", "\t":
                number(0...1) == 0
                    ? "&#\(scalar.value);" : "&#x\(String(scalar.value, radix: 16));"
            default: number(0...9) == 0 ? "&#\(scalar.value);" : String(Character(scalar))
            }
        }.joined()
    }
}
