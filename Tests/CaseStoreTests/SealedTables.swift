import Foundation
import Postgres
import Reports

@testable import CaseStore

extension CaseStore {
    /// The tables in which a text is; with `sealed` in front where it is only found by whoever has
    /// the keys.
    func tables(with text: String) async throws -> [String] {
        let tables = try await pool.query(
            """
            SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname IN ('public', 'contact') ORDER BY 1
            """)
        var found: [String] = []
        for row in tables {
            var cells = row.cells
            let table = try cells.next(String.self)
            let count = try await pool.number(
                "\(SQL(verbatim: "SELECT count(*) FROM \(table) AS r")) WHERE position(\(text) in r::text) > 0"
            )
            if count > 0 { found.append(table) }
        }
        for (table, texts) in try await opened() where texts.contains(where: { $0.contains(text) })
        {
            found.append("sealed " + table)
        }
        return found
    }

    /// All that is sealed, opened, by the tables; whatever does not open is a failure.
    private func opened() async throws -> [(table: String, texts: [String])] {
        let keys = try settings.sealer.keys()
        var all: [(table: String, texts: [String])] = []
        for (table, key, columns) in Self.sealedColumns {
            var texts: [String] = []
            for (column, field) in columns {
                let rows = try await pool.query(
                    SQL(
                        verbatim:
                            "SELECT \(key), \(column) FROM \(table) WHERE \(column) IS NOT NULL"))
                for row in rows {
                    var cells = row.cells
                    let name = try cells.next(String.self)
                    guard let text = keys.text(try cells.next(), field, name) else {
                        throw PostgresError.undecodable(column: 1)
                    }
                    texts.append(text)
                }
            }
            all.append((table, texts))
        }
        return all
    }

    private static let sealedColumns:
        [(table: String, key: String, columns: [(String, SealedCell.Column)])] = [
            (
                "contact.contact", "report",
                [("sealed", .contact), ("sealed_device", .contactDevice)]
            ),
            (
                "contact.author", "coalesce(\"update\", internal_note)",
                [("sealed", .author), ("sealed_device", .authorDevice)]
            ),
            ("contact.original", "coalesce(report, \"update\")", [("sealed", .original)]),
            ("public.inbox", "peer || '/' || kind || '/' || remote_id", [("sealed", .inbox)]),
            (
                "public.attempt",
                "delivery || '/' || floor(extract(epoch FROM started - '2000-01-01Z') * 1000000)",
                [("sealed_reason", .attempt)]
            ),
            ("public.delivery", "peer || '/' || report", [("sealed_reason", .delivery)]),
        ]
}
