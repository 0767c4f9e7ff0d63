import FoundationEssentials
import Postgres
import Reports

/// Many reports of one hour from one place (A10).
package struct Burst: Sendable, Equatable {
    package let jurisdiction: Jurisdiction.ID
    /// The south-western corner of the place in degrees: a square of 0.01, about a kilometre.
    package let latitude, longitude: Double
    package let reports: Int
}

extension CaseStore {
    /// Where more than so many reports were posted within the last hour, whether they are listed yet
    /// or not: of each jurisdiction the place with the most.
    package func bursts(over most: Int, now: Date) async throws(CaseStoreError) -> [Burst] {
        let early = now.advanced(by: .seconds(-3600))
        let rows = try await query(
            """
            SELECT DISTINCT ON (report.jurisdiction) report.jurisdiction,
                floor(report.latitude * 100) / 100 AS latitude,
                floor(report.longitude * 100) / 100 AS longitude, count(*) AS reports
            FROM event JOIN report ON report.id = event.report
            WHERE \(Self.events(since: early))
                AND event.kind = 'created' AND report.stage = 'production'
                AND report.latitude IS NOT NULL AND report.longitude IS NOT NULL
            GROUP BY 1, 2, 3 HAVING count(*) > \(most)
            ORDER BY 1, 4 DESC, 2, 3
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var bursts: [Burst] = []
            for row in rows {
                var cells = row.cells
                bursts.append(
                    Burst(
                        jurisdiction: try ReportRow.named(
                            Jurisdiction.ID.self, try cells.next(), column: 0),
                        latitude: try cells.next(), longitude: try cells.next(),
                        reports: try cells.next()))
            }
            return bursts
        }
    }
}
