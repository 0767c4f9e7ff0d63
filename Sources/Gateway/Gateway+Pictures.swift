import CaseStore
import FoundationEssentials
import GeoReport
import Media
import Reports

extension Gateway {
    /// Takes the pictures of a POST before the report that they belong to: all are clean, counted
    /// and on disk when this returns, or the POST is refused whole (M3, M8, M9).
    ///
    /// What happens to the report then is another matter: if it is not stored, its pictures are
    /// orphans, which the sweep removes.
    func take(
        _ uploads: [UploadedPicture], from client: Client.ID, now: Date
    ) async throws(Fault) -> [StoredPicture] {
        guard !uploads.isEmpty else { return [] }
        guard let pictures else {
            throw Fault(.unsupportedMediaType, "media: this server takes no pictures.")
        }
        guard pictures.store.hasRoom else { throw Self.cannotKeep }
        let clean = try await clean(uploads, with: pictures.cleaner)
        try await asking { () async throws(CaseStoreError) in
            try await store.charge(clean.reduce(0) { $0 + $1.bytes.count }, to: client, now: now)
        }
        return try await put(clean, into: pictures.store)
    }

    private func clean(
        _ uploads: [UploadedPicture], with cleaner: PictureCleaner
    ) async throws(Fault) -> [Picture] {
        do {
            return try await cleaner.clean(uploads.map(\.bytes))
        } catch let refusal as PictureCleaner.Refusal {
            throw Fault(refusal, of: uploads)
        } catch {
            throw Fault(.unavailable(retryAfter: .seconds(1)), "The server is about to stop.")
        }
    }

    private static let cannotKeep = Fault(
        .unavailable(retryAfter: .seconds(60)),
        "The server cannot keep pictures now; try again later, or send the report without them.")

    private func put(
        _ clean: [Picture], into store: PictureStore
    ) async throws(Fault) -> [StoredPicture] {
        var stored: [StoredPicture] = []
        for picture in clean {
            let name: PictureName
            do {
                name = try await store.put(picture)
            } catch {
                logger.error("a picture was not stored", metadata: ["reason": .string("\(error)")])
                throw Self.cannotKeep
            }
            guard let name = StoredPicture.Name(rawValue: name.description) else {
                throw Fault(.failed, "The server made a mistake; it has been noted.")
            }
            stored.append(StoredPicture(name: name, bytes: picture.bytes.count))
        }
        return stored
    }
}

extension Fault {
    /// Why a picture is refused, and which one.
    fileprivate init(_ refusal: PictureCleaner.Refusal, of uploads: [UploadedPicture]) {
        let kind: Kind =
            switch refusal.reason {
            case .empty, .malformed: .malformed
            case .unsupported: .unsupportedMediaType
            case .tooLarge: .tooLarge
            }
        let upload = uploads.indices.contains(refusal.index) ? uploads[refusal.index] : nil
        self.init(kind, "\(upload?.name ?? "media"): \(refusal.reason.sentence).")
    }
}
