/// How a picture lies: the one thing of its EXIF that is needed to draw it.
package enum Orientation: UInt8, Sendable {
    case upright = 1
    case mirrored, upsideDown, upsideDownMirrored
    case transposed, turnedRight, transverse, turnedLeft
}

extension Orientation {
    /// The orientation that a block of EXIF (a small TIFF file) tells; upright if it tells none.
    ///
    /// A block that breaks TIFF's rules tells nothing: it is thrown away in any case.
    init(exif bytes: ArraySlice<UInt8>) {
        self = (try? Self.told(by: bytes)) ?? .upright
    }

    /// A new block of EXIF that holds the orientation and nothing else.
    var exif: [UInt8] {
        var block: [UInt8] = []
        block.append(ascii: "MM")
        block.append(big16: 42)
        block.append(big32: 8)
        block.append(big16: 1)
        block.append(big16: Self.tag)
        block.append(big16: Self.short)
        block.append(big32: 1)
        block.append(big16: Int(rawValue))
        block.append(big16: 0)
        block.append(big32: 0)
        return block
    }

    private static let tag = 0x0112
    private static let short = 3
    private static let long = 4

    private static func told(by bytes: ArraySlice<UInt8>) throws(PictureError) -> Orientation? {
        var header = ByteReader(bytes)
        let order = Array(try header.take(2))
        guard order == Array("II".utf8) || order == Array("MM".utf8) else { return nil }
        let isLittle = order == Array("II".utf8)
        func two(_ reader: inout ByteReader) throws(PictureError) -> Int {
            isLittle ? try reader.little16() : try reader.big16()
        }
        func four(_ reader: inout ByteReader) throws(PictureError) -> Int {
            isLittle ? try reader.little32() : try reader.big32()
        }
        guard try two(&header) == 42 else { return nil }
        var directory = ByteReader(bytes)
        _ = try directory.take(try four(&header))
        for _ in 0..<(try two(&directory)) {
            var entry = ByteReader(try directory.take(12))
            guard try two(&entry) == tag else { continue }
            let type = try two(&entry)
            guard try four(&entry) == 1, type == short || type == long else { return nil }
            let value = type == short ? try two(&entry) : try four(&entry)
            return UInt8(exactly: value).flatMap(Orientation.init(rawValue:))
        }
        return nil
    }
}
