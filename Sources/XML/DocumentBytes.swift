/// The bytes of a document while it is written, in XML or any other format.
///
/// Room is made once for each piece, which is then written without looking at the room again: a
/// list of fifty reports has thousands of pieces, and growing an array byte by byte was a third of
/// what it cost. Public, because the other formats are written in another module, and nothing that
/// is only `package` is inlined there: unfolded calls took as long as all the rest.
public struct DocumentBytes: Sendable {
    @usableFromInline var storage: [UInt8]
    /// How much of the storage is written.
    @usableFromInline var used = 0

    /// A document with room for so many bytes; more is made when it is needed.
    public init(capacity: Int) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// What has been written and not yet taken.
    public var written: [UInt8] { Array(storage[..<used]) }

    /// Hands out what has been written so far, and goes on with as much room as there was.
    public mutating func take() -> [UInt8] {
        defer { used = 0 }
        return written
    }

    /// Hands out what has been written, without a copy; nothing may be written after this.
    public mutating func finish() -> [UInt8] {
        defer {
            storage = []
            used = 0
        }
        storage.removeLast(storage.count - used)
        return storage
    }

    /// Writes one piece, which may take at most so many bytes.
    @inlinable @inline(__always)
    public mutating func write(atMost most: Int, _ piece: (inout Pen) -> Void) {
        // Text is written eight bytes at a time, of which the last may be nobody's.
        if storage.count - used < most + 8 { makeRoom(for: most + 8) }
        let start = used
        used = storage.withUnsafeMutableBytes { all in
            guard let first = all.baseAddress else { return start }
            var pen = Pen(at: first + start)
            piece(&pen)
            let end = pen.next - first
            // Behind `most` there may be somebody else's memory.
            precondition(end - start <= most, "a piece of a document is longer than it was to be")
            return end
        }
    }

    @usableFromInline
    mutating func makeRoom(for count: Int) {
        let wanted = max(2 * storage.count, storage.count + count, 1024)
        storage.append(contentsOf: repeatElement(0, count: wanted - storage.count))
    }
}

/// Writes one piece of a document into room that was made for it.
public struct Pen {
    @usableFromInline var next: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    init(at next: UnsafeMutableRawPointer) {
        self.next = next
    }

    /// Writes one byte.
    @inlinable @inline(__always)
    public mutating func byte(_ byte: UInt8) {
        next.storeBytes(of: byte, as: UInt8.self)
        next += 1
    }

    /// Writes a name or a word of the format itself.
    @inlinable @inline(__always)
    public mutating func copy(_ text: StaticString) {
        next.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        next += text.utf8CodeUnitCount
    }

    /// Writes bytes as they are.
    @inlinable @inline(__always)
    public mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        next.copyMemory(from: start, byteCount: bytes.count)
        next += bytes.count
    }

    /// Writes text with what its format escapes; room for six bytes of each is enough.
    ///
    /// Eight bytes at a time: nearly all text needs no escape.
    @inlinable
    public mutating func escape<Rules: EscapeRules>(
        _ text: UnsafeRawBufferPointer, by rules: Rules.Type
    ) {
        var index = 0
        while index < text.count {
            if index + 8 <= text.count {
                let eight = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if !rules.mayNeedEscape(anyOf: eight) {
                    next.storeBytes(of: eight, as: UInt64.self)
                    next += 8
                    index += 8
                    continue
                }
            } else if rest(of: text, from: index, by: rules) {
                return
            }
            // Some of the next eight bytes may need one, so these are looked at one by one.
            let end = min(index + 8, text.count)
            while index < end {
                if let (escape, length) = rules.escape(at: index, in: text) {
                    copy(escape)
                    index += length
                } else {
                    byte(text[index])
                    index += 1
                }
            }
        }
    }

    /// Writes the last bytes, fewer than eight, if none of them may need an escape.
    @inlinable @inline(__always)
    mutating func rest<Rules: EscapeRules>(
        of text: UnsafeRawBufferPointer, from index: Int, by rules: Rules.Type
    ) -> Bool {
        let count = text.count - index
        var eight: UInt64 = 0x6161_6161_6161_6161
        if text.count >= 8 {
            // The last eight, of which the first have been written already.
            eight = text.loadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
            guard index > 0, !rules.mayNeedEscape(anyOf: eight) else { return false }
            next.storeBytes(of: eight.littleEndian >> UInt64(8 * (8 - count)), as: UInt64.self)
        } else {
            withUnsafeMutableBytes(of: &eight) { bytes in
                for offset in 0..<count { bytes[offset] = text[index + offset] }
            }
            guard !rules.mayNeedEscape(anyOf: eight) else { return false }
            next.storeBytes(of: eight, as: UInt64.self)
        }
        next += count
        return true
    }
}

/// Which characters a format escapes, and how.
public protocol EscapeRules {
    /// Whether one of eight bytes begins a character that may need an escape.
    static func mayNeedEscape(anyOf eight: UInt64) -> Bool
    /// What replaces the character that begins here, and how many bytes that character takes.
    static func escape(
        at index: Int, in text: UnsafeRawBufferPointer
    ) -> (StaticString, Int)?
}

/// Questions about eight bytes at once, each answered by whether anything is set.
public enum EightBytes {
    /// Whether one of them is this byte.
    @inlinable @inline(__always)
    public static func hold(_ byte: UInt8, _ eight: UInt64) -> UInt64 {
        let difference = eight ^ (0x0101_0101_0101_0101 &* UInt64(byte))
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
    }

    /// Whether one of them is a control character.
    @inlinable @inline(__always)
    public static func holdControl(_ eight: UInt64) -> UInt64 {
        (eight &- 0x2020_2020_2020_2020) & ~eight & 0x8080_8080_8080_8080
    }

    /// Whether one of them is no ASCII.
    @inlinable @inline(__always)
    public static func holdOther(_ eight: UInt64) -> UInt64 { eight & 0x8080_8080_8080_8080 }
}
