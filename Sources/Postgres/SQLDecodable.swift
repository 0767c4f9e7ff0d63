import FoundationEssentials

/// A value that a cell can be read as.
package protocol SQLDecodable {
    /// The value in a cell's binary form, or `nil` if the cell's type (`pg_type.oid`) or bytes do
    /// not hold one.
    init?(binary bytes: UnsafeRawBufferPointer, type: UInt32)
}

extension UnsafeRawBufferPointer {
    /// The whole buffer as one integer in network order, if it is just as long.
    func bigEndian<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) -> Integer? {
        guard count == MemoryLayout<Integer>.size else { return nil }
        return Integer(bigEndian: loadUnaligned(as: Integer.self))
    }
}

extension Int64: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch type {
        case 20:
            guard let value = bytes.bigEndian(Int64.self) else { return nil }
            self = value
        case 23:
            guard let value = bytes.bigEndian(Int32.self) else { return nil }
            self = Int64(value)
        case 21:
            guard let value = bytes.bigEndian(Int16.self) else { return nil }
            self = Int64(value)
        case 26:
            guard let value = bytes.bigEndian(UInt32.self) else { return nil }
            self = Int64(value)
        default:
            return nil
        }
    }
}

extension Int: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let value = Int64(binary: bytes, type: type) else { return nil }
        self.init(exactly: value)
    }
}

extension Int32: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let value = Int64(binary: bytes, type: type) else { return nil }
        self.init(exactly: value)
    }
}

extension Double: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch type {
        case 701:
            guard let bits = bytes.bigEndian(UInt64.self) else { return nil }
            self.init(bitPattern: bits)
        case 700:
            guard let bits = bytes.bigEndian(UInt32.self) else { return nil }
            self.init(Float(bitPattern: bits))
        default:
            guard let value = Int64(binary: bytes, type: type) else { return nil }
            self.init(value)
        }
    }
}

extension Bool: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == 16, bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension String: SQLDecodable {
    /// Types whose binary form is no text: bool, bytea, the numbers, dates, times and uuid.
    private static var binaryTypes: Set<UInt32> {
        [16, 17, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1700, 2950]
    }

    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch type {
        case 25, 1043:
            // The server has checked them, and checking without specialising costs a third more.
            self.init(decoding: bytes, as: UTF8.self)
        case 3802:
            // jsonb begins with the version of its form, which has been 1 since there is one.
            guard bytes.first == 1 else { return nil }
            self.init(validating: bytes.dropFirst(), as: UTF8.self)
        case _ where String.binaryTypes.contains(type):
            return nil
        default:
            self.init(validating: bytes, as: UTF8.self)
        }
    }
}

extension UUID: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == 2950, bytes.count == 16 else { return nil }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Date: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch type {
        case 1184, 1114:
            guard let moment = bytes.bigEndian(Int64.self) else { return nil }
            self.init(postgresMicroseconds: moment)
        case 1082:
            guard let days = bytes.bigEndian(Int32.self) else { return nil }
            self.init(timeIntervalSince1970: Date.postgresEpoch + 86_400 * Double(days))
        default:
            return nil
        }
    }
}

extension UInt8: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == 18, bytes.count == 1 else { return nil }
        self = bytes[0]
    }
}

/// One-dimensional arrays, and `[UInt8]` from `bytea`.
extension Array: SQLDecodable where Element: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        if type == 17 {
            guard let octets = [UInt8](bytes) as? [Element] else { return nil }
            self = octets
            return
        }
        var reader = ArrayReader(bytes: bytes)
        guard let count = reader.count else { return nil }
        self = []
        reserveCapacity(count)
        for _ in 0..<count {
            guard let cell = reader.next(),
                let element = Element(binary: cell, type: reader.elementType)
            else { return nil }
            append(element)
        }
    }
}

/// Walks over the binary form of an array: dimensions, flags, type, then length and bytes of each.
struct ArrayReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int
    /// How many elements there are, or `nil` if it is no array of one dimension.
    private(set) var count: Int?
    private(set) var elementType: UInt32 = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        offset = 20
        guard bytes.count >= 12 else { return }
        let dimensions = Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))
        elementType = UInt32(
            bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        if dimensions == 0 {
            count = 0
        } else if dimensions == 1, bytes.count >= 20 {
            let told = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
            // Each element takes four bytes at least, so a count beyond that is a lie.
            count = told >= 0 && Int(told) <= bytes.count / 4 ? Int(told) : nil
        }
    }

    /// The next element's bytes; `nil` for NULL and for a form that is cut short.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard offset + 4 <= bytes.count else { return nil }
        let length = Int(
            Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
        offset += 4
        guard length >= 0, offset + length <= bytes.count else { return nil }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }
}
