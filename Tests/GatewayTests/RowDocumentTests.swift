import CaseStore
import DatabaseKit
import FoundationEssentials
import GeoReport
import Postgres
import Reports
import Testing

@testable import Gateway

/// Documents are written from rows by who only reads, and from reports by who works with them.
@Suite struct RowDocumentTests {
    @Test func `a document of rows is that of the reports in them`() async throws {
        let jurisdiction = try #require(try Fixture.catalogue().jurisdictions.first)
        try await TestDatabase.withPool { pool in
            let found = try await Self.random(120, in: jurisdiction, pool)
            let reports = try found.values()
            try #require(reports.count == 120)
            #expect(reports.contains { $0.supports > 0 } && reports.contains { $0.parent != nil })
            #expect(try found.ids() == reports.map(\.id))
            for view in Self.views(of: reports) {
                for format in [Format.json, .xml, .geojson, .csv] {
                    try Self.expectOneDocument(of: found, reports, in: jurisdiction, view, format)
                }
            }
        }
    }

    private static func expectOneDocument(
        of found: FoundReports, _ reports: [Report], in jurisdiction: Jurisdiction,
        _ view: ReportView, _ format: Format
    ) throws {
        var list = ReportListEncoder(as: format, view: view)
        var singles: [[UInt8]] = []
        let now = Date(timeIntervalSince1970: 1_500_000_000)
        try found.forEach(view.extensions == .included ? .withAnswers : .withoutAnswers) { row in
            list.append(row, in: jurisdiction)
            singles.append(
                Documents.report(row, in: jurisdiction, view: view, now: now, as: format))
        }
        #expect(
            list.finish() == Documents.reports(reports, in: jurisdiction, view: view, as: format))
        let same = reports.map {
            Documents.report($0, in: jurisdiction, view: view, now: now, as: format)
        }
        #expect(singles == same)
    }

    /// With the extensions and without them, for every habit, with and without notes.
    private static func views(of reports: [Report]) -> [ReportView] {
        let habits: [Set<Client.Profile.Dialect>] = [
            [], [.fixmystreet], [.adapter], [.fmsImport], [.fixmystreet, .adapter, .fmsImport],
        ]
        var notes: [Report.ID: [Note]] = [:]
        for report in reports.prefix(60) {
            notes[report.id] = [
                Note(time: report.updated, kind: .status, detail: .fixed, description: report.title)
            ]
        }
        return habits.flatMap { dialects in
            [ReportView.Extensions.none, .included].map { extensions in
                ReportView(
                    extensions: extensions, dialects: dialects,
                    mediaBase: "https://gateway.example/media", notes: notes)
            }
        }
    }

    /// Random reports as a search finds them; some are published later than others.
    private static func random(
        _ count: Int, in jurisdiction: Jurisdiction, _ pool: Pool
    ) async throws -> FoundReports {
        let store = CaseStore(sealing: pool)
        try await store.migrate()
        _ = try await store.publish(try Fixture.catalogue(), now: Date())
        let history = try (0..<count).map { try report($0, in: jurisdiction) }
        _ = try await store.take(history, now: Date())
        _ = try await pool.query(
            """
            UPDATE report SET supports = right(source_id, 1)::int / 2,
                parent = CASE WHEN source_id LIKE '%3' THEN 'A-4' END
            """)
        return try await store.find(
            ReportFilter(
                jurisdiction: jurisdiction.id, scope: .matching(ReportFilter.Conditions()),
                page: ReportFilter.Page(size: count)),
            now: Date()
        ).reports
    }

    private static func report(
        _ number: Int, in jurisdiction: Jurisdiction
    ) throws -> ImportedReport {
        let code = ["POTHOLE", "TREE", "old & gone"].randomElement() ?? ""
        let answer = Answer(
            code: try #require(Attribute.Code(rawValue: "Q")), values: [text() ?? "", "\"x\""])
        let status: Status = Bool.random() ? .open : .closed
        return ImportedReport(
            jurisdiction: jurisdiction.id, slug: jurisdiction.slug, source: "old",
            sourceID: "A-\(number)", service: try #require(Service.Code(rawValue: code)),
            serviceName: text(), status: status,
            detail: Detail.allCases.filter { $0.status == status }.randomElement(),
            statusNotes: text(), title: text(), description: text(), agency: text(),
            notice: text(), requested: time(), updated: time(),
            expected: Bool.random() ? time() : nil, address: text(), addressID: text(),
            zipcode: text(), coordinate: place(), media: media(),
            answers: Bool.random() ? [answer] : [], published: time())
    }

    private static func time() -> Date {
        Date(timeIntervalSince1970: Double(Int.random(in: 1_400_000_000...1_600_000_000)))
    }

    private static func place() -> Coordinate? {
        Coordinate(
            latitude: Double.random(in: -100...100), longitude: Double.random(in: -180...180))
    }

    private static func media() -> [String] {
        let all = ["0123456789abcdef0123456789abcdef.jpg", "https://a.example/ж.png?x=1&y=<>"]
        return Array(all.shuffled().prefix(Int.random(in: 0...2)))
    }

    private static func text() -> String? {
        guard Int.random(in: 0..<4) > 0 else { return nil }
        let parts = ["Дупка", " ", "\n\t", "<b>&amp;", "\"", "=1", ",", "\\", "🇧🇬", "\u{2028}"]
        let text = (0..<Int.random(in: 1...8)).map { _ in parts.randomElement() ?? "" }.joined()
        return Int.random(in: 0..<20) > 0 ? text : String(repeating: text + "x", count: 2000)
    }
}
