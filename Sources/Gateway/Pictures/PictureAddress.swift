import Media
import Reports

/// What the last part of a picture's address names.
enum PictureAddress: Equatable {
    /// A stored picture as it is.
    case picture(StoredPicture.Name)
    /// The thumbnail of one of these; no two of them are stored.
    case thumbnail(PictureName, of: [StoredPicture.Name])
    /// A file that an operator laid into the directory, such as a drawing of the sample.
    case file(String, type: String)

    /// Reads a name; `nil` if it is of no form that we give, so that no path can be built with it
    /// (M6).
    init?(parsing text: String) {
        if let name = PictureName(text) {
            let originals = PictureFormat.allCases.compactMap { format in
                StoredPicture.Name(rawValue: "\(name.digest).\(format.fileExtension)")
            }
            guard let size = name.size else {
                guard let name = originals.first(where: { $0.rawValue == text }) else { return nil }
                self = .picture(name)
                return
            }
            let drawn = originals.filter { $0.picture?.thumbnail(size) == name }
            guard !drawn.isEmpty else { return nil }
            self = .thumbnail(name, of: drawn)
        } else if let type = Self.type(of: text) {
            self = .file(text, type: type)
        } else {
            return nil
        }
    }

    /// The stored pictures that it can mean.
    var pictures: [StoredPicture.Name] {
        switch self {
        case .picture(let name): [name]
        case .thumbnail(_, let names): names
        case .file: []
        }
    }

    /// The type by the extension, or `nil` if the name is not plain.
    private static func type(of name: String) -> String? {
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
}

extension StoredPicture.Name {
    /// The same name as the files know it.
    var picture: PictureName? { PictureName(rawValue) }
}
