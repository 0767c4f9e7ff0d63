/// Reads bytes from front to back; what lies past the end is malformed, never a trap.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    /// The index of the next byte.
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    /// The bytes not read yet.
    var rest: ArraySlice<UInt8> { bytes[position...] }

    /// Takes the next `count` bytes.
    mutating func take(_ count: Int) throws(PictureError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .malformed }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func byte() throws(PictureError) -> UInt8 {
        guard position < bytes.endIndex else { throw .malformed }
        defer { position += 1 }
        return bytes[position]
    }

    /// Two bytes, the high one first.
    mutating func big16() throws(PictureError) -> Int {
        try take(2).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Four bytes, the highest first.
    mutating func big32() throws(PictureError) -> Int {
        try take(4).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Two bytes, the low one first.
    mutating func little16() throws(PictureError) -> Int {
        try take(2).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Three bytes, the lowest first.
    mutating func little24() throws(PictureError) -> Int {
        try take(3).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Four bytes, the lowest first.
    mutating func little32() throws(PictureError) -> Int {
        try take(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

extension [UInt8] {
    /// Appends two bytes, the high one first.
    mutating func append(big16 value: Int) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends four bytes, the highest first.
    mutating func append(big32 value: Int) {
        append(big16: value >> 16)
        append(big16: value)
    }

    /// Appends three bytes, the lowest first.
    mutating func append(little24 value: Int) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value >> 16))
    }

    /// Appends four bytes, the lowest first.
    mutating func append(little32 value: Int) {
        append(little24: value)
        append(UInt8(truncatingIfNeeded: value >> 24))
    }

    /// Appends the characters of an ASCII text.
    mutating func append(ascii text: String) {
        append(contentsOf: text.utf8)
    }
}
