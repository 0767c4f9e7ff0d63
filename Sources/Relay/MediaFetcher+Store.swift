import CaseStore
import Federation
import Foundation
import Media
import Outbound
import Reports

extension MediaFetcher.Surroundings {
    /// The real ones: the case store's rows, the files, the only way out, and the peers' lines.
    package init(
        store: CaseStore, pictures: PictureStore, client: OutboundClient, lines: [PeerLine] = [],
        interval: Duration = .seconds(1)
    ) {
        self.init(
            due: { limit, now async throws(CaseStoreError) in
                try await store.duePictures(limit: limit, now: now, lease: MediaFetcher.lease)
            },
            fetch: { address async throws(OutboundError) in
                try await client.get(address, limits: .picture).body
            },
            ask: { picture async throws(PeerError) in
                guard let line = lines.first(where: { $0.peer.name == picture.peer }) else {
                    throw PeerError(.refused, "the settings do not name the peer")
                }
                return try await line.adapter.picture(picture.reference, over: line.wire)
            },
            put: { bytes async throws(MediaFetcher.PutError) in
                try await Self.put(bytes, into: pictures)
            },
            keep: { id, picture, now async throws(CaseStoreError) in
                try await store.keep(id, name: picture.name, bytes: picture.bytes, now: now)
            },
            postpone: { id, until async throws(CaseStoreError) in
                try await store.postpone(id, until: until)
            },
            abandon: { id async throws(CaseStoreError) in try await store.abandon(id) },
            pause: {
                // Cancelled it ends at once, and so does the loop.
                try? await Task.sleep(for: interval)
            })
    }

    /// The clean picture's file, or why there is none.
    static func put(
        _ bytes: [UInt8], into pictures: PictureStore
    ) async throws(MediaFetcher.PutError) -> StoredPicture {
        let picture: Picture
        do throws(PictureError) {
            picture = try Picture.read(bytes)
        } catch {
            throw .refused(error)
        }
        do throws(MediaError) {
            let name = try await pictures.put(picture)
            guard let name = StoredPicture.Name(rawValue: "\(name)") else { throw .unavailable }
            return StoredPicture(name: name, bytes: picture.bytes.count)
        } catch {
            throw .unavailable
        }
    }
}
