/// A statement that finds rows by their keys, of one caller or of many at once.
///
/// Callers that wait anyway share a statement: finding twenty rows costs the server less than two
/// statements that find one each.
package struct LookUp: Sendable {
    /// Look-ups of one name have the same statement for the same keys.
    let name: String
    let statement: @Sendable (_ keys: [String]) -> SQL

    /// The name must tell everything that the statement depends on beside the keys; it may change
    /// nothing, and must find the rows of each key wherever in the list that stands.
    package init(
        named name: String, _ statement: @escaping @Sendable (_ keys: [String]) -> SQL
    ) {
        self.name = name
        self.statement = statement
    }
}

extension Pool {
    /// Finds the rows of one key; those of other callers' keys may be among them.
    ///
    /// While two statements of this look-up are under way, keys are gathered for the next one, which
    /// is sent when one of them ends, when it is full, or when it has waited for some milliseconds. So a key
    /// is only ever looked for after its caller has asked: what was committed before is found. A
    /// failure is that of all whose keys stood in the statement.
    ///
    /// The rows are read where they arrive, on the pool's own thread, which all statements share: in
    /// microseconds, and without waiting for anything.
    package func find<Found: Sendable>(
        _ key: String, by lookUp: LookUp, _ read: @escaping @Sendable (Rows) -> Found
    ) async throws(PostgresError) -> Found {
        let found = await gathered(key, lookUp) { answer in
            Result { () throws(PostgresError) -> Found in
                guard let result = try answer.get() else { throw .unavailable }
                return read(Rows(result: result))
            }
        }
        do {
            return try found.get()
        } catch {
            guard error == .retry else { throw error }
            return read(try await query(lookUp.statement([key])))
        }
    }
}

extension Rows {
    /// The row whose first cell is this text.
    package func firstIndex(ofKey key: String) -> Int? {
        var key = key
        return key.withUTF8 { key in
            indices.first { row in
                let cell = result.bytes(Int32(truncatingIfNeeded: row), 0)
                return cell.count == key.count && cell.elementsEqual(key)
            }
        }
    }
}
