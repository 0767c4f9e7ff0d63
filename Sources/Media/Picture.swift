/// A picture that may be passed on: of a known format, within bounds, and holding nothing but what
/// is needed to draw it.
///
/// The only ways to one are `read` and, for a store, the bytes that `read` gave before. No
/// position, no camera, no thumbnail, no comment, no second picture, nothing after its end (M3, M4).
package struct Picture: Sendable, Equatable, CustomStringConvertible {
    package let format: PictureFormat
    /// The stored size in pixels, before the orientation turns it.
    package let width: Int
    package let height: Int
    /// How a viewer must turn it to show it upright.
    package let orientation: Orientation
    package let bytes: [UInt8]

    init(
        format: PictureFormat, width: Int, height: Int, orientation: Orientation, bytes: [UInt8]
    ) {
        self.format = format
        self.width = width
        self.height = height
        self.orientation = orientation
        self.bytes = bytes
    }

    /// Says what kind of picture it is, and none of its bytes.
    package var description: String { "\(format.rawValue), \(width) by \(height)" }

    /// Reads what somebody sent, by its structure and never by what its sender calls it.
    ///
    /// Nothing is decoded: the cost is one pass over the bytes and one clean copy. What is not
    /// understood is dropped where that is harmless and refused where it is not (fail closed).
    /// Reading the clean bytes again gives them unchanged.
    package static func read(
        _ bytes: ArraySlice<UInt8>, limits: PictureLimits = .standard
    ) throws(PictureError) -> Picture {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= limits.bytes else { throw .tooLarge }
        switch PictureFormat(magic: bytes) {
        case .jpeg: return try JPEGWalk.picture(in: bytes, limits: limits)
        case .png: return try PNGWalk.picture(in: bytes, limits: limits)
        case .webp: return try WebPWalk.picture(in: bytes, limits: limits)
        case nil: throw .unsupported
        }
    }

    /// Reads what somebody sent; see `read(_:limits:)` for slices.
    package static func read(
        _ bytes: [UInt8], limits: PictureLimits = .standard
    ) throws(PictureError) -> Picture {
        try read(bytes[...], limits: limits)
    }
}

/// A format that we take; everything else is refused.
package enum PictureFormat: String, Sendable, CaseIterable {
    case jpeg, png, webp

    /// The ending of a file's name.
    package var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        case .webp: "webp"
        }
    }

    /// The media type to serve it with.
    package var contentType: String { "image/\(rawValue)" }

    /// The format whose magic number these bytes begin with.
    init?(magic bytes: ArraySlice<UInt8>) {
        if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else if bytes.starts(with: PNGWalk.signature) {
            self = .png
        } else if bytes.starts(with: Array("RIFF".utf8)),
            bytes.dropFirst(8).starts(with: Array("WEBP".utf8))
        {
            self = .webp
        } else {
            return nil
        }
    }
}

/// How large a picture may be.
package struct PictureLimits: Sendable {
    /// Bytes as sent.
    package var bytes = 10 * 1024 * 1024
    /// Width times height.
    package var pixels = 50_000_000
    /// Width, and height.
    package var side = 12_000
    /// Bytes of a colour profile; a larger one is dropped. Those of printing presses have half.
    package var profileBytes = 1 << 20

    /// The limits of goal M3: 10 MiB, 50 megapixels, 12,000 pixels a side.
    package static let standard = PictureLimits()

    /// Limits to be changed one by one.
    package init() {}

    /// Refuses a size that is nothing, or too much to draw.
    func check(width: Int, height: Int) throws(PictureError) {
        guard width > 0, height > 0 else { throw .malformed }
        // Sides first: their product then cannot overflow.
        guard width <= side, height <= side else { throw .tooLarge }
        let (product, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, product <= pixels else { throw .tooLarge }
    }
}
