/// Walks over a document once, before libxml2 does, and refuses what breaks a bound or may not be used.
///
/// It knows enough of the grammar to be sure of what it counts: tags in their nesting, attributes,
/// references, comments, CDATA sections. Names and duplicate attributes are left to libxml2.
struct XMLScan {
    private let bytes: [UInt8]
    private let limits: XMLLimits
    private var position = 0
    private var open: [Open] = []
    private var elements = 0

    /// An element whose end tag has not come yet.
    private struct Open {
        let name: Range<Int>
        var text: Int
    }

    /// A scan of valid UTF-8.
    init(_ bytes: [UInt8], limits: XMLLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Walks over the whole document.
    mutating func run() throws(XMLError) {
        if continues(with: "<?xml"), isSpace(at: position + 5) {
            guard skip(past: "?>") else { throw .malformed }
        }
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "<") {
                try markup()
            } else {
                try text(until: "<")
            }
        }
        guard open.isEmpty, elements > 0 else { throw .malformed }
    }

    private mutating func markup() throws(XMLError) {
        switch peek(1) {
        case UInt8(ascii: "/"): try endTag()
        case UInt8(ascii: "?"): throw .refused(.processingInstruction)
        case UInt8(ascii: "!"):
            if continues(with: "<!--") { return try comment() }
            if continues(with: "<![CDATA[") {
                position += 9
                try text(until: "]]>")
                guard skip(past: "]]>") else { throw .malformed }
                return
            }
            if continues(with: "<!DOCTYPE") || continues(with: "<!doctype") {
                throw .refused(.doctype)
            }
            throw .malformed
        default: try startTag()
        }
    }

    /// Two hyphens may stand in a comment only at its end.
    private mutating func comment() throws(XMLError) {
        position += 4
        guard skip(past: "--"), peek(0) == UInt8(ascii: ">") else { throw .malformed }
        position += 1
    }

    /// Character data up to the mark, which is left unread, or up to the end.
    private mutating func text(until mark: StaticString) throws(XMLError) {
        let start = position
        let isPlain = mark.utf8CodeUnitCount == 1
        let first = isPlain ? UInt8(ascii: "<") : UInt8(ascii: "]")
        var isBlank = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == first, isPlain || continues(with: mark) { break }
            if isBlank, !isSpace(byte) { isBlank = false }
            if byte == UInt8(ascii: "&"), isPlain {
                try reference()
            } else {
                try character(byte)
            }
        }
        guard !open.isEmpty else {
            guard isBlank, isPlain else { throw .malformed }
            return
        }
        open[open.count - 1].text += position - start
        guard open[open.count - 1].text <= limits.text else { throw .tooLarge(.text) }
    }

    /// One byte of a character that XML can carry.
    @inline(__always)
    private mutating func character(_ byte: UInt8) throws(XMLError) {
        if byte < 0x20 {
            guard isSpace(byte) else { throw .malformed }
        } else if byte == 0xEF {
            // U+FFFE and U+FFFF.
            guard peek(1) != 0xBF || peek(2) < 0xBE else { throw .malformed }
        }
        position += 1
    }

    /// `&amp;`, `&#38;` and their like: five names and numbers, nothing that a DTD could define.
    private mutating func reference() throws(XMLError) {
        let longest = 12
        let end = min(position + longest, bytes.count)
        guard let semicolon = bytes[position..<end].firstIndex(of: UInt8(ascii: ";")) else {
            throw .refused(.entity)
        }
        let name = bytes[position + 1..<semicolon]
        let isKnown =
            name.first == UInt8(ascii: "#")
            || ["amp", "lt", "gt", "quot", "apos"].contains { name.elementsEqual($0.utf8) }
        guard isKnown else { throw .refused(.entity) }
        position = semicolon + 1
    }

    private mutating func startTag() throws(XMLError) {
        let start = position
        position += 1
        let name = try name()
        elements += 1
        guard elements <= limits.elements else { throw .tooLarge(.elements) }
        guard open.count < limits.depth else { throw .tooLarge(.depth) }
        guard !open.isEmpty || elements == 1 else { throw .malformed }
        var attributes = 0
        while true {
            let hasSpace = skipSpace()
            switch peek(0) {
            case UInt8(ascii: ">"):
                position += 1
                open.append(Open(name: name, text: 0))
                return try bound(tag: start)
            case UInt8(ascii: "/"):
                guard peek(1) == UInt8(ascii: ">") else { throw .malformed }
                position += 2
                return try bound(tag: start)
            default:
                guard hasSpace else { throw .malformed }
                attributes += 1
                guard attributes <= limits.attributes else { throw .tooLarge(.attributes) }
                try attribute()
                try bound(tag: start)
            }
        }
    }

    private func bound(tag start: Int) throws(XMLError) {
        guard position - start <= limits.tag else { throw .tooLarge(.tag) }
    }

    private mutating func attribute() throws(XMLError) {
        _ = try name()
        _ = skipSpace()
        guard peek(0) == UInt8(ascii: "=") else { throw .malformed }
        position += 1
        _ = skipSpace()
        let quote = peek(0)
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw .malformed }
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            if byte == quote {
                position += 1
                return
            }
            switch byte {
            case UInt8(ascii: "<"): throw .malformed
            case UInt8(ascii: "&"): try reference()
            default: try character(byte)
            }
        }
        throw .malformed
    }

    /// Names match byte by byte, as libxml2 will want it, but found out before it builds anything.
    private mutating func endTag() throws(XMLError) {
        position += 2
        let name = try name()
        _ = skipSpace()
        guard peek(0) == UInt8(ascii: ">"), let element = open.popLast(),
            bytes[element.name] == bytes[name]
        else { throw .malformed }
        position += 1
    }

    private mutating func name() throws(XMLError) -> Range<Int> {
        let start = position
        while position < bytes.count, !isDelimiter(bytes[position]) { position += 1 }
        guard position > start else { throw .malformed }
        guard position - start <= limits.name else { throw .tooLarge(.name) }
        return start..<position
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case ...0x20, UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "="),
            UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "&"):
            true
        default: false
        }
    }

    @inline(__always)
    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D
    }

    private func isSpace(at index: Int) -> Bool {
        index < bytes.count && isSpace(bytes[index])
    }

    /// The byte so far ahead, or 0, which stands nowhere in a document that passes.
    private func peek(_ distance: Int) -> UInt8 {
        position + distance < bytes.count ? bytes[position + distance] : 0
    }

    private mutating func skipSpace() -> Bool {
        let start = position
        while isSpace(at: position) { position += 1 }
        return position > start
    }

    private func continues(with text: StaticString) -> Bool {
        guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    /// Moves behind the next place where this stands.
    private mutating func skip(past text: StaticString) -> Bool {
        while position < bytes.count {
            if continues(with: text) {
                position += text.utf8CodeUnitCount
                return true
            }
            position += 1
        }
        return false
    }
}
