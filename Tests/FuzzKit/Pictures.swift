import Media

/// The walks over JPEG, PNG and WebP files.
enum Pictures {
    static func run(_ bytes: [UInt8]) {
        guard let picture = try? Picture.read(bytes) else { return }
        demand(picture.width > 0 && picture.height > 0, "a picture has a size")
        // A profile is written anew, and an orientation told in its own way.
        demand(picture.bytes.count <= bytes.count + 4096, "what is taken away makes it no longer")
        demand((try? Picture.read(picture.bytes)) == picture, "clean bytes read as themselves")
    }
}
