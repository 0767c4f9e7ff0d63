/// Writes an XML 1.0 document as UTF-8 bytes: no indentation, no attributes, no namespaces (GR-2.1).
///
/// Whatever the text holds, the bytes are well-formed (X3): `&`, `<`, `>` and a carriage return are
/// escaped, and each character that XML cannot carry becomes U+FFFD. Quotes need no escape outside
/// attributes (GR-11.4).
package struct XMLWriter: Sendable {
    private var document: DocumentBytes
    private var names: [StaticString] = []

    /// Where the writing begins.
    package enum Start: Sendable {
        /// With the XML declaration.
        case document
        /// With nothing: the bytes go into a document that someone else began.
        case fragment
    }

    package init(_ start: Start = .document, capacity: Int = 1024) {
        document = DocumentBytes(capacity: capacity)
        if case .document = start {
            document.write(atMost: 64) { pen in
                pen.copy(#"<?xml version="1.0" encoding="utf-8"?>"#)
                pen.byte(UInt8(ascii: "\n"))
            }
        }
    }

    /// What has been written and not yet taken.
    package var bytes: [UInt8] { document.written }

    /// Writes a start tag.
    package mutating func open(_ name: StaticString) {
        document.write(atMost: name.utf8CodeUnitCount + 2) { $0.startTag(name) }
        names.append(name)
    }

    /// Writes the end tag of the element opened last; nothing if none is open.
    package mutating func close() {
        guard let name = names.popLast() else { return }
        document.write(atMost: name.utf8CodeUnitCount + 3) { $0.endTag(name) }
    }

    /// Writes an element that holds only text; `nil` and `""` are written as `<name/>` (GR-11.3).
    package mutating func leaf(_ name: StaticString, _ text: String?) {
        guard let text else { return empty(name) }
        text.withBytes { leaf(name, $0) }
    }

    /// Writes an element that holds only text of UTF-8 bytes; none are written as `<name/>`.
    package mutating func leaf(_ name: StaticString, _ text: UnsafeRawBufferPointer) {
        guard !text.isEmpty else { return empty(name) }
        document.write(atMost: 2 * name.utf8CodeUnitCount + 6 * text.count + 5) { pen in
            pen.startTag(name)
            pen.escape(text, by: XMLEscapes.self)
            pen.endTag(name)
        }
    }

    /// Writes an element whose content is written as it is, at most 64 bytes: digits, dates, `true`.
    package mutating func leaf(_ name: StaticString, writing content: (inout Pen) -> Void) {
        document.write(atMost: 2 * name.utf8CodeUnitCount + 69) { pen in
            pen.startTag(name)
            content(&pen)
            pen.endTag(name)
        }
    }

    /// Writes `<name/>`.
    package mutating func empty(_ name: StaticString) {
        document.write(atMost: name.utf8CodeUnitCount + 3) { pen in
            pen.byte(UInt8(ascii: "<"))
            pen.copy(name)
            pen.copy("/>")
        }
    }

    /// Writes text inside the open element, escaped.
    package mutating func text(_ text: String) {
        text.withBytes { bytes in
            document.write(atMost: 6 * bytes.count) { $0.escape(bytes, by: XMLEscapes.self) }
        }
    }

    /// Hands out what has been written so far and forgets it, so that a long list can be streamed.
    package mutating func take() -> [UInt8] { document.take() }

    /// Hands out what has been written without a copy; nothing may be written after this.
    package mutating func finish() -> [UInt8] { document.finish() }
}

extension Pen {
    @inline(__always)
    fileprivate mutating func startTag(_ name: StaticString) {
        byte(UInt8(ascii: "<"))
        copy(name)
        byte(UInt8(ascii: ">"))
    }

    @inline(__always)
    fileprivate mutating func endTag(_ name: StaticString) {
        byte(UInt8(ascii: "<"))
        byte(UInt8(ascii: "/"))
        copy(name)
        byte(UInt8(ascii: ">"))
    }
}

extension String {
    /// The text's UTF-8, for the time of `body`.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // Never `nil` on Linux: a native string is contiguous UTF-8.
        utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
            ?? Array(utf8).withUnsafeBytes(body)
    }
}

/// What XML escapes.
private enum XMLEscapes: EscapeRules {
    /// Controls, `&`, `<`, `>`, and the first byte of U+FFFE and U+FFFF.
    @inline(__always)
    static func mayNeedEscape(anyOf eight: UInt64) -> Bool {
        let ascii =
            EightBytes.holdControl(eight) | EightBytes.hold(0x26, eight)
            // `<` and `>` differ in one bit.
            | EightBytes.hold(0x3E, eight | 0x0202_0202_0202_0202)
        guard EightBytes.holdOther(eight) != 0 else { return ascii != 0 }
        return ascii | EightBytes.hold(0xEF, eight) != 0
    }

    static func escape(
        at index: Int, in text: UnsafeRawBufferPointer
    ) -> (StaticString, Int)? {
        switch text[index] {
        case UInt8(ascii: "&"): return ("&amp;", 1)
        case UInt8(ascii: "<"): return ("&lt;", 1)
        case UInt8(ascii: ">"): return ("&gt;", 1)
        case 0x0D: return ("&#13;", 1)
        case 0x09, 0x0A: return nil
        case ..<0x20: return ("\u{FFFD}", 1)
        case 0xEF:
            guard index + 2 < text.count, text[index + 1] == 0xBF, text[index + 2] >= 0xBE else {
                return nil
            }
            return ("\u{FFFD}", 3)
        default: return nil
        }
    }
}
