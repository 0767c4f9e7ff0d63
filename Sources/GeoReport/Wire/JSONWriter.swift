import XML

/// Writes a JSON document as UTF-8 bytes, without white space.
///
/// Characters that XML cannot carry become U+FFFD, as in `XMLWriter`, so that a report has the same
/// text in both formats (X4). `<`, `>`, `&`, U+2028 and U+2029 are escaped: an answer that ends up
/// in a page or in a JSONP script runs nothing (M7). A slash is never escaped.
package struct JSONWriter: Sendable {
    private var document: DocumentBytes
    private var needsComma = false

    package init(capacity: Int = 1024) {
        document = DocumentBytes(capacity: capacity)
    }

    /// What has been written and not yet taken.
    package var bytes: [UInt8] { document.written }

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
        write(atMost: name.utf8CodeUnitCount + 4) { $0.key(name) }
        needsComma = false
    }

    /// Writes the key of a member whose name is data; a value must follow.
    package mutating func key(_ name: String) {
        string(name)
        document.write(atMost: 1) { $0.byte(UInt8(ascii: ":")) }
        needsComma = false
    }

    /// Writes a string, escaped.
    package mutating func string(_ text: String) {
        text.withBytes { string($0) }
    }

    /// Writes a string of UTF-8 bytes, escaped.
    package mutating func string(_ text: UnsafeRawBufferPointer) {
        write(atMost: 6 * text.count + 3) { $0.string(text) }
    }

    /// Writes a string, or `null`.
    package mutating func string(_ text: String?) {
        if let text { string(text) } else { null() }
    }

    /// Writes a member that is a string, escaped.
    package mutating func member(_ name: StaticString, _ text: UnsafeRawBufferPointer) {
        write(atMost: name.utf8CodeUnitCount + 6 * text.count + 6) { pen in
            pen.key(name)
            pen.string(text)
        }
    }

    /// Writes a member that is `null`.
    package mutating func null(_ name: StaticString) {
        write(atMost: name.utf8CodeUnitCount + 8) { pen in
            pen.key(name)
            pen.copy("null")
        }
    }

    /// Writes a string whose content is written as it is, at most 64 bytes, such as a date.
    package mutating func string(writing content: (inout Pen) -> Void) {
        write(atMost: 67) { pen in
            pen.byte(UInt8(ascii: "\""))
            content(&pen)
            pen.byte(UInt8(ascii: "\""))
        }
    }

    /// Writes a value whose bytes are written as they are, at most 64, such as a coordinate.
    package mutating func value(writing content: (inout Pen) -> Void) {
        write(atMost: 65, content)
    }

    /// Writes a whole number.
    package mutating func number(_ number: Int) {
        value { Digits.write(number, to: &$0) }
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ value: Bool) {
        self.value { $0.copy(value ? "true" : "false") }
    }

    /// Writes `null`.
    package mutating func null() {
        value { $0.copy("null") }
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
        case .number(let text):
            text.withBytes { digits in write(atMost: digits.count + 1) { $0.copy(digits) } }
        case .bool(let flag): bool(flag)
        case .null: null()
        }
    }

    /// Hands out what has been written so far and forgets it, so that a long list can be streamed.
    package mutating func take() -> [UInt8] { document.take() }

    /// Hands out what has been written without a copy; nothing may be written after this.
    package mutating func finish() -> [UInt8] { document.finish() }

    private mutating func begin(_ bracket: UInt8) {
        write(atMost: 2) { $0.byte(bracket) }
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        document.write(atMost: 1) { $0.byte(bracket) }
        needsComma = true
    }

    /// Writes one piece, a comma in front of it if it is not the first; the comma counts.
    @inline(__always)
    private mutating func write(atMost most: Int, _ piece: (inout Pen) -> Void) {
        let isFirst = !needsComma
        needsComma = true
        document.write(atMost: most) { pen in
            if !isFirst { pen.byte(UInt8(ascii: ",")) }
            piece(&pen)
        }
    }
}

extension Pen {
    @inline(__always)
    fileprivate mutating func key(_ name: StaticString) {
        byte(UInt8(ascii: "\""))
        copy(name)
        byte(UInt8(ascii: "\""))
        byte(UInt8(ascii: ":"))
    }

    @inline(__always)
    fileprivate mutating func string(_ text: UnsafeRawBufferPointer) {
        byte(UInt8(ascii: "\""))
        escape(text, by: JSONEscapes.self)
        byte(UInt8(ascii: "\""))
    }
}

/// What JSON escapes.
private enum JSONEscapes: EscapeRules {
    /// Controls, `"`, `&`, `<`, `>`, `\`, and the first byte of U+2028, U+2029, U+FFFE and U+FFFF.
    @inline(__always)
    static func mayNeedEscape(anyOf eight: UInt64) -> Bool {
        // `"` and `&` differ in one bit, and so do `<` and `>`.
        let ascii =
            EightBytes.holdControl(eight) | EightBytes.hold(0x26, eight | 0x0404_0404_0404_0404)
            | EightBytes.hold(0x3E, eight | 0x0202_0202_0202_0202) | EightBytes.hold(0x5C, eight)
        guard EightBytes.holdOther(eight) != 0 else { return ascii != 0 }
        return ascii | EightBytes.hold(0xE2, eight) | EightBytes.hold(0xEF, eight) != 0
    }

    static func escape(
        at index: Int, in text: UnsafeRawBufferPointer
    ) -> (StaticString, Int)? {
        let byte = text[index]
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
        case ..<0xE2: return nil
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
