/// Takes a multipart body apart at its boundary (RFC 2046 5.1.1), in one pass.
struct PartReader {
    private let bytes: [UInt8]
    private let delimiter: [UInt8]
    private var position = 0
    private var isAtEnd = false

    /// Bytes of a part's header, file name and all.
    private static let longestHeader = 20 << 10

    /// One part: its header lines and what follows the blank line.
    struct Part {
        let header: ArraySlice<UInt8>
        let content: ArraySlice<UInt8>
    }

    init(_ bytes: [UInt8], boundary: String) {
        self.bytes = bytes
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    /// Moves behind the first boundary, which needs no line break before it; whether there is one.
    mutating func skipPreamble() -> Bool {
        if bytes.starts(with: delimiter.dropFirst(2)) {
            position = delimiter.count - 2
            if takeLineEnd() { return true }
        }
        return content() != nil
    }

    /// The next part, or `nil` behind the last one; the last boundary must be there (bad input 96).
    mutating func next() throws(Fault) -> Part? {
        guard !isAtEnd else { return nil }
        let header = try header()
        guard let content = content() else { throw Multipart.malformed("has no end") }
        return Part(header: header, content: content)
    }

    /// Takes the lines up to a blank one.
    private mutating func header() throws(Fault) -> ArraySlice<UInt8> {
        let start = position
        let end = min(start + Self.longestHeader, bytes.count)
        // A part may have no header at all: then the blank line comes at once.
        if bytes[start...].starts(with: [0x0D, 0x0A]) {
            position = start + 2
            return bytes[start..<start]
        }
        var index = start
        while index + 4 <= end {
            if bytes[index] == 0x0D,
                bytes[index..<index + 4].elementsEqual([0x0D, 0x0A, 0x0D, 0x0A])
            {
                position = index + 2
                defer { position += 2 }
                return bytes[start..<index + 2]
            }
            index += 1
        }
        throw Multipart.malformed(
            end == bytes.count ? "has no end" : "has a part with too long a header")
    }

    /// Takes the bytes up to the next boundary, and the boundary's line; `nil` if there is none.
    private mutating func content() -> ArraySlice<UInt8>? {
        // The blank line of the header may be the line break of the boundary: an empty part.
        let start = position
        var index = max(start - 2, 0)
        while let next = bytes[index...].firstIndex(of: 0x0D) {
            if bytes[next...].starts(with: delimiter) {
                position = next + delimiter.count
                if takeLineEnd() { return bytes[start..<max(start, next)] }
            }
            index = next + 1
        }
        return nil
    }

    /// Takes what follows a boundary: `--` behind the last part, otherwise blanks and a line break.
    private mutating func takeLineEnd() -> Bool {
        if bytes[position...].starts(with: "--".utf8) {
            isAtEnd = true
            return true
        }
        var index = position
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        guard bytes[index...].starts(with: [0x0D, 0x0A]) else { return false }
        position = index + 2
        return true
    }
}
