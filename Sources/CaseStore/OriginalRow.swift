import Postgres
import Reports

/// A row of `contact.original`: what was told where the public is shown something else.
enum OriginalRow {
    /// The columns that hold what was told.
    static func columns(of table: SQL = "original") -> SQL {
        let names: [SQL] = [
            "title", "description", "address", "address_id", "latitude", "longitude",
            "answers::text",
        ]
        return names.map { "\(table).\($0)" }.joined()
    }

    /// Reads the columns, and leaves the reader behind them.
    static func original(from cells: inout Cells) throws(PostgresError) -> Original {
        let (title, description) = try (cells.next(String?.self), cells.next(String?.self))
        let (address, addressID) = try (cells.next(String?.self), cells.next(String?.self))
        let (latitude, longitude) = try (cells.next(Double?.self), cells.next(Double?.self))
        var coordinate: Coordinate?
        if let latitude, let longitude {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        return Original(
            title: title, description: description, address: address, addressID: addressID,
            coordinate: coordinate,
            answers: try cells.next(String?.self).flatMap(JSONText.answers(in:)))
    }

    /// Keeps the original of a report, beside the part of the statement that adds it; `""` if the
    /// public is shown all of it.
    static func part(_ original: Original, report: SQL, from source: SQL) -> SQL {
        guard !original.isEmpty else { return "" }
        return """
            , kept AS (
                INSERT INTO contact.original (
                    report, title, description, address, address_id, latitude, longitude, answers)
                SELECT \(report), \(original.title), \(original.description), \(original.address),
                    \(original.addressID), \(original.coordinate?.latitude),
                    \(original.coordinate?.longitude),
                    \(original.answers.flatMap { JSONText.of($0) })::jsonb
                FROM \(source)
            )
            """
    }

    /// Keeps the original text of an update; `""` if the public is shown all of it.
    static func part(ofUpdate id: Update.ID, _ text: String?) -> SQL {
        guard let text else { return "" }
        return """
            , kept AS (
                INSERT INTO contact.original ("update", description)
                VALUES (\(id.rawValue), \(text))
            )
            """
    }

    /// Keeps the originals of imported reports, instead of those that were kept before; of what was
    /// erased nothing is kept.
    static func keeping(_ originals: [(id: Report.ID, original: Original)]) -> SQL {
        let all = originals.map(\.original)
        return """
            INSERT INTO contact.original (
                report, title, description, address, address_id, latitude, longitude, answers)
            SELECT report, title, description, address, address_id, latitude, longitude,
                answers::jsonb
            FROM unnest(
                \(originals.map(\.id.rawValue)), \(all.map(\.title)), \(all.map(\.description)),
                \(all.map(\.address)), \(all.map(\.addressID)),
                \(all.map(\.coordinate?.latitude)), \(all.map(\.coordinate?.longitude)),
                \(all.map { $0.answers.flatMap { JSONText.of($0) } })
            ) AS given (
                report, title, description, address, address_id, latitude, longitude, answers)
            WHERE NOT EXISTS (
                SELECT FROM tombstone WHERE tombstone.report = given.report
                    AND part IN ('contact', 'text'))
            """
    }
}

extension CaseStore {
    /// What was told of these reports where the public is shown something else: for staff.
    package func originals(
        of reports: [Report.ID]
    ) async throws(CaseStoreError) -> [Report.ID: Original] {
        guard !reports.isEmpty else { return [:] }
        let rows = try await query(
            """
            SELECT original.report, \(OriginalRow.columns()) FROM contact.original
            WHERE original.report = ANY (\(reports.map(\.rawValue)))
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var originals: [Report.ID: Original] = [:]
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
                originals[id] = try OriginalRow.original(from: &cells)
            }
            return originals
        }
    }
}
