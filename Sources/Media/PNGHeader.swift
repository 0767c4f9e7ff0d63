/// The header of a PNG file: how large it is and how its pixels are stored.
struct PNGHeader {
    let width: Int
    let height: Int
    private let depth: Int
    private let color: Int

    init(_ content: ArraySlice<UInt8>) throws(PictureError) {
        guard content.count == 13 else { throw .malformed }
        var reader = ByteReader(content)
        width = try reader.big32()
        height = try reader.big32()
        depth = Int(try reader.byte())
        color = Int(try reader.byte())
        guard try reader.byte() == 0, try reader.byte() == 0, try reader.byte() <= 1,
            let depths = Self.depths[color], depths.contains(depth)
        else { throw .malformed }
    }

    private static let depths: [Int: Set<Int>] = [
        0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16],
    ]

    /// The colour space that a profile must be for.
    var space: ColorProfile.Space { color & 2 == 0 ? .gray : .rgb }

    /// Whether the file must, may or must not have a palette.
    var palette: Palette {
        switch color {
        case 3: .needed
        case 2, 6: .allowed
        default: .forbidden
        }
    }

    enum Palette { case needed, allowed, forbidden }

    /// Whether transparency of so many bytes fits; full alpha leaves no room for it.
    func allowsTransparency(of count: Int, paletteSize: Int) -> Bool {
        switch color {
        case 0: count == 2
        case 2: count == 6
        case 3: (1...max(1, paletteSize)).contains(count)
        default: false
        }
    }

    /// Whether so many compressed bytes can hold all pixels: deflate packs at most 1,032 to 1.
    func canBeHeld(in count: Int) -> Bool {
        let samples = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][color] ?? 1
        let raw = width * height * samples * depth / 8
        return raw / 1_040 <= count
    }
}
