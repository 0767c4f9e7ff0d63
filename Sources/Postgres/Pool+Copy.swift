extension Pool {
    /// Fills a table with COPY, in one transaction: all rows or none.
    ///
    /// `target` is the table and its columns as SQL has them, `report (id, title)`; it is pasted, so
    /// it must never come from outside. Returns how many rows were written.
    package func copy(
        into target: String, isolation: isolated (any Actor)? = #isolation,
        _ write: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        let session = session()
        defer { session.end() }
        do {
            try await session.begin(
                .copyStart("BEGIN; SET LOCAL statement_timeout = 0; COPY \(target) FROM STDIN"))
            var writer = CopyWriter(session: session)
            do {
                try await write(&writer)
                try await writer.flush()
            } catch {
                _ = try? await session.perform(.copyEnd(.abandoned), patience: .endless)
                throw error
            }
            let result = try await session.perform(.copyEnd(.complete), patience: .endless)
            try await session.commit(patience: .endless)
            return result?.affected ?? 0
        } catch {
            await session.rollback()
            throw error
        }
    }
}

/// Writes the rows of a COPY in PostgreSQL's text form, which the server turns into whatever type a
/// column has.
package struct CopyWriter {
    private let session: Session
    private var buffer: [UInt8] = []
    private var value: [UInt8] = []
    private var isInRow = false

    /// What is sent at once.
    private static let portion = 128 * 1024

    init(session: Session) {
        self.session = session
        buffer.reserveCapacity(CopyWriter.portion + 16 * 1024)
    }

    /// One row, its values in the order of the columns; `nil` is NULL.
    package mutating func row(_ values: (any SQLValue)?...) async throws(PostgresError) {
        for value in values {
            if let value { column(value) } else { column(String?.none) }
        }
        try await endRow()
    }

    /// The next value of a row, for those who write many rows: no boxes, no array.
    package mutating func column(_ value: some SQLValue) {
        if isInRow { buffer.append(UInt8(ascii: "\t")) }
        isInRow = true
        self.value.removeAll(keepingCapacity: true)
        guard value.write(into: &self.value) else {
            buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "N")])
            return
        }
        for byte in self.value { append(escaping: byte) }
    }

    /// Ends the row that `column` has begun, and sends what has been gathered if it is much.
    package mutating func endRow() async throws(PostgresError) {
        buffer.append(UInt8(ascii: "\n"))
        isInRow = false
        if buffer.count >= CopyWriter.portion { try await flush() }
    }

    mutating func flush() async throws(PostgresError) {
        guard !buffer.isEmpty else { return }
        _ = try await session.perform(.copyData(buffer), patience: .endless)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func append(escaping byte: UInt8) {
        let letter: Unicode.Scalar
        switch byte {
        case UInt8(ascii: "\\"): letter = "\\"
        case UInt8(ascii: "\n"): letter = "n"
        case UInt8(ascii: "\r"): letter = "r"
        case UInt8(ascii: "\t"): letter = "t"
        default: return buffer.append(byte)
        }
        buffer.append(UInt8(ascii: "\\"))
        buffer.append(UInt8(ascii: letter))
    }
}
