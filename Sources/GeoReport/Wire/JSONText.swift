/// A JSON text while it is read, from its first byte to its last.
struct JSONText {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0
    private var values = 0

    /// Digits beyond this make no number that anything holds.
    private static let longestNumber = 128

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The one value of the text.
    mutating func document() throws(JSONError) -> JSONValue {
        if limits.rules == .standard, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw error(.syntax) }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.values else { throw error(.size) }
        switch peek() {
        case UInt8(ascii: "{"): return try nested { text throws(JSONError) in try text.object() }
        case UInt8(ascii: "["): return try nested { text throws(JSONError) in try text.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(text: try number())
        }
    }

    /// Recursion is bounded here, and so is the stack.
    private mutating func nested(
        _ read: (inout Self) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        guard depth <= limits.depth else { throw error(.depth) }
        position += 1
        skipSpace()
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [JSONValue.Member] = []
        if skip("}") { return .object(members) }
        repeat {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw error(.syntax) }
            let key = try string()
            skipSpace()
            guard skip(":") else { throw error(.syntax) }
            skipSpace()
            members.append(JSONValue.Member(key: key, value: try value()))
            skipSpace()
        } while skip(",")
        guard skip("}") else { throw error(.syntax) }
        if limits.rules == .strict { try unique(members) }
        return .object(members)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        if skip("]") { return .array(elements) }
        repeat {
            skipSpace()
            elements.append(try value())
            skipSpace()
        } while skip(",")
        guard skip("]") else { throw error(.syntax) }
        return .array(elements)
    }

    /// Keys are told apart by their bytes, not by what Unicode calls equal.
    private func unique(_ members: [JSONValue.Member]) throws(JSONError) {
        guard members.count > 1 else { return }
        var seen: Set<[UInt8]> = []
        for member in members where !seen.insert(Array(member.key.utf8)).inserted {
            throw error(.duplicateKey)
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let isHere = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard isHere else { throw error(.syntax) }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// The next byte, or 0 at the end, where nothing of the grammar can begin.
    private func peek() -> UInt8 {
        position < bytes.count ? bytes[position] : 0
    }

    private func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason, at: position)
    }
}

// MARK: - Strings

extension JSONText {
    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        // Nearly all strings hold no escape and are copied in one piece.
        try run()
        if peek() == UInt8(ascii: "\"") { return try text(bytes[start..<position]) }
        var content = Array(bytes[start..<position])
        while peek() == UInt8(ascii: "\\") {
            position += 1
            try escape(into: &content)
            let next = position
            try run()
            content.append(contentsOf: bytes[next..<position])
        }
        return try text(content[...])
    }

    /// Moves to the next quote or backslash.
    private mutating func run() throws(JSONError) {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            guard byte >= 0x20 else { break }
            position += 1
        }
        throw error(.syntax)
    }

    /// Takes the closing quote and gives the text before it.
    private mutating func text(_ content: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw error(.encoding) }
        position += 1
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let character = peek()
        position += 1
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(character)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: Array(String(try scalar()).utf8))
        default: throw error(.syntax)
        }
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair.
    private mutating func scalar() throws(JSONError) -> Character {
        let unit = try codeUnit()
        if unit == 0, limits.rules == .strict { throw error(.nul) }
        if let scalar = Unicode.Scalar(unit) { return Character(scalar) }
        guard UTF16.isLeadSurrogate(unit), skip("\\"), skip("u") else { throw error(.encoding) }
        let trail = try codeUnit()
        guard UTF16.isTrailSurrogate(trail) else { throw error(.encoding) }
        return Character(UTF16.decode(UTF16.EncodedScalar([unit, trail])))
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let byte = peek()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw error(.syntax)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}

// MARK: - Numbers

extension JSONText {
    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`, as it stands.
    private mutating func number() throws(JSONError) -> String {
        let start = position
        _ = skip("-")
        let whole = digits()
        guard !whole.isEmpty, whole.count == 1 || bytes[whole.lowerBound] != UInt8(ascii: "0")
        else {
            throw error(.syntax)
        }
        var isInteger = true
        if skip(".") {
            isInteger = false
            guard !digits().isEmpty else { throw error(.syntax) }
        }
        let mantissa = bytes[start..<position]
        if skip("e") || skip("E") {
            isInteger = false
            _ = skip("+") || skip("-")
            guard !digits().isEmpty else { throw error(.syntax) }
        }
        guard position - start <= Self.longestNumber else { throw error(.number) }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if limits.rules == .strict {
            guard Self.significantDigits(of: mantissa) <= 17 else { throw error(.number) }
            try bound(text, isInteger: isInteger)
        }
        return text
    }

    /// Within 64 bits if whole, within ±10^15 otherwise.
    private func bound(_ text: String, isInteger: Bool) throws(JSONError) {
        if isInteger {
            guard Int64(text) != nil else { throw error(.number) }
        } else {
            guard let value = Double(text), abs(value) <= 1e15 else { throw error(.number) }
        }
    }

    private mutating func digits() -> Range<Int> {
        let start = position
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(peek()) { position += 1 }
        return start..<position
    }

    /// Digits from the first to the last that is not zero.
    private static func significantDigits(of mantissa: ArraySlice<UInt8>) -> Int {
        let digits = mantissa.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
        let isZero = { (digit: UInt8) in digit == UInt8(ascii: "0") }
        let significant = digits.drop(while: isZero).reversed().drop(while: isZero)
        return significant.count
    }
}
