import FoundationEssentials
import Postgres
import Reports

/// A row of `contact.original`: what was told where the public is shown something else. It is sealed;
/// its other columns hold what came before that.
enum OriginalRow {
    /// The columns that hold what was told.
    static func columns(of table: SQL = "original") -> SQL {
        let names: [SQL] = [
            "title", "description", "address", "address_id", "latitude", "longitude",
            "answers::text",
        ]
        return names.map { "\(table).\($0)" }.joined()
    }

    /// The same where they may be sealed, for `held`.
    static func columns(sealedIn table: SQL) -> SQL { "\(columns(of: table)), \(table).sealed" }

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

    /// What `columns(sealedIn:)` hold, before it is opened.
    struct Held {
        let plain: Original
        let sealed: [UInt8]?

        init(from cells: inout Cells) throws(PostgresError) {
            plain = try OriginalRow.original(from: &cells)
            sealed = try cells.next([UInt8]?.self)
        }

        /// The original of a report or update; `nil` if no key of ours opens it.
        func open(of row: String, keys: DataKeys?) -> Original? {
            guard let sealed else { return plain }
            return keys?.open(sealed, .original, row).flatMap(SealedOriginal.init(bytes:))?.original
        }

        /// The same for an answer to many questions, which one row must not keep back: what no key
        /// opens is noted.
        func open(of row: String, by sealer: Sealer) -> Original? {
            let original = open(of: row, keys: sealer.held)
            if original == nil { sealer.note(unreadable: SealedCell(.original, row)) }
            return original
        }
    }

    /// Keeps the original of a report, beside the part of the statement that adds it; `""` if the
    /// public is shown all of it.
    static func part(
        _ original: Original, of id: Report.ID, from source: SQL, keys: DataKeys
    ) -> SQL {
        guard !original.isEmpty else { return "" }
        return """
            , kept AS (
                INSERT INTO contact.original (report, sealed)
                SELECT \(id.rawValue), \(sealed(original, of: id.rawValue, keys)) FROM \(source)
            )
            """
    }

    /// Keeps the original text of an update.
    static func part(ofUpdate id: Update.ID, _ text: String, keys: DataKeys) -> SQL {
        let sealed = sealed(Original(description: text), of: id.rawValue, keys)
        return """
            , kept AS (
                INSERT INTO contact.original ("update", sealed) VALUES (\(id.rawValue), \(sealed))
            )
            """
    }

    static func sealed(_ original: Original, of row: String, _ keys: DataKeys) -> [UInt8] {
        keys.seal(SealedOriginal(original).bytes, .original, row)
    }

    /// Keeps the originals of imported reports, instead of those that were kept before; of what was
    /// erased nothing is kept.
    static func keeping(
        _ originals: [(id: Report.ID, original: Original)], keys: DataKeys
    ) -> SQL {
        let sealed = originals.map { Octets(Self.sealed($0.original, of: $0.id.rawValue, keys)) }
        return """
            INSERT INTO contact.original (report, sealed)
            SELECT report, sealed
            FROM unnest(\(originals.map(\.id.rawValue)), \(sealed)) AS given (report, sealed)
            WHERE NOT EXISTS (
                SELECT FROM tombstone WHERE tombstone.report = given.report
                    AND part IN ('contact', 'text'))
            """
    }
}

/// What is sealed of an original, as JSON: our own shape, read by nobody else.
private struct SealedOriginal: Codable {
    private var title: String?
    private var description: String?
    private var address: String?
    private var addressID: String?
    private var latitude: Double?
    private var longitude: Double?
    /// Codes, and behind each of them what was answered.
    private var answers: [[String]]?
    private var hidden: [[String]]?

    init(_ original: Original) {
        title = original.title
        description = original.description
        address = original.address
        addressID = original.addressID
        latitude = original.coordinate?.latitude
        longitude = original.coordinate?.longitude
        answers = original.answers.map(Self.texts)
        hidden = original.hidden.map(Self.texts)
    }

    private static func texts(_ answers: [Answer]) -> [[String]] {
        answers.map { [$0.code.rawValue] + $0.values }
    }

    private static func answers(_ texts: [[String]]) -> [Answer] {
        texts.compactMap { texts in
            texts.first.flatMap(Attribute.Code.init(rawValue:)).map {
                Answer(code: $0, values: Array(texts.dropFirst()))
            }
        }
    }

    var original: Original {
        var coordinate: Coordinate?
        if let latitude, let longitude {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        return Original(
            title: title, description: description, address: address, addressID: addressID,
            coordinate: coordinate, answers: answers.map(Self.answers),
            hidden: hidden.map(Self.answers))
    }

    /// The JSON.
    var bytes: Data {
        // Coordinates are finite, so there is nothing that it could not write.
        (try? JSONEncoder().encode(self)) ?? Data("{}".utf8)
    }

    init?(bytes: [UInt8]) {
        guard let original = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
            return nil
        }
        self = original
    }
}

extension CaseStore {
    /// What was told of these reports where the public is shown something else: for staff.
    ///
    /// What no key of ours opens is left out, and noted (`untoldUnreadable`): of that report staff see
    /// what the public does.
    package func originals(
        of reports: [Report.ID]
    ) async throws(CaseStoreError) -> [Report.ID: Original] {
        guard !reports.isEmpty else { return [:] }
        let rows = try await query(
            """
            SELECT original.report, \(OriginalRow.columns(sealedIn: "original"))
            FROM contact.original
            WHERE original.report = ANY (\(reports.map(\.rawValue)))
            """)
        guard !rows.isEmpty else { return [:] }
        _ = try settings.sealer.keys()
        return try await CaseStoreError.told { () throws(PostgresError) in
            var originals: [Report.ID: Original] = [:]
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
                let held = try OriginalRow.Held(from: &cells)
                originals[id] = held.open(of: id.rawValue, by: settings.sealer)
            }
            return originals
        }
    }
}
