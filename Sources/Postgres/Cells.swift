import CLibPQ
import FoundationEssentials

/// Reads the cells of one row, one after the other.
///
/// No names: the order is that of the statement's columns, which stands beside the code that reads it.
package struct Cells {
    private let result: ServerResult
    private let row: Int32
    private var column: Int32 = 0

    init(result: ServerResult, row: Int32) {
        self.result = result
        self.row = row
    }

    /// The next cell as a value; NULL is an error.
    @inlinable
    package mutating func next<Value: SQLDecodable>(
        _: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = try next(Value?.self) else { throw .undecodable(column: position - 1) }
        return value
    }

    /// The next cell as a value, or `nil` for NULL.
    // Inlinable, as is the reading of each type: a list of 50 rows of 23 columns spent a third of
    // its time looking up types while other modules could not specialise this.
    @inlinable
    package mutating func next<Value: SQLDecodable>(
        _: Value?.Type = Value?.self
    ) throws(PostgresError) -> Value? {
        guard let cell = try take() else { return nil }
        guard let value = Value(binary: cell.bytes, type: cell.type) else {
            throw .undecodable(column: position - 1)
        }
        return value
    }

    /// The next cell as the server sent it, `nil` for NULL or past the last column; the bytes are
    /// gone when `body` returns.
    package mutating func nextBytes<R>(_ body: (UnsafeRawBufferPointer?) -> R) -> R {
        guard column < result.columnCount else { return body(nil) }
        defer { column += 1 }
        return withExtendedLifetime(result) { body(bytes(column)) }
    }

    /// How many cells were taken.
    @usableFromInline var position: Int { Int(column) }

    /// The next cell's bytes and type, `nil` for NULL.
    @usableFromInline
    mutating func take() throws(PostgresError) -> (bytes: UnsafeRawBufferPointer, type: UInt32)? {
        guard column < result.columnCount else { throw .undecodable(column: Int(column)) }
        defer { column += 1 }
        return bytes(column).map { ($0, PQftype(result.pointer, column)) }
    }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer? {
        let length = Int(PQgetlength(result.pointer, row, column))
        if length == 0, PQgetisnull(result.pointer, row, column) == 1 { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column), count: length)
    }
}
