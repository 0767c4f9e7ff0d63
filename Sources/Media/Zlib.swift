/// Streams of zlib, for the colour profiles that PNG compresses.
enum Zlib {
    /// What a stream holds; `nil` if it is damaged or holds more than `limit` bytes.
    static func inflated(_ stream: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        var reader = ByteReader(stream)
        guard let head = try? reader.big16(), head >> 8 & 15 == 8, head & 0x20 == 0, head % 31 == 0
        else { return nil }
        var inflater = Inflater(reader.rest, limit: limit)
        guard let bytes = try? inflater.inflate() else { return nil }
        var tail = ByteReader(inflater.rest)
        guard let sum = try? tail.big32(), sum == Int(Checksum.adler32(bytes)) else { return nil }
        return bytes
    }

    /// A stream that holds these bytes as they are.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: max(bytes.count, 1), by: 65_535) {
            let end = min(start + 65_535, bytes.count)
            stream.append(end == bytes.count ? 1 : 0)
            for size in [end - start, ~(end - start)] {
                stream.append(UInt8(truncatingIfNeeded: size))
                stream.append(UInt8(truncatingIfNeeded: size >> 8))
            }
            stream += bytes[start..<end]
        }
        stream.append(big32: Int(Checksum.adler32(bytes)))
        return stream
    }
}
