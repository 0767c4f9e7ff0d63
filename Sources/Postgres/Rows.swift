import CLibPQ

/// The rows that a statement answered with, in the server's binary form.
package struct Rows: Sendable, RandomAccessCollection {
    let result: ServerResult

    package var startIndex: Int { 0 }
    package var endIndex: Int { result.rowCount }

    package subscript(position: Int) -> Row {
        precondition(position >= 0 && position < result.rowCount, "no such row")
        return Row(cells: Cells(result: result, row: Int32(truncatingIfNeeded: position)))
    }

    /// How many rows the statement inserted, changed, deleted or selected.
    package var affected: Int { result.affected }
}

/// One row; read it from its first cell to its last.
package struct Row {
    /// A reader that starts at the first cell.
    package var cells: Cells
}

/// Owns a `PGresult`, which dies with it.
///
/// `@unchecked Sendable` is true because libpq never changes a result after handing it out and all
/// that is called here are its readers.
final class ServerResult: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int32

    /// Takes the result over; nobody else may clear it.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = PQnfields(pointer)
    }

    deinit {
        PQclear(pointer)
    }

    var status: ExecStatusType { PQresultStatus(pointer) }

    var affected: Int {
        PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// What was done, such as `INSERT 0 1` or `ROLLBACK`.
    var command: String {
        PQcmdStatus(pointer).map { String(cString: $0) } ?? ""
    }

    var sqlState: String? { field("C") }

    /// The failure this result tells of; `nil` if it tells of none.
    var failure: PostgresError? {
        switch status {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
            // Without a SQLSTATE it is libpq itself that speaks: the connection is gone.
            guard let sqlState else { return .outcomeUnknown }
            return PostgresError(state: sqlState, constraint: field("n"))
        default:
            return nil
        }
    }

    /// One field of an error report, by its code in the protocol.
    private func field(_ code: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(code.value)).map { String(cString: $0) }
    }
}
