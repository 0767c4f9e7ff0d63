/// Reads GeoReport Bulk as it arrives, in the memory of one row (GR-19.2).
///
/// The names of the columns decide, not their order; columns that mean nothing to us are skipped.
package struct BulkReader: Sendable {
    private var cells: CSVReader
    private var columns: [String?] = []
    private var row = 0

    package init() {
        cells = CSVReader()
    }

    /// Reads what has arrived and hands out each row that is complete.
    package mutating func read<Failure: Error>(
        _ chunk: some Sequence<UInt8>,
        _ take: (Result<ReadReport, RowProblem>) throws(Failure) -> Void
    ) throws(Failure) {
        for byte in chunk {
            guard let record = cells.add(byte) else { continue }
            if let result = report(record) { try take(result) }
        }
    }

    /// Reads the last row, which needs no line break behind it.
    ///
    /// Says so if the file is no GeoReport Bulk at all: then no row was handed out either.
    package mutating func finish<Failure: Error>(
        _ take: (Result<ReadReport, RowProblem>) throws(Failure) -> Void
    ) throws(Failure) -> End {
        if let record = cells.finish(), let result = report(record) { try take(result) }
        return columns.contains("service_request_id") ? .complete : .noBulk
    }

    /// What kind of file it was.
    package enum End: Sendable, Equatable {
        case complete
        /// The first row does not name the column `service_request_id`.
        case noBulk
    }

    private mutating func report(
        _ record: CSVReader.Record
    ) -> Result<ReadReport, RowProblem>? {
        row += 1
        if row == 1 {
            readNames(record)
            return nil
        }
        guard columns.contains("service_request_id") else { return nil }
        do throws(Fields.Mistake) {
            return .success(try ReadReport(try fields(of: record)))
        } catch {
            return .failure(RowProblem(row: row, problem: error.problem))
        }
    }

    /// A file from a country where the comma stands in numbers is cut at semicolons.
    private mutating func readNames(_ record: CSVReader.Record) {
        var names = record.cells
        if names.count == 1, let only = names.first, only.contains(UInt8(ascii: ";")) {
            cells.separator = UInt8(ascii: ";")
            names = only.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
                .map(Array.init)
        }
        columns = names.map { name in
            var bytes = name[...]
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
            let text = Fields.trimmed(String(decoding: bytes, as: UTF8.self))?.lowercased()
            return text?.filter { $0 != "\"" }
        }
    }

    private func fields(of record: CSVReader.Record) throws(Fields.Mistake) -> Fields {
        if let problem = record.problem { throw Fields.Mistake(problem: problem) }
        guard record.cells.count <= columns.count else {
            throw Fields.Mistake(problem: "there are more cells than columns")
        }
        var members: [JSONValue.Member] = []
        for (name, cell) in zip(columns, record.cells) where !cell.isEmpty {
            guard let name, let text = String(validating: Self.unguarded(cell), as: UTF8.self)
            else { throw Fields.Mistake(problem: "a cell is not UTF-8") }
            members.append(JSONValue.Member(key: name, value: .string(text)))
        }
        return Fields(.object(members), isPadded: false)
    }

    /// A cell without the sign that kept a spreadsheet from running it.
    private static func unguarded(_ cell: [UInt8]) -> ArraySlice<UInt8> {
        let isGuarded = cell.first == Formula.guardByte && Formula.begins(cell)
        return isGuarded ? cell.dropFirst() : cell[...]
    }
}

extension Reading {
    /// A whole file of GeoReport Bulk.
    package static func bulk(
        _ bytes: [UInt8]
    ) throws(ReadingError) -> [Result<ReadReport, RowProblem>] {
        var rows: [Result<ReadReport, RowProblem>] = []
        var reader = BulkReader()
        reader.read(bytes) { rows.append($0) }
        guard reader.finish({ rows.append($0) }) == .complete else {
            throw .unexpected("the first row does not name the column service_request_id")
        }
        return rows
    }
}
