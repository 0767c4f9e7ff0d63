/// Undoes "deflate" (RFC 1951), into at most `limit` bytes.
///
/// Slow and small: bit by bit with counted codes. It only ever sees a colour profile.
struct Inflater {
    private var reader: ByteReader
    private let limit: Int
    private var output: [UInt8] = []
    private var bits: UInt32 = 0
    private var bitCount: UInt32 = 0

    init(_ bytes: ArraySlice<UInt8>, limit: Int) {
        reader = ByteReader(bytes)
        self.limit = limit
    }

    /// What follows the deflated bytes.
    var rest: ArraySlice<UInt8> { reader.rest }

    /// All the bytes, or `malformed` or `tooLarge`.
    mutating func inflate() throws(PictureError) -> [UInt8] {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try codes(lengths: Self.fixedLengths, distances: Self.fixedDistances)
            case 2:
                let (lengths, distances) = try tables()
                try codes(lengths: lengths, distances: distances)
            default: throw .malformed
            }
        }
        return output
    }

    /// The next `count` bits, at most 13, the first one lowest.
    private mutating func take(_ count: UInt32) throws(PictureError) -> Int {
        while bitCount < count {
            bits |= UInt32(try reader.byte()) << bitCount
            bitCount += 8
        }
        defer {
            bits >>= count
            bitCount -= count
        }
        return Int(bits & ((1 << count) - 1))
    }

    private mutating func stored() throws(PictureError) {
        // Bits left in the byte are padding; never more than seven are held.
        bits = 0
        bitCount = 0
        let count = try reader.little16()
        guard try reader.little16() == count ^ 0xffff else { throw .malformed }
        let bytes = try reader.take(count)
        guard output.count + count <= limit else { throw .tooLarge }
        output += bytes
    }

    private mutating func codes(lengths: HuffmanCode, distances: HuffmanCode) throws(PictureError) {
        while true {
            let symbol = try next(lengths)
            guard symbol != 256 else { return }
            if symbol < 256 {
                guard output.count < limit else { throw .tooLarge }
                output.append(UInt8(truncatingIfNeeded: symbol))
            } else {
                try copy(lengthSymbol: symbol - 257, distances)
            }
        }
    }

    private mutating func copy(
        lengthSymbol symbol: Int, _ distances: HuffmanCode
    ) throws(PictureError) {
        guard symbol < Self.lengthBases.count else { throw .malformed }
        let length = Self.lengthBases[symbol] + (try take(Self.lengthBits[symbol]))
        let far = try next(distances)
        guard far < Self.distanceBases.count else { throw .malformed }
        let extra = UInt32(max(0, far / 2 - 1))
        let distance = Self.distanceBases[far] + (try take(extra))
        guard distance <= output.count else { throw .malformed }
        guard output.count + length <= limit else { throw .tooLarge }
        for _ in 0..<length { output.append(output[output.count - distance]) }
    }

    private mutating func next(_ code: HuffmanCode) throws(PictureError) -> Int {
        var walk = HuffmanCode.Walk()
        for length in 1...15 {
            if let symbol = code.symbol(after: try take(1), length: length, &walk) { return symbol }
        }
        throw .malformed
    }

    private mutating func tables() throws(PictureError) -> (HuffmanCode, HuffmanCode) {
        let literals = try take(5) + 257
        let distances = try take(5) + 1
        let count = try take(4) + 4
        guard literals <= 286, distances <= 30 else { throw .malformed }
        var orders = [Int](repeating: 0, count: 19)
        for index in 0..<count { orders[Self.order[index]] = try take(3) }
        let code = try HuffmanCode(lengths: orders[...])
        var lengths: [Int] = []
        while lengths.count < literals + distances {
            switch try next(code) {
            case 16:
                guard let last = lengths.last else { throw .malformed }
                lengths += Array(repeating: last, count: 3 + (try take(2)))
            case 17: lengths += Array(repeating: 0, count: 3 + (try take(3)))
            case 18: lengths += Array(repeating: 0, count: 11 + (try take(7)))
            case let length: lengths.append(length)
            }
        }
        guard lengths.count == literals + distances else { throw .malformed }
        return (
            try HuffmanCode(lengths: lengths[..<literals]),
            try HuffmanCode(lengths: lengths[literals...])
        )
    }

    private static let order = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]
    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ]
    private static let lengthBits: [UInt32] = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ]
    private static let fixedLengths = HuffmanCode(
        valid: Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112)
            + Array(repeating: 7, count: 24) + Array(repeating: 8, count: 8))
    private static let fixedDistances = HuffmanCode(valid: Array(repeating: 5, count: 30))
}

/// Huffman's code, told by the length of each symbol's code word.
struct HuffmanCode {
    /// How many words there are of each length, and the symbols in the order of their words.
    private let counts: [Int]
    private let symbols: [Int]

    /// Where the search for a word stands.
    struct Walk {
        fileprivate var code = 0
        fileprivate var first = 0
        fileprivate var index = 0
    }

    /// A code of lengths from a stream; malformed if there are more words than the lengths allow.
    init(lengths: ArraySlice<Int>) throws(PictureError) {
        self.init(valid: Array(lengths))
        var left = 1
        for count in counts.dropFirst() {
            left = left * 2 - count
            guard left >= 0 else { throw .malformed }
        }
    }

    /// A code of lengths (0 to 15) known to be right.
    fileprivate init(valid lengths: [Int]) {
        var counts = [Int](repeating: 0, count: 16)
        for length in lengths where length > 0 { counts[length] += 1 }
        self.counts = counts
        symbols = (1...15).flatMap { length in
            lengths.indices.filter { lengths[$0] == length }
        }
    }

    /// The symbol whose word ends with this bit, the word's bit number `length`.
    func symbol(after bit: Int, length: Int, _ walk: inout Walk) -> Int? {
        walk.code |= bit
        let count = counts[length]
        if walk.code - count < walk.first {
            return symbols[walk.index + (walk.code - walk.first)]
        }
        walk.index += count
        walk.first = (walk.first + count) << 1
        walk.code <<= 1
        return nil
    }
}
