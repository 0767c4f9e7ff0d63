import Crypto
import FoundationEssentials

/// Where clean pictures are kept, each under a name made of its content.
///
/// The same picture twice is one file. A picture that `put` has answered for survives a crash, and
/// a crash before leaves at most a temporary file, which the sweep removes (M9).
package struct PictureStore: Sendable {
    private enum Place: Sendable {
        case directory(PictureDirectory)
        case bucket(PictureBucket)
    }

    /// A moment of a put at which a crash must do no harm.
    package enum Moment: String, Sendable {
        /// All bytes are on disk, under a name that nobody reads.
        case flushed = "media-flushed"
        /// The file has its name, which the caller has not been told.
        case renamed = "media-renamed"
    }

    private let place: Place

    /// A store in a directory, which is made if it is missing.
    ///
    /// Below `lowWater` free space, told as a share of the disk, it takes no more pictures (M8).
    /// `pass` hears of the moments of each put: a harness ends the process there.
    package init(
        directory: String, lowWater: Double = 0.1,
        pass: @escaping @Sendable (Moment) -> Void = { _ in }
    ) throws(MediaError) {
        place = .directory(try PictureDirectory(directory, lowWater: lowWater, pass: pass))
    }

    /// A store in an S3-compatible object storage, for many nodes; `send` makes the HTTP calls.
    package init(
        bucket: BucketSettings, now: @escaping @Sendable () -> Date = { Date() },
        send: @escaping BucketCall.Send
    ) {
        place = .bucket(PictureBucket(settings: bucket, now: now, send: send))
    }

    /// Keeps a picture under the name of its content; safe from crashes once this returns.
    ///
    /// Putting it again changes nothing but its age, so that a sweep under way spares it.
    package func put(_ picture: Picture) async throws(MediaError) -> PictureName {
        let name = Self.name(of: picture)
        try await put(picture, name)
        return name
    }

    /// Keeps the thumbnail of a stored picture.
    package func put(
        thumbnail: Picture, _ size: ThumbnailSize, of name: PictureName
    ) async throws(MediaError) -> PictureName {
        let own = PictureName(digest: name.digest, size: size, format: thumbnail.format)
        try await put(thumbnail, own)
        return own
    }

    /// The bytes of a stored picture; `nil` if there is none of this name.
    package func bytes(of name: PictureName) async throws(MediaError) -> [UInt8]? {
        switch place {
        case .directory(let directory): try await directory.bytes(of: name)
        case .bucket(let bucket): try await bucket.bytes(of: name)
        }
    }

    /// The path of a stored picture's file, to be sent without being read; `nil` if there is no file
    /// of its own, as in object storage.
    package func file(of name: PictureName) -> String? {
        switch place {
        case .directory(let directory): directory.file(of: name)
        case .bucket: nil
        }
    }

    /// Whether there is a picture of this name.
    package func contains(_ name: PictureName) async throws(MediaError) -> Bool {
        switch place {
        case .directory(let directory): await directory.contains(name)
        case .bucket(let bucket): try await bucket.contains(name)
        }
    }

    /// The names put before a time whose digests begin with `shard`, thumbnails included.
    ///
    /// For the sweep, which goes through the shards 0…255 and never holds all names at once. Also
    /// removes what writers left behind unfinished before that time.
    package func names(
        in shard: UInt8, olderThan time: Date
    ) async throws(MediaError) -> [PictureName] {
        switch place {
        case .directory(let directory): try await directory.names(in: shard, olderThan: time)
        case .bucket(let bucket): try await bucket.names(in: shard, olderThan: time)
        }
    }

    /// Removes a picture, unless it was put again since `time`; a missing one is no failure.
    package func remove(_ name: PictureName, olderThan time: Date) async throws(MediaError) {
        switch place {
        case .directory(let directory): try await directory.remove(name, olderThan: time)
        case .bucket(let bucket): try await bucket.remove(name, olderThan: time)
        }
    }

    /// Whether the disk has room for more pictures; object storage always says so.
    package var hasRoom: Bool {
        switch place {
        case .directory(let directory): directory.hasRoom
        case .bucket: true
        }
    }

    /// The name that a picture is stored under.
    package static func name(of picture: Picture) -> PictureName {
        let digest = SHA256.hash(data: picture.bytes).prefix(16)
        return PictureName(digest: hexadecimal(digest), size: nil, format: picture.format)
    }

    private func put(_ picture: Picture, _ name: PictureName) async throws(MediaError) {
        switch place {
        case .directory(let directory): try await directory.put(picture.bytes, name)
        case .bucket(let bucket): try await bucket.put(picture, name)
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
}
