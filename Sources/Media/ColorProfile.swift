/// A colour profile (ICC) written anew: its numbers, and none of its texts.
///
/// Profiles hold more than colour: descriptions, dates, the make, model and serial number of a
/// screen. Only the tags that turn a pixel into a colour are taken over, in canonical form.
struct ColorProfile {
    /// The colours that a picture's numbers mean.
    enum Space: String { case rgb = "RGB ", gray = "GRAY", cmyk = "CMYK" }

    private static let tagLimit = 100

    let space: Space
    let bytes: [UInt8]

    /// Cleans a profile; `nil` if it is no profile, or none that pictures carry.
    init?(_ profile: [UInt8], limit: Int = PictureLimits.standard.profileBytes) {
        guard profile.count >= 132, profile.count <= limit,
            let head = try? ProfileHead(profile[..<128]), head.size <= profile.count,
            let tags = try? Self.tags(of: profile[..<head.size]),
            Self.canDraw(head.space, Set(tags.map(\.name)))
        else { return nil }
        space = head.space
        bytes = Self.written(head, tags)
    }

    private struct Tag {
        let name: String
        let offset: Int
        let element: [UInt8]
    }

    private static let kept: Set<String> = [
        "wtpt", "bkpt", "chad", "cicp", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC", "kTRC",
        "A2B0", "A2B1", "A2B2",
    ]

    private static func tags(of profile: ArraySlice<UInt8>) throws(PictureError) -> [Tag] {
        var reader = ByteReader(profile)
        _ = try reader.take(128)
        let count = try reader.big32()
        guard count <= tagLimit else { throw .malformed }
        var tags: [Tag] = []
        for _ in 0..<count {
            let name = String(decoding: try reader.take(4), as: UTF8.self)
            let offset = try reader.big32()
            let size = try reader.big32()
            guard kept.contains(name), !tags.contains(where: { $0.name == name }) else { continue }
            var content = ByteReader(profile)
            _ = try content.take(offset)
            guard let element = try ProfileElement.clean(try content.take(size)) else { continue }
            tags.append(Tag(name: name, offset: offset, element: element))
        }
        return tags
    }

    private static func canDraw(_ space: Space, _ tags: Set<String>) -> Bool {
        switch space {
        case .rgb:
            tags.contains("A2B0")
                || tags.isSuperset(of: ["rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"])
        case .gray: tags.contains("A2B0") || tags.contains("kTRC")
        case .cmyk: tags.contains("A2B0")
        }
    }

    /// The profile of these tags; tags that shared an element share it again.
    private static func written(_ head: ProfileHead, _ tags: [Tag]) -> [UInt8] {
        let own = [("desc", head.text("picture")), ("cprt", head.text("none"))]
            .map { Tag(name: $0.0, offset: -1, element: $0.1) }
        let all = own + tags
        var table: [UInt8] = []
        var content: [UInt8] = []
        var places: [Int: (offset: Int, element: [UInt8])] = [:]
        table.append(big32: all.count)
        let start = 128 + 4 + 12 * all.count
        for tag in all {
            var offset = start + content.count
            if let place = places[tag.offset], tag.offset >= 0, place.element == tag.element {
                offset = place.offset
            } else {
                places[tag.offset] = (offset, tag.element)
                content += tag.element
                content += [UInt8](repeating: 0, count: (4 - content.count % 4) % 4)
            }
            table.append(ascii: tag.name)
            table.append(big32: offset)
            table.append(big32: tag.element.count)
        }
        return head.written(size: start + content.count) + table + content
    }
}
