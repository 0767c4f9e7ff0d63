import CLibPQ
import FoundationEssentials

/// The cells of one row as the server sent them, in the binary form; gone when the closure that was
/// given this returns.
///
/// No names: the order is that of the statement's columns.
package struct RowBytes {
    fileprivate let cells: UnsafePointer<Cell>
    fileprivate let count: Int

    fileprivate struct Cell {
        var bytes: UnsafeRawBufferPointer
        var type: UInt32
    }

    /// A cell's bytes; without a base address it is NULL.
    package subscript(column: Int) -> UnsafeRawBufferPointer {
        precondition(column >= 0 && column < count, "no such column")
        return cells[column].bytes
    }

    /// A cell as a moment, or `nil` for NULL.
    package func date(_ column: Int) throws(PostgresError) -> Date? {
        try value(column)
    }

    /// A cell as a number, or `nil` for NULL.
    package func number(_ column: Int) throws(PostgresError) -> Double? {
        try value(column)
    }

    /// A cell as a whole number, or `nil` for NULL.
    package func integer(_ column: Int) throws(PostgresError) -> Int? {
        try value(column)
    }

    /// The texts of a cell that holds a list of them; none for NULL.
    package func texts(_ column: Int) throws(PostgresError) -> [UnsafeRawBufferPointer] {
        let bytes = self[column]
        guard bytes.baseAddress != nil else { return [] }
        var reader = ArrayReader(bytes: bytes)
        guard let count = reader.count else { throw .undecodable(column: column) }
        var texts: [UnsafeRawBufferPointer] = []
        for _ in 0..<count {
            guard let text = reader.next() else { throw .undecodable(column: column) }
            texts.append(text)
        }
        return texts
    }

    private func value<Value: SQLDecodable>(_ column: Int) throws(PostgresError) -> Value? {
        let bytes = self[column]
        guard bytes.baseAddress != nil else { return nil }
        guard let value = Value(binary: bytes, type: cells[column].type) else {
            throw .undecodable(column: column)
        }
        return value
    }
}

extension Rows {
    /// Hands out these rows one after the other, read in place: what their cells hold is never
    /// copied here.
    package func forEach<Failure: Error>(
        in rows: Range<Int>, _ body: (RowBytes) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "no such row")
        let pointer = result.pointer
        let columns = Int(result.columnCount)
        let cells = UnsafeMutablePointer<RowBytes.Cell>.allocate(capacity: Swift.max(columns, 1))
        defer { cells.deallocate() }
        for column in 0..<columns {
            let type = PQftype(pointer, Int32(truncatingIfNeeded: column))
            cells.advanced(by: column).initialize(
                to: RowBytes.Cell(bytes: .init(start: nil, count: 0), type: type))
        }
        for row in rows {
            for column in 0..<columns {
                cells[column].bytes = result.bytes(
                    Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
            }
            try body(RowBytes(cells: cells, count: columns))
        }
        withExtendedLifetime(result) {}
    }
}

extension ServerResult {
    /// A cell's bytes; without a base address it is NULL.
    @inline(__always)
    func bytes(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
        let length = Int(PQgetlength(pointer, row, column))
        // Only of an empty cell is it to be asked whether it is NULL.
        guard length > 0 || PQgetisnull(pointer, row, column) == 0 else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length)
    }
}
