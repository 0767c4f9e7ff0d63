/// Writes an XML 1.0 document as UTF-8 bytes: no indentation, no attributes, no namespaces (GR-2.1).
///
/// Whatever the text holds, the bytes are well-formed (X3): `&`, `<`, `>` and a carriage return are
/// escaped, and each character that XML cannot carry becomes U+FFFD. Quotes need no escape outside
/// attributes (GR-11.4).
package struct XMLWriter: Sendable {
    /// What has been written and not yet taken.
    package private(set) var bytes: [UInt8] = []
    private var names: [StaticString] = []

    /// Where the writing begins.
    package enum Start: Sendable {
        /// With the XML declaration.
        case document
        /// With nothing: the bytes go into a document that someone else began.
        case fragment
    }

    package init(_ start: Start = .document, capacity: Int = 1024) {
        bytes.reserveCapacity(capacity)
        if case .document = start {
            append(#"<?xml version="1.0" encoding="utf-8"?>"#)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// Writes a start tag.
    package mutating func open(_ name: StaticString) {
        tag(name)
        names.append(name)
    }

    /// Writes the end tag of the element opened last; nothing if none is open.
    package mutating func close() {
        guard let name = names.popLast() else { return }
        endTag(name)
    }

    /// Writes an element that holds only text; `nil` and `""` are written as `<name/>` (GR-11.3).
    package mutating func leaf(_ name: StaticString, _ text: String?) {
        guard let text, !text.isEmpty else { return empty(name) }
        tag(name)
        escape(text)
        endTag(name)
    }

    /// Writes an element whose content is appended as it is: digits, dates, `true`.
    package mutating func leaf(_ name: StaticString, writing content: (inout [UInt8]) -> Void) {
        tag(name)
        content(&bytes)
        endTag(name)
    }

    /// Writes `<name/>`.
    package mutating func empty(_ name: StaticString) {
        bytes.append(UInt8(ascii: "<"))
        append(name)
        append("/>")
    }

    /// Writes text inside the open element, escaped.
    package mutating func text(_ text: String) {
        escape(text)
    }

    /// Hands out what has been written so far and forgets it, so that a long list can be streamed.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    private mutating func tag(_ name: StaticString) {
        bytes.append(UInt8(ascii: "<"))
        append(name)
        bytes.append(UInt8(ascii: ">"))
    }

    private mutating func endTag(_ name: StaticString) {
        append("</")
        append(name)
        bytes.append(UInt8(ascii: ">"))
    }

    @inline(__always)
    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func escape(_ text: String) {
        // Never `nil` on Linux: a native string is contiguous UTF-8.
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { escape($0) }
        if isDone == nil { Array(text.utf8).withUnsafeBufferPointer { escape($0) } }
    }

    /// Copies run by run: nearly all text needs no escape.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            guard Self.mayNeedEscape(byte),
                let (escape, length) = Self.escape(byte, at: index, in: text)
            else {
                index += 1
                continue
            }
            bytes.append(contentsOf: text[start..<index])
            append(escape)
            index += length
            start = index
        }
        bytes.append(contentsOf: text[start...])
    }

    /// Controls, `&`, `<`, `>`, and the first byte of U+FFFE and U+FFFF.
    @inline(__always)
    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x3F
            ? byte < 0x20 || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<")
                || byte == UInt8(ascii: ">")
            : byte == 0xEF
    }

    /// What replaces the character that begins here, and how many bytes that character takes.
    private static func escape(
        _ byte: UInt8, at index: Int, in text: UnsafeBufferPointer<UInt8>
    ) -> (StaticString, Int)? {
        switch byte {
        case UInt8(ascii: "&"): return ("&amp;", 1)
        case UInt8(ascii: "<"): return ("&lt;", 1)
        case UInt8(ascii: ">"): return ("&gt;", 1)
        case 0x0D: return ("&#13;", 1)
        case 0x09, 0x0A: return nil
        case ..<0x20: return ("\u{FFFD}", 1)
        default:
            guard index + 2 < text.count, text[index + 1] == 0xBF, text[index + 2] >= 0xBE else {
                return nil
            }
            return ("\u{FFFD}", 3)
        }
    }
}
