import Media
import NIOPosix

/// Cleans pictures on threads of its own: they are few, so that many large pictures at once hold up
/// each other, and nobody who sends none.
///
/// A class, because it ends its threads when nobody needs them any more.
final class PictureCleaner: Sendable {
    private let threads: NIOThreadPool

    init(threads count: Int = 2) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// Why one of several pictures is refused.
    struct Refusal: Error {
        /// Its place among them.
        let index: Int
        let reason: PictureError
    }

    /// All of them clean, in their order; one that is refused spoils all.
    func clean(_ given: [ArraySlice<UInt8>]) async throws -> [Picture] {
        try await threads.runIfActive {
            try given.enumerated().map { index, bytes in
                do throws(PictureError) {
                    return try Picture.read(bytes)
                } catch {
                    throw Refusal(index: index, reason: error)
                }
            }
        }
    }
}
