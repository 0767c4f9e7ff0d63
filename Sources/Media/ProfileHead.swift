/// The first 128 bytes of a colour profile, as far as they mean a colour.
struct ProfileHead {
    let size: Int
    let space: ColorProfile.Space
    private let version: [UInt8]
    private let kind: String
    private let connection: String
    private let intent: UInt8

    init(_ bytes: ArraySlice<UInt8>) throws(PictureError) {
        var reader = ByteReader(bytes)
        size = try reader.big32()
        _ = try reader.take(4)
        version = Array(try reader.take(4).prefix(2))
        kind = String(decoding: try reader.take(4), as: UTF8.self)
        let space = ColorProfile.Space(
            rawValue: String(decoding: try reader.take(4), as: UTF8.self))
        connection = String(decoding: try reader.take(4), as: UTF8.self)
        _ = try reader.take(12)
        let magic = String(decoding: try reader.take(4), as: UTF8.self)
        _ = try reader.take(24)
        intent = UInt8(truncatingIfNeeded: try reader.big32() & 3)
        guard let space, magic == "acsp", size >= 132, [2, 4].contains(version[0]),
            ["mntr", "scnr", "prtr", "spac"].contains(kind), ["XYZ ", "Lab "].contains(connection)
        else { throw .malformed }
        self.space = space
    }

    /// The head of the clean profile: no date, no maker, no model, no creator, no digest.
    func written(size: Int) -> [UInt8] {
        var head: [UInt8] = []
        head.append(big32: size)
        head.append(big32: 0)
        head += version + [0, 0]
        head.append(ascii: kind + space.rawValue + connection)
        head += [UInt8](repeating: 0, count: 12)
        head.append(ascii: "acsp")
        head += [UInt8](repeating: 0, count: 24)
        head.append(big32: Int(intent))
        // The white that all profiles connect through: D50.
        for value in [0xf6d6, 0x10000, 0xd32d] { head.append(big32: value) }
        return head + [UInt8](repeating: 0, count: 48)
    }

    /// A text as a profile of this version holds it: readers ask for two, whatever they say.
    func text(_ text: String) -> [UInt8] {
        var element: [UInt8] = []
        if version[0] == 4 {
            element.append(ascii: "mluc")
            for value in [0, 1, 12] { element.append(big32: value) }
            element.append(ascii: "enUS")
            element.append(big32: text.utf8.count * 2)
            element.append(big32: 28)
            for character in text.utf8 { element.append(big16: Int(character)) }
        } else if text == "none" {
            element.append(ascii: "text\0\0\0\0" + text + "\0")
        } else {
            element.append(ascii: "desc\0\0\0\0")
            element.append(big32: text.utf8.count + 1)
            element.append(ascii: text + "\0")
            element += [UInt8](repeating: 0, count: 78)
        }
        return element
    }
}

/// One element of a colour profile.
enum ProfileElement {
    /// The element cut to what its type says it has; `nil` for a type that is no colour's.
    static func clean(_ bytes: ArraySlice<UInt8>) throws(PictureError) -> [UInt8]? {
        var reader = ByteReader(bytes)
        let type = String(decoding: try reader.take(4), as: UTF8.self)
        _ = try reader.take(4)
        let length: Int
        switch type {
        case "XYZ ": length = 12
        case "sf32": length = 36
        case "cicp": length = 4
        case "curv": length = 4 + 2 * (try count(reader))
        case "para":
            let parameters = [1, 3, 4, 5, 7]
            var function = reader
            let number = try function.big16()
            guard number < parameters.count else { return nil }
            length = 4 + 4 * parameters[number]
        case "mft1", "mft2", "mAB ": length = reader.remaining
        default: return nil
        }
        return Array(type.utf8) + [0, 0, 0, 0] + (try reader.take(length))
    }

    private static func count(_ reader: ByteReader) throws(PictureError) -> Int {
        var reader = reader
        return try reader.big32()
    }
}
