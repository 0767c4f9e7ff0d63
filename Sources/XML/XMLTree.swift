import CLibXML2

/// Lets libxml2 parse a document that `XMLScan` has passed, and keeps what it tells as a tree.
///
/// A class, because libxml2's callbacks carry its address; it lives only as long as one call of
/// `build`, on one thread.
final class XMLTree {
    private var open: [XMLElement] = []
    /// The character data of each open element, by depth; kept to be filled again.
    private var texts: [[UInt8]] = []
    /// libxml2 keeps one copy of each name while it parses, so that its address stands for it.
    private var names: [UnsafePointer<xmlChar>: String] = [:]
    private var root: XMLElement?

    /// Once in a process: libxml2's own tables, and an entity loader that opens nothing.
    private static let isReady: Bool = {
        xmlInitParser()
        xmlSetExternalEntityLoader { _, _, _ in nil }
        return true
    }()

    /// The root element, if the document is well-formed.
    static func build(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        guard isReady, let count = Int32(exactly: bytes.count) else { throw .malformed }
        let tree = XMLTree()
        let result: Int32 = bytes.withUnsafeBytes { buffer in
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let context = xmlCreateMemoryParserCtxt(start, count) else { return -1 }
            defer { xmlFreeParserCtxt(context) }
            return withExtendedLifetime(tree) { tree.parse(context) }
        }
        guard result == 0, let root = tree.root else { throw .malformed }
        return root
    }

    private func parse(_ context: xmlParserCtxtPtr) -> Int32 {
        // Never NOENT, DTDLOAD, DTDATTR, DTDVALID, XINCLUDE, HUGE or RECOVER.
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue
            | XML_PARSE_NOWARNING.rawValue
        guard xmlCtxtUseOptions(context, Int32(bitPattern: options)) == 0,
            let handler = context.pointee.sax
        else { return -1 }
        handler.pointee = Self.handler
        context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
        return xmlParseDocument(context)
    }

    /// Elements and text, and nothing else; an error goes nowhere, for libxml2 would print it.
    private static var handler: xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = UInt32(XML_SAX2_MAGIC)
        handler.startElementNs = { context, name, _, _, _, _, count, _, attributes in
            XMLTree.of(context)?.start(name, attributes, count: Int(count))
        }
        handler.endElementNs = { context, _, _, _ in XMLTree.of(context)?.end() }
        handler.characters = { XMLTree.of($0)?.text($1, count: Int($2)) }
        handler.ignorableWhitespace = handler.characters
        handler.cdataBlock = handler.characters
        handler.serror = { _, _ in }
        return handler
    }

    /// The tree whose address a callback carries: `build` keeps it alive while libxml2 runs.
    private static func of(_ context: UnsafeMutableRawPointer?) -> XMLTree? {
        context.map { Unmanaged<XMLTree>.fromOpaque($0).takeUnretainedValue() }
    }

    private func start(
        _ name: UnsafePointer<xmlChar>?,
        _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, count: Int
    ) {
        var element = XMLElement(self.name(name))
        if let attributes, count > 0 {
            // Five pointers each: local name, prefix, namespace, and where the value begins and ends.
            element.attributes = (0..<count).map { index in
                let fields = UnsafeBufferPointer(start: attributes + 5 * index, count: 5)
                return XMLElement.Attribute(
                    name: self.name(fields[0]), value: Self.value(from: fields[3], to: fields[4]))
            }
        }
        open.append(element)
        if texts.count < open.count { texts.append([]) }
    }

    private func text(_ start: UnsafePointer<xmlChar>?, count: Int) {
        guard !open.isEmpty else { return }
        texts[open.count - 1].append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    }

    private func end() {
        guard var element = open.popLast() else { return }
        let text = texts[open.count]
        if !text.isEmpty {
            let isLayout = !element.children.isEmpty && text.allSatisfy { $0 <= 0x20 }
            if !isLayout { element.text = String(decoding: text, as: UTF8.self) }
            texts[open.count].removeAll(keepingCapacity: true)
        }
        if open.isEmpty {
            root = element
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    private func name(_ pointer: UnsafePointer<xmlChar>?) -> String {
        guard let pointer else { return "" }
        if let name = names[pointer] { return name }
        let name = String(cString: pointer)
        names[pointer] = name
        return name
    }

    /// The value of an attribute.
    ///
    /// Without NOENT, libxml2 leaves each ampersand of a value as `&#38;`, whichever way it was written.
    private static func value(
        from start: UnsafePointer<xmlChar>?, to end: UnsafePointer<xmlChar>?
    ) -> String {
        guard let start, let end, start < end else { return "" }
        let raw = UnsafeBufferPointer(start: start, count: end - start)
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        let escape = Array("&#38;".utf8)
        var bytes: [UInt8] = []
        var rest = raw[...]
        while let byte = rest.first {
            bytes.append(byte)
            rest = rest.dropFirst(rest.starts(with: escape) ? escape.count : 1)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
