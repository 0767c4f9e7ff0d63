/// Writes pictures as PNG: a palette, four bits a pixel, deflate blocks that are stored as they are
/// (PNG, RFC 1950, RFC 1951). Bigger than need be, but nothing else has to be trusted.
package enum PNG {
    package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The file of a canvas.
    package static func file(of canvas: Canvas) -> [UInt8] {
        var file = signature
        let size = bytes(UInt32(canvas.width)) + bytes(UInt32(canvas.height))
        // Bit depth 4, colour type 3 (palette), no interlacing.
        file += chunk("IHDR", size + [4, 3, 0, 0, 0])
        file += chunk("PLTE", canvas.palette.flatMap { [$0.red, $0.green, $0.blue] })
        file += chunk("IDAT", zlib(rows(of: canvas)))
        file += chunk("IEND", [])
        return file
    }

    /// The rows, each behind the number of its filter (none), two pixels a byte.
    private static func rows(of canvas: Canvas) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(canvas.height * (canvas.width / 2 + 1))
        for y in 0..<canvas.height {
            bytes.append(0)
            for x in stride(from: 0, to: canvas.width, by: 2) {
                bytes.append(canvas.index(x, y) << 4 | canvas.index(x + 1, y))
            }
        }
        return bytes
    }

    private static func chunk(_ type: StaticString, _ data: [UInt8]) -> [UInt8] {
        let body = type.withUTF8Buffer(Array.init) + data
        return bytes(UInt32(data.count)) + body + bytes(crc32(body))
    }

    private static func zlib(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = data[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            for half in [length, ~length] {
                stream += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)]
            }
            stream += block
        } while !rest.isEmpty
        return stream + bytes(adler32(data))
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// The checksum of a chunk.
    package static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc = crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
        }
        return ~crc
    }

    private static let crcTable: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { crc, _ in
            crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1
        }
    }

    /// The checksum of a zlib stream.
    package static func adler32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }
}
