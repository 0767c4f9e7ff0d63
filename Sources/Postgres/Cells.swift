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
    package mutating func next<Value: SQLDecodable>(
        _: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try value()
    }

    /// The next cell as a value, or `nil` for NULL.
    package mutating func next<Value: SQLDecodable>(
        _: Value?.Type = Value?.self
    ) throws(PostgresError) -> Value? {
        try optional()
    }

    /// The next cell as the server sent it, `nil` for NULL or past the last column; the bytes are
    /// gone when `body` returns.
    package mutating func nextBytes<R>(_ body: (UnsafeRawBufferPointer?) -> R) -> R {
        guard column < result.columnCount else { return body(nil) }
        defer { column += 1 }
        return withExtendedLifetime(result) { body(bytes(column)) }
    }

    mutating func value<Value: SQLDecodable>() throws(PostgresError) -> Value {
        let here = Int(column)
        guard let value: Value = try optional() else { throw .undecodable(column: here) }
        return value
    }

    mutating func optional<Value: SQLDecodable>() throws(PostgresError) -> Value? {
        guard column < result.columnCount else { throw .undecodable(column: Int(column)) }
        defer { column += 1 }
        guard let bytes = bytes(column) else { return nil }
        guard let value = Value(binary: bytes, type: PQftype(result.pointer, column)) else {
            throw .undecodable(column: Int(column))
        }
        return value
    }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer? {
        let length = Int(PQgetlength(result.pointer, row, column))
        if length == 0, PQgetisnull(result.pointer, row, column) == 1 { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column), count: length)
    }
}
