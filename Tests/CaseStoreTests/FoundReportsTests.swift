import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct FindingReports {
        /// Documents are written from bytes, either a row's or a report's: nobody sees a difference.
        @Test func `a row's bytes are those of the report that it holds`() async throws {
            try await withStore { store, pool in
                _ = try await store.take((0..<64).map(Self.history), now: Sample.now)
                _ = try await pool.query(
                    """
                    UPDATE report SET supports = right(source_id, 1)::int,
                        parent = CASE WHEN source_id LIKE '%3' THEN 'A-4' END
                    """)
                var filter = Sample.filter()
                filter.page.size = 50
                let page = try await store.find(filter, now: Sample.now).reports
                let reports = try page.values()
                #expect(reports.count == 50)
                var index = 0
                try page.forEach(.withAnswers) { row in
                    #expect(reports[index].withBytes { Told($0) == Told(row) })
                    index += 1
                }
                #expect(index == 50)
                try page.forEach(.withoutAnswers) { #expect($0.answers.isEmpty) }
                #expect(try page.last.values() == reports.suffix(1))
            }
        }

        private static func history(_ number: Int) -> ImportedReport {
            let texts = [nil, "A hole", "Дупка „№ 15“ 🇧🇬", "<b>&amp;\u{2028}\n\t\"\\"]
            let answer = Answer(code: Sample.name("Q"), values: ["\(number)", "\"x\""])
            let media = ["https://a.example/ж.jpg", "http://b"]
            let point = Coordinate(latitude: Double(number) / 7, longitude: -Double(number) / 3)
            let isClosed = number % 2 == 1
            return Sample.imported(
                "A-\(number)", status: isClosed ? .closed : .open,
                detail: isClosed ? .fixed : nil, statusNotes: texts[number % 4],
                title: texts[number / 2 % 4], description: texts[number / 4 % 4],
                agency: texts[number / 8 % 4], address: texts[number / 16 % 4],
                coordinate: point, media: number % 3 == 0 ? media : [],
                answers: number % 4 == 0 ? [answer] : [])
        }
    }
}

/// What a report's bytes tell, kept.
private struct Told: Equatable {
    let texts: [[UInt8]?]
    let status: Status
    let times: [Date?]
    let coordinate: Coordinate?
    let answers: [Answer]
    let detail: Detail?
    let visibility: Visibility
    let supports: Int

    init(_ report: ReportBytes) {
        texts =
            ([
                report.id, report.service, report.serviceName, report.statusNotes,
                report.title, report.description, report.agency, report.notice, report.address,
                report.addressID, report.zipcode, report.channel, report.parent,
            ] + report.media).map { $0.baseAddress == nil ? nil : Array($0) }
        status = report.status
        times = [report.requested, report.updated, report.expected, report.published]
        coordinate = report.coordinate
        answers = report.answers
        detail = report.detail
        visibility = report.visibility
        supports = report.supports
    }
}
