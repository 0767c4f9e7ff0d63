/// The checksums of PNG's chunks and of zlib's streams.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1
        }
    }

    /// CRC-32 of all the parts, one after the other.
    static func crc32(_ parts: ArraySlice<UInt8>...) -> UInt32 {
        var value = UInt32.max
        for part in parts {
            for byte in part {
                value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ (value >> 8)
            }
        }
        return ~value
    }

    /// Adler-32, as at the end of a zlib stream.
    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }
}
