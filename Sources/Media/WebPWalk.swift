/// Walks the chunks of a WebP file and copies those that draw it.
///
/// Kept: the picture and its transparency. Written anew: the file's head with its flags, the colour
/// profile, the orientation. Dropped: XMP, unknown chunks, all that follows the RIFF file.
/// Refused: moving pictures.
struct WebPWalk {
    private var reader: ByteReader
    private let limits: PictureLimits
    private var canvas: (width: Int, height: Int)?
    private var alpha: ArraySlice<UInt8>?
    private var profile: [UInt8]?
    private var orientation: Orientation?
    private var image: (type: String, content: ArraySlice<UInt8>, frame: WebPFrame)?

    static func picture(
        in bytes: ArraySlice<UInt8>, limits: PictureLimits
    ) throws(PictureError) -> Picture {
        var head = ByteReader(bytes)
        _ = try head.take(4)
        let size = try head.little32()
        guard size >= 12 else { throw .malformed }
        var content = ByteReader(try head.take(size))
        _ = try content.take(4)
        var walk = WebPWalk(reader: content, limits: limits)
        try walk.walk()
        return try walk.picture()
    }

    private init(reader: ByteReader, limits: PictureLimits) {
        self.reader = reader
        self.limits = limits
    }

    private mutating func walk() throws(PictureError) {
        var isFirst = true
        while reader.remaining > 0 {
            let type = String(decoding: try reader.take(4), as: UTF8.self)
            let length = try reader.little32()
            let content = try reader.take(length)
            // Chunks are padded to even lengths; the last one's padding is often forgotten.
            if !length.isMultiple(of: 2), reader.remaining > 0 { _ = try reader.byte() }
            if isFirst, !["VP8 ", "VP8L", "VP8X"].contains(type) { throw .unsupported }
            if !isFirst, type == "VP8X" { throw .malformed }
            try take(type, content)
            // In the simple form nothing may follow the picture.
            if isFirst, type != "VP8X" { return }
            isFirst = false
        }
    }

    private mutating func take(_ type: String, _ content: ArraySlice<UInt8>) throws(PictureError) {
        switch type {
        case "VP8X": try takeCanvas(content)
        case "ANIM", "ANMF": throw .unsupported
        case "VP8 ", "VP8L":
            guard image == nil else { throw .malformed }
            let frame =
                try type == "VP8 " ? WebPFrame(lossy: content) : WebPFrame(lossless: content)
            try limits.check(width: frame.width, height: frame.height)
            image = (type, content, frame)
        case "ALPH" where image == nil && alpha == nil && content.count > 1:
            alpha = content
        case "ICCP" where profile == nil:
            guard content.count <= limits.profileBytes else { return }
            let cleaned = ColorProfile(Array(content))
            profile = cleaned?.space == .rgb ? cleaned?.bytes : nil
        case "EXIF" where orientation == nil:
            let name = Array("Exif\0\0".utf8)
            let block = content.starts(with: name) ? content.dropFirst(name.count) : content
            orientation = Orientation(exif: block)
        default: break
        }
    }

    private mutating func takeCanvas(_ content: ArraySlice<UInt8>) throws(PictureError) {
        guard content.count == 10 else { throw .malformed }
        var reader = ByteReader(content)
        guard try reader.byte() & 0x02 == 0 else { throw .unsupported }
        _ = try reader.take(3)
        let width = try reader.little24() + 1
        let height = try reader.little24() + 1
        try limits.check(width: width, height: height)
        canvas = (width, height)
    }

    private func picture() throws(PictureError) -> Picture {
        guard let image else { throw .malformed }
        let frame = image.frame
        if let canvas {
            guard canvas == (frame.width, frame.height) else { throw .malformed }
        }
        let orientation = orientation ?? .upright
        // A lossless picture has its transparency inside.
        let alpha = image.type == "VP8 " ? alpha : nil
        var chunks: [UInt8] = []
        var flags: UInt8 = 0
        if profile != nil { flags |= 0x20 }
        if alpha != nil { flags |= 0x10 }
        if orientation != .upright { flags |= 0x08 }
        if flags != 0 { chunks.append(chunk: "VP8X", frame.canvas(flags)) }
        if let profile { chunks.append(chunk: "ICCP", profile) }
        if let alpha { chunks.append(chunk: "ALPH", alpha) }
        chunks.append(chunk: image.type, image.content)
        if orientation != .upright { chunks.append(chunk: "EXIF", orientation.exif) }
        var clean = Array("RIFF".utf8)
        clean.append(little32: chunks.count + 4)
        clean.append(ascii: "WEBP")
        clean += chunks
        return Picture(
            format: .webp, width: frame.width, height: frame.height, orientation: orientation,
            bytes: clean)
    }
}

/// What the first bytes of a WebP picture tell.
struct WebPFrame {
    let width: Int
    let height: Int
    let hasAlpha: Bool

    /// The head of a lossy picture: a key frame of VP8 that is shown.
    init(lossy content: ArraySlice<UInt8>) throws(PictureError) {
        var reader = ByteReader(content)
        let tag = try reader.little24()
        let size = tag >> 5
        guard tag & 1 == 0, tag >> 1 & 7 <= 3, tag >> 4 & 1 == 1,
            Array(try reader.take(3)) == [0x9d, 0x01, 0x2a]
        else { throw .malformed }
        width = try reader.little16() & 0x3fff
        height = try reader.little16() & 0x3fff
        hasAlpha = false
        guard size > 0, size < reader.remaining else { throw .malformed }
    }

    /// The head of a lossless picture.
    init(lossless content: ArraySlice<UInt8>) throws(PictureError) {
        var reader = ByteReader(content)
        guard try reader.byte() == 0x2f else { throw .malformed }
        let bits = try reader.little32()
        width = bits & 0x3fff + 1
        height = bits >> 14 & 0x3fff + 1
        hasAlpha = bits >> 28 & 1 == 1
        guard bits >> 29 == 0, reader.remaining > 0 else { throw .malformed }
    }
}

extension WebPFrame {
    /// What the head of the extended form says: what follows, and the size.
    func canvas(_ flags: UInt8) -> [UInt8] {
        var canvas: [UInt8] = [hasAlpha ? flags | 0x10 : flags, 0, 0, 0]
        canvas.append(little24: width - 1)
        canvas.append(little24: height - 1)
        return canvas
    }
}

extension [UInt8] {
    /// Appends a RIFF chunk, padded to an even length.
    fileprivate mutating func append(chunk type: String, _ content: some Collection<UInt8>) {
        append(ascii: type)
        append(little32: content.count)
        append(contentsOf: content)
        if !content.count.isMultiple(of: 2) { append(0) }
    }
}
