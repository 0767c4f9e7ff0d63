/// The name of a stored picture: 32 digits of its digest, perhaps a size, and its ending.
///
/// Only such a name opens a file, so that no text of a caller ever reaches the file system (M6).
package struct PictureName: Sendable, Hashable, CustomStringConvertible {
    /// What the names of a picture and of all its thumbnails begin with: 32 hexadecimal digits.
    package let digest: String
    /// `nil` for the picture itself.
    package let size: ThumbnailSize?
    package let format: PictureFormat

    /// The name in a text such as `0123…cdef.jpg` or `0123…cdef-400.webp`; `nil` for any other.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count > Self.digits, bytes.count < 48 else { return nil }
        let digest = bytes.prefix(Self.digits)
        guard digest.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.digest = String(decoding: digest, as: UTF8.self)
        let rest = bytes.dropFirst(Self.digits)
        for size in [nil] + ThumbnailSize.allCases.map(Optional.some) {
            for format in PictureFormat.allCases
            where rest.elementsEqual(Self.ending(size, format).utf8) {
                self.size = size
                self.format = format
                return
            }
        }
        return nil
    }

    init(digest: String, size: ThumbnailSize?, format: PictureFormat) {
        self.digest = digest
        self.size = size
        self.format = format
    }

    package var description: String { digest + Self.ending(size, format) }

    /// The name of this picture's thumbnail: JPEG stays JPEG, what can be transparent is WebP.
    package func thumbnail(_ size: ThumbnailSize) -> PictureName {
        PictureName(digest: digest, size: size, format: format == .jpeg ? .jpeg : .webp)
    }

    private static let digits = 32

    private static func ending(_ size: ThumbnailSize?, _ format: PictureFormat) -> String {
        (size.map { "-\($0.rawValue)" } ?? "") + "." + format.fileExtension
    }
}

/// How large a thumbnail is at most, in pixels a side.
package enum ThumbnailSize: Int, Sendable, CaseIterable {
    case small = 400
    case large = 1200
}
