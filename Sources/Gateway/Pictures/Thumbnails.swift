import Media
import Reports
import Synchronization

/// Draws thumbnails that nobody has asked for yet, a few at a time.
///
/// A class for who waits and for what cannot be drawn, under a mutex.
final class Thumbnails: Sendable {
    private let thumbnailer: Thumbnailer
    private let store: PictureStore
    private let cleaner: PictureCleaner
    private let state = Mutex(State())

    private struct State {
        var waiting = 0
        /// What the program gave up on: it would take as long again.
        var undrawable: Set<PictureName> = []
    }

    /// So many may wait for their thumbnail; the others are told to come again.
    private static let mostWaiting = 16
    private static let mostRemembered = 4096

    init(_ thumbnailer: Thumbnailer, store: PictureStore, cleaner: PictureCleaner) {
        self.thumbnailer = thumbnailer
        self.store = store
        self.cleaner = cleaner
    }

    /// The thumbnail, kept for the next time; `nil` if there can be none.
    func draw(
        _ thumbnail: PictureName, of name: StoredPicture.Name
    ) async throws(MediaError) -> Picture? {
        guard thumbnailer.state != .absent, let size = thumbnail.size, let name = name.picture,
            try enter(thumbnail)
        else { return nil }
        defer { state.withLock { $0.waiting -= 1 } }
        guard let bytes = try await store.bytes(of: name),
            let picture = try? await cleaner.clean([bytes[...]]).first
        else { return nil }
        guard let drawn = try? await thumbnailer.thumbnail(of: picture, size) else {
            remember(thumbnail)
            return nil
        }
        // A disk that is full costs the next one the same work, and this one nothing.
        _ = try? await store.put(thumbnail: drawn, size, of: name)
        return drawn
    }

    /// Whether it is worth trying; fails if too many wait already.
    private func enter(_ thumbnail: PictureName) throws(MediaError) -> Bool {
        let (isHopeless, isFull) = state.withLock { state in
            let isHopeless = state.undrawable.contains(thumbnail)
            let isFull = state.waiting >= Self.mostWaiting
            if !isHopeless, !isFull { state.waiting += 1 }
            return (isHopeless, isFull)
        }
        guard isHopeless || !isFull else { throw .unavailable }
        return !isHopeless
    }

    private func remember(_ thumbnail: PictureName) {
        state.withLock { state in
            if state.undrawable.count >= Self.mostRemembered { state.undrawable.removeAll() }
            state.undrawable.insert(thumbnail)
        }
    }
}
