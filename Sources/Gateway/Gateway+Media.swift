import GeoReport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Gateway {
    /// A picture of a report (M6): only files that lie in the directory itself, under plain names.
    func picture(_ name: String) throws(Fault) -> EdgeResponse {
        guard let directory = settings.media, let type = Self.pictureType(name),
            Self.isPlainFile(directory + "/" + name)
        else { throw Fault(.notFound, "The picture was not found.") }
        return EdgeResponse(
            status: 200,
            headers: [
                ("Content-Type", type),
                ("Content-Disposition", "inline; filename=\"\(name)\""),
                ("Content-Security-Policy", "default-src 'none'; sandbox"),
                ("Cross-Origin-Resource-Policy", "cross-origin"),
                ("Cache-Control", "public, max-age=86400"),
            ], body: .file(path: directory + "/" + name))
    }

    /// The type by the extension, or `nil` if the name is not of the form that we give to pictures.
    private static func pictureType(_ name: String) -> String? {
        guard (1...128).contains(name.utf8.count), name.utf8.first != UInt8(ascii: "."),
            name.utf8.allSatisfy(isPlain), let dot = name.lastIndex(of: ".")
        else { return nil }
        return switch name[name.index(after: dot)...] {
        case "jpg", "jpeg": "image/jpeg"
        case "png": "image/png"
        case "webp": "image/webp"
        default: nil
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// A link could lead out of the directory, so it is not followed.
    private static func isPlainFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
