/// Cuts CSV into records byte by byte (RFC 4180).
///
/// Line breaks may be CRLF, LF or CR; inside quotes they belong to the cell.
package struct CSVReader: Sendable {
    package var separator = UInt8(ascii: ",")
    private var cells: [[UInt8]] = []
    private var cell: [UInt8] = []
    private var state = State.cellStart
    private var bytes = 0
    private var skipsLineFeed = false

    package init() {}

    /// One line of the file, in its cells.
    package struct Record {
        package let cells: [[UInt8]]
        /// Why the record is not what its writer meant.
        package let problem: String?
    }

    private enum State {
        case cellStart
        case plain
        case quoted
        /// Behind a quote that ends the cell, unless another one follows.
        case quoteInQuoted
    }

    /// How long a record may be; what is longer is cut, and its report refused.
    private static let longest = 1 << 20

    /// Takes one byte in, and hands out the record that it ends.
    package mutating func add(_ byte: UInt8) -> Record? {
        if skipsLineFeed {
            skipsLineFeed = false
            if byte == UInt8(ascii: "\n") { return nil }
        }
        switch state {
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { keep(byte) }
            return nil
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            keep(byte)
            state = .quoted
            return nil
        case .cellStart where byte == UInt8(ascii: "\""):
            state = .quoted
            return nil
        case .cellStart, .plain, .quoteInQuoted:
            return addOutsideQuotes(byte)
        }
    }

    /// The record that the end of the file ends, if there is one.
    package mutating func finish() -> Record? {
        let isCut = state == .quoted
        return end(problem: isCut ? "the file ends inside a quoted cell" : nil)
    }

    private mutating func addOutsideQuotes(_ byte: UInt8) -> Record? {
        switch byte {
        case separator:
            endCell()
            return nil
        case UInt8(ascii: "\n"):
            return end(problem: nil)
        case UInt8(ascii: "\r"):
            skipsLineFeed = true
            return end(problem: nil)
        default:
            state = .plain
            keep(byte)
            return nil
        }
    }

    private mutating func keep(_ byte: UInt8) {
        bytes += 1
        if bytes <= Self.longest { cell.append(byte) }
    }

    private mutating func endCell() {
        cells.append(cell)
        cell.removeAll(keepingCapacity: true)
        state = .cellStart
    }

    /// An empty line is no record.
    private mutating func end(problem: String?) -> Record? {
        defer {
            cells.removeAll(keepingCapacity: true)
            bytes = 0
        }
        let isEmptyLine = cells.isEmpty && cell.isEmpty && state == .cellStart
        endCell()
        if isEmptyLine { return nil }
        return Record(
            cells: cells, problem: bytes > Self.longest ? "the row is longer than 1 MB" : problem)
    }
}
