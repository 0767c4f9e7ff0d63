@testable import Media

/// JPEG files built by hand: gray ones whose every block is two bits, and any segments around them.
enum JPEG {
    static let start: [UInt8] = [0xff, 0xd8]
    static let end: [UInt8] = [0xff, 0xd9]

    static func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        [0xff, marker, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 0xff)] + content
    }

    static let quantizers = segment(0xdb, [0] + [UInt8](repeating: 1, count: 64))
    /// One code word each: "no change", "end of block".
    static let codes = code(0x00) + code(0x10)

    private static func code(_ kind: UInt8) -> [UInt8] {
        segment(0xc4, [kind, 1] + [UInt8](repeating: 0, count: 15) + [0])
    }

    static let jfif = segment(0xe0, Array("JFIF\0".utf8) + [1, 2, 1, 0, 72, 0, 72, 0, 0])

    static func frame(_ width: Int, _ height: Int, marker: UInt8 = 0xc0) -> [UInt8] {
        segment(
            marker,
            [8, UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
                + [1, 1, 0x11, 0])
    }

    static let scanHead = segment(0xda, [1, 1, 0, 0, 63, 0])

    /// The scan of a gray picture: all blocks alike.
    static func scan(_ width: Int, _ height: Int) -> [UInt8] {
        let bits = ((width + 7) / 8) * ((height + 7) / 8) * 2
        var data = [UInt8](repeating: 0, count: (bits + 7) / 8)
        if bits % 8 != 0 { data[data.count - 1] = 0xff >> UInt8(bits % 8) }
        return scanHead + data
    }

    /// A whole gray picture, with segments of one's own before its tables.
    static func file(_ width: Int = 16, _ height: Int = 8, with segments: [UInt8] = []) -> [UInt8] {
        start + jfif + segments + quantizers + frame(width, height) + codes + scan(width, height)
            + end
    }

    static func exif(_ block: [UInt8]) -> [UInt8] { segment(0xe1, Array("Exif\0\0".utf8) + block) }
}

/// Blocks of EXIF.
enum EXIF {
    /// Orientation, a camera's name, a position and text after the directory.
    static func block(orientation: UInt8, isLittle: Bool = true) -> [UInt8] {
        func two(_ value: Int) -> [UInt8] {
            let bytes = [UInt8(value >> 8), UInt8(value & 255)]
            return isLittle ? bytes.reversed() : bytes
        }
        func four(_ value: Int) -> [UInt8] {
            isLittle
                ? two(value & 0xffff) + two(value >> 16) : two(value >> 16) + two(value & 0xffff)
        }
        return Array((isLittle ? "II" : "MM").utf8) + two(42) + four(8) + two(3)
            + two(0x010f) + two(2) + four(6) + four(50)
            + two(0x0112) + two(3) + four(1) + two(Int(orientation)) + two(0)
            + two(0x8825) + two(4) + four(1) + four(56) + four(0)
            + Array("SECRET".utf8) + Array("SECRET GPS 42.1N".utf8)
    }
}

/// PNG files built by hand.
enum PNG {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    static func four(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        return four(content.count) + body + four(Int(Checksum.crc32(body[...])))
    }

    static func header(
        _ width: Int, _ height: Int, depth: UInt8 = 8, color: UInt8 = 0
    ) -> [UInt8] {
        chunk("IHDR", four(width) + four(height) + [depth, color, 0, 0, 0])
    }

    /// A gray gradient's pixels.
    static func pixels(_ width: Int, _ height: Int) -> [UInt8] {
        var rows: [UInt8] = []
        for row in 0..<height {
            rows.append(0)
            rows += (0..<width).map { UInt8(truncatingIfNeeded: $0 + row) }
        }
        return chunk("IDAT", Zlib.stored(rows))
    }

    static let end = chunk("IEND", [])

    /// A whole gray picture, with chunks of one's own before and behind its pixels.
    static func file(
        _ width: Int = 12, _ height: Int = 9, before: [UInt8] = [], after: [UInt8] = []
    ) -> [UInt8] {
        signature + header(width, height) + before + pixels(width, height) + after + end
    }
}

/// WebP files: three tiny pictures of cwebp's kind, and any chunks around them.
enum WebP {
    static let lossy = bytes(
        """
        b002009d012a180010003f71a0c658b4aba7a3b00802902e0940000f640000fedf803e83e2e5fffa89ec23befa\
        b00000
        """)
    /// 24 by 16 pixels, as `lossy`; its transparency apart.
    static let alpha = bytes("010750c088084444ff03")
    /// 5 by 3 pixels, half transparent.
    static let lossless = bytes("2f04800010075081540820000a9a02c68888fe07")

    static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        Array(type.utf8) + PNG.four(content.count).reversed() + content
            + [UInt8](repeating: 0, count: content.count % 2)
    }

    static func file(_ chunks: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + PNG.four(chunks.count + 4).reversed() + Array("WEBP".utf8) + chunks
    }

    static func canvas(_ flags: UInt8, _ width: Int = 24, _ height: Int = 16) -> [UInt8] {
        let size = [width - 1, height - 1].flatMap { PNG.four($0).reversed().prefix(3) }
        return chunk("VP8X", [flags, 0, 0, 0] + size)
    }

    /// A picture with everything: transparency, EXIF, XMP, and chunks that nobody knows.
    static let full = file(
        canvas(0x1c) + chunk("ALPH", alpha) + chunk("VP8 ", lossy)
            + chunk("EXIF", EXIF.block(orientation: 6)) + chunk("XMP ", Array("SECRET".utf8))
            + chunk("SECR", Array("SECRET".utf8)))
}

/// Colour profiles.
enum ICC {
    /// A profile of screen colours that also tells a text and a serial number.
    static func profile(space: String = "RGB ", size: Int? = nil) -> [UInt8] {
        let point =
            Array("XYZ \0\0\0\0".utf8) + PNG.four(0x6fa2) + PNG.four(0x38f5) + [0, 0, 3, 0x90]
        let curve = Array("curv\0\0\0\0".utf8) + PNG.four(1) + [2, 0x33, 0, 0]
        let text = Array("desc\0\0\0\0SECRET screen of somebody".utf8)
        let serial = Array("mmod\0\0\0\0SECRET 123456".utf8)
        let elements =
            [("desc", text), ("mmod", serial), ("wtpt", point + Array("SECRET".utf8))]
            + ["rXYZ", "gXYZ", "bXYZ"].map { ($0, point) }
            + ["rTRC", "gTRC", "bTRC", "kTRC"].map { ($0, curve) }
        var table = PNG.four(elements.count)
        var content: [UInt8] = []
        for (name, element) in elements {
            table += Array(name.utf8) + PNG.four(132 + 12 * elements.count + content.count)
            table += PNG.four(element.count)
            content += element + [UInt8](repeating: 0, count: (4 - element.count % 4) % 4)
        }
        let body = table + content
        return PNG.four(size ?? 128 + body.count) + Array("SECR".utf8) + [2, 0x10, 0, 0]
            + Array("mntr\(space)XYZ ".utf8) + [7, 0xea, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
            + Array("acspAPPL".utf8) + PNG.four(0) + Array("SECRSECR".utf8)
            + [UInt8](repeating: 7, count: 64) + [UInt8](repeating: 1, count: 8)
            + body
    }
}

/// Bytes told as hexadecimal digits.
func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] * 16 + digits[$0 + 1])
    }
}

/// Whether some bytes hold a text.
func holds(_ bytes: [UInt8], _ text: String) -> Bool {
    bytes.indices.contains { bytes[$0...].starts(with: text.utf8) }
}

/// A generator whose numbers are the same in each run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
