import CaseStore
import GeoReport
import Reports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Gateway {
    /// A picture of a report or an update (M6), or its thumbnail.
    ///
    /// A stored one only as long as a report names it that the public may see: then it is gone from
    /// here within seconds, and from other people's caches within a day (P5).
    func picture(_ text: String, _ request: EdgeRequest) async throws(Fault) -> EdgeResponse {
        guard let address = PictureAddress(parsing: text) else { throw Self.noPicture }
        if case .file(let name, let type) = address { return try file(name, type: type) }
        guard let pictures, let name = try await shown(address.pictures) else {
            throw Self.noPicture
        }
        // The name is made of the content, so it is the content's tag as well.
        let tag = "\"\(text)\""
        var response = EdgeResponse(status: 304, headers: [("ETag", tag)])
        guard !Self.matches(request.fields.ifNoneMatch, tag) else { return response }
        guard let found = try await found(address, as: name, in: pictures) else {
            throw Self.noPicture
        }
        response.status = 200
        response.headers += Self.headers(text, type: found.format.contentType)
        response.headers.append(("Cache-Control", "public, max-age=86400, immutable"))
        response.body = found.body
        return response
    }

    private func found(
        _ address: PictureAddress, as name: StoredPicture.Name, in pictures: Pictures
    ) async throws(Fault) -> Pictures.Found? {
        do {
            return switch address {
            case .thumbnail(let thumbnail, _):
                try await pictures.thumbnail(thumbnail, of: name)
            default: try await pictures.original(name)
            }
        } catch {
            throw Fault(
                .unavailable(retryAfter: .seconds(2)),
                "The picture cannot be read now; try again soon.")
        }
    }

    private static let noPicture = Fault(.notFound, "The picture was not found.")

    private static func headers(
        _ name: String, type: String
    ) -> [(name: String, value: String)] {
        [
            ("Content-Type", type), ("Content-Disposition", "inline; filename=\"\(name)\""),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
        ]
    }

    /// The first of these pictures that the public may see.
    private func shown(
        _ names: [StoredPicture.Name]
    ) async throws(Fault) -> StoredPicture.Name? {
        let time = now()
        if let name = pictures?.shown.first(of: names, now: time) { return name }
        let found = try await asking { () async throws(CaseStoreError) in
            try await store.shown(names, now: time)
        }
        if let found { pictures?.shown.remember(found, now: time) }
        return found
    }

    /// A file that lies in the directory itself, under a plain name.
    private func file(_ name: String, type: String) throws(Fault) -> EdgeResponse {
        guard let directory = settings.media, Self.isPlainFile(directory + "/" + name) else {
            throw Self.noPicture
        }
        return EdgeResponse(
            status: 200,
            headers: Self.headers(name, type: type) + [("Cache-Control", "public, max-age=86400")],
            body: .file(path: directory + "/" + name))
    }

    /// A link could lead out of the directory, so it is not followed.
    private static func isPlainFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
