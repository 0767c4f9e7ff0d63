/// Walks the chunks of a PNG file and copies those that draw it.
///
/// Kept: header, palette, transparency, the pixels and what their numbers mean as colours. Written
/// anew: the colour profile, the orientation, every checksum. Dropped unread: every other chunk
/// that the format calls optional, and all that follows the end. Refused: moving pictures, and
/// every needed chunk that is not PNG's own.
struct PNGWalk {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    private var reader: ByteReader
    private let header: PNGHeader
    private let headerChunk: [UInt8]
    private let limits: PictureLimits
    private var colors: [String: [UInt8]] = [:]
    private var palette: ArraySlice<UInt8>?
    private var transparency: ArraySlice<UInt8>?
    private var orientation: Orientation?
    private var pixels: [UInt8] = []
    private var pixelCount = 0
    private var state = State.before

    /// Where the walk is: the pixels' chunks stand together.
    private enum State { case before, within, after }

    private struct Chunk {
        let type: String
        let content: ArraySlice<UInt8>
        let sum: Int

        /// The content, if the chunk's checksum is right.
        func checked() throws(PictureError) -> ArraySlice<UInt8> {
            guard sum == Int(Checksum.crc32(Array(type.utf8)[...], content)) else {
                throw .malformed
            }
            return content
        }
    }

    static func picture(
        in bytes: ArraySlice<UInt8>, limits: PictureLimits
    ) throws(PictureError) -> Picture {
        var walk = try PNGWalk(bytes, limits: limits)
        try walk.walk()
        return try walk.picture()
    }

    private init(_ bytes: ArraySlice<UInt8>, limits: PictureLimits) throws(PictureError) {
        self.limits = limits
        reader = ByteReader(bytes)
        _ = try reader.take(Self.signature.count)
        let first = try Self.chunk(&reader)
        guard first.type == "IHDR" else {
            throw first.type.first?.isUppercase == true ? .unsupported : .malformed
        }
        header = try PNGHeader(first.content)
        // Before anything else: a header alone says that a picture is too large (M5).
        try limits.check(width: header.width, height: header.height)
        headerChunk = Self.written("IHDR", try first.checked())
        pixels.reserveCapacity(bytes.count)
    }

    private static func chunk(_ reader: inout ByteReader) throws(PictureError) -> Chunk {
        let length = try reader.big32()
        let type = try reader.take(4)
        guard type.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }) else {
            throw .malformed
        }
        let content = try reader.take(length)
        return Chunk(
            type: String(decoding: type, as: UTF8.self), content: content, sum: try reader.big32())
    }

    private mutating func walk() throws(PictureError) {
        while true {
            let chunk = try Self.chunk(&reader)
            if state == .within, chunk.type != "IDAT" { state = .after }
            guard chunk.type != "IEND" else {
                guard try chunk.checked().isEmpty else { throw .malformed }
                return
            }
            try take(chunk)
        }
    }

    private mutating func take(_ chunk: Chunk) throws(PictureError) {
        switch chunk.type {
        case "IDAT": try takePixels(chunk)
        case "PLTE": try takePalette(chunk)
        case "acTL", "fcTL", "fdAT": throw .unsupported
        case "tRNS" where state == .before && transparency == nil:
            transparency = try chunk.checked()
        case "eXIf" where orientation == nil:
            orientation = Orientation(exif: chunk.content)
        case "gAMA", "cHRM", "sRGB", "iCCP", "cICP":
            guard state == .before, palette == nil, colors[chunk.type] == nil else { return }
            colors[chunk.type] = color(chunk.type, try chunk.checked())
        // A small first letter says that a viewer may do without the chunk.
        case let type where type.first?.isLowercase == true: break
        case "IHDR": throw .malformed
        default: throw .unsupported
        }
    }

    private mutating func takePixels(_ chunk: Chunk) throws(PictureError) {
        guard state != .after else { throw .malformed }
        state = .within
        let content = try chunk.checked()
        guard !content.isEmpty else { return }
        pixelCount += content.count
        pixels += Self.written("IDAT", content)
    }

    private mutating func takePalette(_ chunk: Chunk) throws(PictureError) {
        let content = try chunk.checked()
        guard state == .before, palette == nil, transparency == nil, header.palette != .forbidden,
            (3...768).contains(content.count), content.count.isMultiple(of: 3)
        else { throw .malformed }
        palette = content
    }

    /// What a chunk about colours becomes; `nil` if it is dropped.
    private func color(_ type: String, _ content: ArraySlice<UInt8>) -> [UInt8]? {
        switch type {
        case "gAMA" where content.count == 4, "cHRM" where content.count == 32,
            "cICP" where content.count == 4,
            "sRGB" where content.count == 1 && content.allSatisfy { $0 < 4 }:
            return Array(content)
        case "iCCP":
            return profile(content)
        default: return nil
        }
    }

    private func profile(_ content: ArraySlice<UInt8>) -> [UInt8]? {
        guard content.count <= limits.profileBytes,
            let end = content.prefix(80).firstIndex(of: 0), end > content.startIndex,
            content.dropFirst(end - content.startIndex + 1).first == 0,
            let bytes = Zlib.inflated(content[(end + 2)...], limit: limits.profileBytes),
            let profile = ColorProfile(bytes), profile.space == header.space
        else { return nil }
        return Array("icc\0\0".utf8) + Zlib.stored(profile.bytes)
    }

    private func picture() throws(PictureError) -> Picture {
        guard pixelCount > 0, header.canBeHeld(in: pixelCount),
            header.palette != .needed || palette != nil
        else { throw .malformed }
        var clean = Self.signature + headerChunk
        for type in ["cICP", "iCCP", "sRGB", "gAMA", "cHRM"] {
            if let content = colors[type] { clean += Self.written(type, content[...]) }
        }
        let orientation = orientation ?? .upright
        if orientation != .upright { clean += Self.written("eXIf", orientation.exif[...]) }
        if let palette { clean += Self.written("PLTE", palette) }
        if let transparency,
            header.allowsTransparency(
                of: transparency.count, paletteSize: (palette?.count ?? 0) / 3)
        {
            clean += Self.written("tRNS", transparency)
        }
        clean += pixels
        clean += Self.written("IEND", [])
        return Picture(
            format: .png, width: header.width, height: header.height, orientation: orientation,
            bytes: clean)
    }

    private static func written(_ type: String, _ content: ArraySlice<UInt8>) -> [UInt8] {
        var chunk: [UInt8] = []
        chunk.reserveCapacity(content.count + 12)
        chunk.append(big32: content.count)
        chunk.append(ascii: type)
        chunk += content
        chunk.append(big32: Int(Checksum.crc32(Array(type.utf8)[...], content)))
        return chunk
    }
}
