/// Writes a JSON document as UTF-8 bytes, without white space.
///
/// Characters that XML cannot carry become U+FFFD, as in `XMLWriter`, so that a report has the same
/// text in both formats (X4). `<`, `>`, `&`, U+2028 and U+2029 are escaped: an answer that ends up
/// in a page or in a JSONP script runs nothing (M7). A slash is never escaped.
package struct JSONWriter: Sendable {
    /// What has been written and not yet taken.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 1024) {
        bytes.reserveCapacity(capacity)
    }

    /// Begins an object; keys with their values follow.
    package mutating func beginObject() { begin(UInt8(ascii: "{")) }

    /// Ends the object begun last.
    package mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Begins an array; values follow.
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }

    /// Ends the array begun last.
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes the key of a member; a value must follow.
    package mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the key of a member whose name is data; a value must follow.
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string, escaped.
    package mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        escape(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a string, or `null`.
    package mutating func string(_ text: String?) {
        if let text { string(text) } else { null() }
    }

    /// Writes a string whose content is appended as it is, such as a date.
    package mutating func string(writing content: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        content(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a value whose bytes are appended as they are, such as a coordinate or a finished item.
    package mutating func value(writing content: (inout [UInt8]) -> Void) {
        separate()
        content(&bytes)
    }

    /// Writes a whole number.
    package mutating func number(_ number: Int) {
        separate()
        Digits.append(number, to: &bytes)
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    /// Writes `null`.
    package mutating func null() {
        separate()
        append("null")
    }

    /// Writes a whole value.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .string(let text): string(text)
        case .number(let text): self.value { $0.append(contentsOf: text.utf8) }
        case .bool(let flag): bool(flag)
        case .null: null()
        }
    }

    /// Hands out what has been written so far and forgets it, so that a long list can be streamed.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
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

    /// Controls, `"`, `&`, `<`, `>`, `\`, and the first byte of U+2028, U+2029, U+FFFE and U+FFFF.
    @inline(__always)
    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        if byte >= 0x80 { return byte == 0xE2 || byte == 0xEF }
        let mask = byte < 0x40 ? lowMask : highMask
        return mask >> UInt64(byte & 0x3F) & 1 == 1
    }

    /// One bit for each byte below 0x40 that needs an escape: controls, `"`, `&`, `<` and `>`.
    private static var lowMask: UInt64 {
        0xFFFF_FFFF | 1 << 0x22 | 1 << 0x26 | 1 << 0x3C | 1 << 0x3E
    }

    /// The same from 0x40: the backslash.
    private static var highMask: UInt64 { 1 << (0x5C - 0x40) }

    /// What replaces the character that begins here, and how many bytes that character takes.
    private static func escape(
        _ byte: UInt8, at index: Int, in text: UnsafeBufferPointer<UInt8>
    ) -> (StaticString, Int)? {
        switch byte {
        case UInt8(ascii: "\""): return ("\\\"", 1)
        case UInt8(ascii: "\\"): return ("\\\\", 1)
        case UInt8(ascii: "&"): return ("\\u0026", 1)
        case UInt8(ascii: "<"): return ("\\u003C", 1)
        case UInt8(ascii: ">"): return ("\\u003E", 1)
        case 0x09: return ("\\t", 1)
        case 0x0A: return ("\\n", 1)
        case 0x0D: return ("\\r", 1)
        case ..<0x20: return ("\u{FFFD}", 1)
        default: break
        }
        guard index + 2 < text.count else { return nil }
        switch (byte, text[index + 1], text[index + 2]) {
        case (0xE2, 0x80, 0xA8): return ("\\u2028", 3)
        case (0xE2, 0x80, 0xA9): return ("\\u2029", 3)
        case (0xEF, 0xBF, 0xBE...): return ("\u{FFFD}", 3)
        default: return nil
        }
    }
}
