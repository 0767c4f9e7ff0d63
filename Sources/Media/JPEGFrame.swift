/// The start of a JPEG frame: how large it is and of which components.
struct JPEGFrame {
    let width: Int
    let height: Int
    private let components: [UInt8]

    init(_ content: ArraySlice<UInt8>) throws(PictureError) {
        var reader = ByteReader(content)
        // Twelve bits a sample are for radiology: no browser draws them.
        guard try reader.byte() == 8 else { throw .unsupported }
        height = try reader.big16()
        width = try reader.big16()
        guard width > 0, height > 0 else { throw .malformed }
        let count = Int(try reader.byte())
        guard [1, 3, 4].contains(count) else { throw .unsupported }
        var components: [UInt8] = []
        for _ in 0..<count {
            let id = try reader.byte()
            let sampling = try reader.byte()
            let table = try reader.byte()
            guard !components.contains(id), (1...4).contains(sampling >> 4),
                (1...4).contains(sampling & 15), table < 4
            else { throw .malformed }
            components.append(id)
        }
        guard reader.remaining == 0 else { throw .malformed }
        self.components = components
    }

    /// The colour space that a profile must be for.
    var space: ColorProfile.Space {
        switch components.count {
        case 1: .gray
        case 3: .rgb
        default: .cmyk
        }
    }

    /// Whether the head of a scan is well formed and names components of this frame.
    func allows(scan content: ArraySlice<UInt8>) -> Bool {
        let head = Array(content)
        guard let count = head.first.map(Int.init), (1...4).contains(count),
            head.count == 4 + 2 * count
        else { return false }
        let ids = (0..<count).map { head[1 + 2 * $0] }
        guard Set(ids).count == count, ids.allSatisfy(components.contains) else { return false }
        let from = head[1 + 2 * count]
        let to = head[2 + 2 * count]
        return from <= to && to < 64
    }
}

/// What the tables of a JPEG file must look like.
enum JPEGTables {
    /// Whether a segment holds whole quantization tables and nothing else.
    static func areQuantizers(_ content: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(content)
        while reader.remaining > 0 {
            guard let kind = try? reader.byte(), kind >> 4 < 2, kind & 15 < 4,
                (try? reader.take(kind >> 4 == 0 ? 64 : 128)) != nil
            else { return false }
        }
        return true
    }

    /// Whether a segment holds whole tables of Huffman's codes and nothing else.
    static func areCodes(_ content: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(content)
        while reader.remaining > 0 {
            guard let kind = try? reader.byte(), kind >> 4 < 2, kind & 15 < 4,
                let counts = try? reader.take(16)
            else { return false }
            let total = counts.reduce(0) { $0 + Int($1) }
            guard total <= 256, (try? reader.take(total)) != nil else { return false }
        }
        return true
    }
}
