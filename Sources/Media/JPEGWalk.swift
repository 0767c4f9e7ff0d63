/// Walks the segments of a JPEG file and copies those that draw it.
///
/// Kept: the frame, the tables and the scans. Written anew: JFIF's density, the orientation, the
/// colour profile, Adobe's colour transform. Dropped: every other application segment, comments,
/// and all that follows the first end marker, such as the second pictures of the multi-picture
/// format. Refused: every marker that is none of these.
struct JPEGWalk {
    private var reader: ByteReader
    private let limits: PictureLimits
    private var density: [UInt8]?
    private var orientation = Orientation.upright
    private var profile = ICCPieces()
    private var adobe: UInt8?
    private var frame: JPEGFrame?
    private var scans = 0
    /// The frame, the tables and the scans, as they came.
    private var drawing: [UInt8] = []

    /// Enough for any progressive file; each one costs a viewer a pass over all pixels.
    private static let scanLimit = 100

    static func picture(
        in bytes: ArraySlice<UInt8>, limits: PictureLimits
    ) throws(PictureError) -> Picture {
        var walk = JPEGWalk(reader: ByteReader(bytes), limits: limits)
        walk.drawing.reserveCapacity(bytes.count)
        return try walk.picture()
    }

    private init(reader: ByteReader, limits: PictureLimits) {
        self.reader = reader
        self.limits = limits
    }

    private mutating func picture() throws(PictureError) -> Picture {
        guard try reader.big16() == 0xffd8 else { throw .malformed }
        while true {
            let marker = try marker()
            guard marker != 0xd9 else { break }
            try segment(marker)
        }
        guard let frame, scans > 0 else { throw .malformed }
        var clean = header(of: frame)
        clean.append(contentsOf: drawing)
        clean.append(big16: 0xffd9)
        return Picture(
            format: .jpeg, width: frame.width, height: frame.height, orientation: orientation,
            bytes: clean)
    }

    /// The next marker; any number of 0xff may stand in front of it.
    private mutating func marker() throws(PictureError) -> UInt8 {
        guard try reader.byte() == 0xff else { throw .malformed }
        while true {
            let byte = try reader.byte()
            if byte != 0xff { return byte }
        }
    }

    private mutating func segment(_ marker: UInt8) throws(PictureError) {
        switch marker {
        case 0xc0...0xcf where marker != 0xc4 && marker != 0xc8 && marker != 0xcc,
            0xda, 0xdb, 0xc4, 0xdd, 0xe0...0xef, 0xfe:
            break
        // Arithmetic coding, hierarchical frames, a height told later: nobody's camera, and few
        // viewers draw them.
        case 0xcc, 0xc8, 0xdc, 0xde, 0xdf: throw .unsupported
        default: throw .malformed
        }
        let length = try reader.big16()
        guard length >= 2 else { throw .malformed }
        let content = try reader.take(length - 2)
        switch marker {
        case 0xda: try scan(content)
        case 0xdb: try keep(marker, content, if: JPEGTables.areQuantizers(content))
        case 0xc4: try keep(marker, content, if: JPEGTables.areCodes(content))
        case 0xdd: try keep(marker, content, if: content.count == 2)
        case 0xe0...0xef: note(marker, content)
        case 0xfe: break
        default: try begin(marker, content)
        }
    }

    private mutating func keep(
        _ marker: UInt8, _ content: ArraySlice<UInt8>, if isValid: Bool
    ) throws(PictureError) {
        guard isValid else { throw .malformed }
        guard !content.isEmpty else { return }
        drawing.append(segment: marker, content)
    }

    private mutating func begin(
        _ marker: UInt8, _ content: ArraySlice<UInt8>
    ) throws(PictureError) {
        // Baseline, extended and progressive with Huffman's codes; not lossless, hierarchical or
        // arithmetic.
        guard (0xc0...0xc2).contains(marker) else { throw .unsupported }
        guard frame == nil, scans == 0 else { throw .malformed }
        let frame = try JPEGFrame(content)
        try limits.check(width: frame.width, height: frame.height)
        self.frame = frame
        drawing.append(segment: marker, content)
    }

    private mutating func scan(_ content: ArraySlice<UInt8>) throws(PictureError) {
        guard let frame, frame.allows(scan: content) else { throw .malformed }
        scans += 1
        guard scans <= Self.scanLimit else { throw .unsupported }
        drawing.append(segment: 0xda, content)
        let rest = reader.rest
        let data = rest[..<(try Self.endOfScan(in: rest))]
        guard !data.isEmpty else { throw .malformed }
        drawing.append(contentsOf: try reader.take(data.count))
    }

    /// The index of the first marker that is no restart: where the scan's data ends.
    private static func endOfScan(in bytes: ArraySlice<UInt8>) throws(PictureError) -> Int {
        var index = bytes.startIndex
        let last = bytes.endIndex - 1
        while index < last {
            guard bytes[index] == 0xff else {
                index += 1
                continue
            }
            let next = bytes[index + 1]
            guard next == 0 || (0xd0...0xd7).contains(next) else { return index }
            index += 2
        }
        throw .malformed
    }
}

// MARK: - Application segments

extension JPEGWalk {
    /// Takes from an application segment what is needed to draw; nothing once scans have begun.
    private mutating func note(_ marker: UInt8, _ content: ArraySlice<UInt8>) {
        guard scans == 0 else { return }
        switch marker {
        case 0xe0 where content.starts(with: Self.jfif) && content.count >= 14:
            density = density ?? Array(content.dropFirst(7).prefix(5))
        case 0xe1 where content.starts(with: Self.exif):
            guard orientation == .upright else { return }
            orientation = Orientation(exif: content.dropFirst(Self.exif.count))
        case 0xe2 where content.starts(with: ICCPieces.name):
            profile.add(content.dropFirst(ICCPieces.name.count))
        case 0xee where content.starts(with: Self.adobe) && content.count >= 12:
            adobe = content[content.startIndex + 11]
        default: break
        }
    }

    private static let jfif = Array("JFIF\0".utf8)
    private static let exif = Array("Exif\0\0".utf8)
    private static let adobe = Array("Adobe".utf8)

    /// Everything in front of the tables, written anew.
    private func header(of frame: JPEGFrame) -> [UInt8] {
        var header: [UInt8] = [0xff, 0xd8]
        if let density {
            // Version 1.1, and no thumbnail.
            header.append(segment: 0xe0, Self.jfif + [1, 1] + density + [0, 0])
        }
        if orientation != .upright {
            header.append(segment: 0xe1, Self.exif + orientation.exif)
        }
        if let whole = profile.whole(limit: limits.profileBytes),
            let profile = ColorProfile(whole), profile.space == frame.space
        {
            for piece in ICCPieces.cut(profile.bytes) { header.append(segment: 0xe2, piece) }
        }
        // Beside JFIF, and for gray, Adobe's segment changes nothing.
        if let adobe, frame.space == .cmyk || frame.space == .rgb && density == nil {
            header.append(segment: 0xee, Self.adobe + [0, 100, 0, 0, 0, 0, min(adobe, 2)])
        }
        return header
    }
}

extension [UInt8] {
    /// Appends a JPEG segment: its marker, its length, its content of at most 65,533 bytes.
    fileprivate mutating func append(segment marker: UInt8, _ content: some Collection<UInt8>) {
        append(0xff)
        append(marker)
        append(big16: content.count + 2)
        append(contentsOf: content)
    }
}
