import GeoReport
import Media
import Reports

/// What a gateway needs to take pictures and to show them.
package struct Pictures: Sendable {
    let store: PictureStore
    let cleaner: PictureCleaner
    let shown: ShownPictures
    private let thumbnails: Thumbnails

    package init(_ store: PictureStore, thumbnailer: Thumbnailer) {
        self.store = store
        cleaner = PictureCleaner()
        shown = ShownPictures()
        thumbnails = Thumbnails(thumbnailer, store: store, cleaner: cleaner)
    }

    /// A stored picture and the type to serve it as.
    struct Found: Sendable {
        let body: EdgeResponse.Body
        let format: PictureFormat
    }

    /// The picture as it is; `nil` if its file is gone.
    func original(_ name: StoredPicture.Name) async throws(MediaError) -> Found? {
        guard let name = name.picture else { return nil }
        if let path = store.file(of: name) {
            return Found(body: .file(path: path), format: name.format)
        }
        guard let bytes = try await store.bytes(of: name) else { return nil }
        return Found(body: .bytes(bytes), format: name.format)
    }

    /// A picture made small, drawn now if nobody has asked for it before; `nil` if this server draws
    /// none, or cannot draw this one.
    func thumbnail(
        _ thumbnail: PictureName, of name: StoredPicture.Name
    ) async throws(MediaError) -> Found? {
        if let path = store.file(of: thumbnail) {
            return Found(body: .file(path: path), format: thumbnail.format)
        }
        if let bytes = try await store.bytes(of: thumbnail) {
            return Found(body: .bytes(bytes), format: thumbnail.format)
        }
        guard let drawn = try await thumbnails.draw(thumbnail, of: name) else { return nil }
        return Found(body: .bytes(drawn.bytes), format: drawn.format)
    }
}
