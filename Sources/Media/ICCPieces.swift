/// A colour profile cut into pieces, as the segments of a JPEG file carry it.
struct ICCPieces {
    static let name = Array("ICC_PROFILE\0".utf8)
    /// What fits into a segment beside its length, the name and the piece's two numbers.
    private static let room = 65_519

    private var pieces: [UInt8: ArraySlice<UInt8>] = [:]
    private var count: UInt8?
    private var isBroken = false

    /// Takes one piece: its number, how many there are, and its bytes.
    mutating func add(_ piece: ArraySlice<UInt8>) {
        let numbers = Array(piece.prefix(2))
        guard numbers.count == 2, numbers[0] >= 1, numbers[0] <= numbers[1],
            pieces[numbers[0]] == nil, count == nil || count == numbers[1]
        else {
            isBroken = true
            return
        }
        count = numbers[1]
        pieces[numbers[0]] = piece.dropFirst(2)
    }

    /// The whole profile, if every piece was there once and it is not too large.
    func whole(limit: Int) -> [UInt8]? {
        guard let count, !isBroken, pieces.count == Int(count) else { return nil }
        let size = pieces.values.reduce(0) { $0 + $1.count }
        guard size <= limit else { return nil }
        return (1...count).flatMap { pieces[$0] ?? [] }
    }

    /// The contents of the segments that carry a profile.
    static func cut(_ profile: [UInt8]) -> [[UInt8]] {
        let starts = Array(stride(from: 0, to: profile.count, by: room))
        return starts.enumerated().map { index, start in
            name + [UInt8(truncatingIfNeeded: index + 1), UInt8(truncatingIfNeeded: starts.count)]
                + profile[start..<min(start + room, profile.count)]
        }
    }
}
