import Foundation
import GeoReport
import Reports
import Testing

/// X4: one report says the same in every format, whatever is in it.
@Suite struct `Both formats` {
    @Test(arguments: 0..<200)
    func `say the same of random reports`(seed: UInt64) throws {
        var random = RandomReports(seed: seed)
        let reports = (0..<5).map { _ in random.report() }
        for extensions in [ReportView.Extensions.none, .included] {
            let view = ReportView(extensions: extensions)
            let json = Documents.reports(reports, in: Sample.sofia(), view: view, as: .json)
            let xml = Documents.reports(reports, in: Sample.sofia(), view: view, as: .xml)
            let tree = try Reading.tree(json, as: .json)
            #expect(try Reading.tree(xml, as: .xml) == tree, "\(text(xml))")
            #expect(tree.elements?.count == 5)
        }
    }

    @Test(arguments: 0..<100)
    func `and CSV are read back as what was written`(seed: UInt64) throws {
        var random = RandomReports(seed: seed)
        let reports = (0..<5).map { _ in random.report() }
        for format in [Format.json, .xml, .geojson, .csv] {
            let bytes = Documents.reports(
                reports, in: Sample.sofia(), view: ReportView(extensions: .included), as: format)
            let rows = try Reading.reports(bytes, as: format).map { try $0.get() }
            try #require(rows.count == reports.count)
            for (row, report) in zip(rows, reports) {
                expect(row, saysWhat: report, as: format)
            }
        }
    }

    private func expect(_ row: ReadReport, saysWhat report: Report, as format: Format) {
        #expect(row.id == report.id.rawValue)
        #expect(row.status == report.status)
        #expect(row.serviceCode == report.service.rawValue)
        #expect(DateTime.text(row.requested) == DateTime.text(report.requested))
        #expect(row.updated.map(DateTime.text) == DateTime.text(report.updated))
        #expect(row.expected.map(DateTime.text) == report.expected.map(DateTime.text))
        #expect(row.mediaURL == report.media.first)
        #expect(row.zipcode == report.zipcode.flatMap(Self.kept))
        #expect(row.detail == report.detail)
        if let point = report.coordinate {
            #expect(abs((row.latitude ?? 100) - point.latitude) <= 5e-8)
            #expect(abs((row.longitude ?? 200) - point.longitude) <= 5e-8)
        } else {
            #expect(row.latitude == nil && row.longitude == nil)
        }
        // The white space around a text is XML's own (GR-11.3).
        let trims = format == .xml
        #expect(row.description == Self.kept(report.description, trims: trims))
        #expect(row.statusNotes == Self.kept(report.statusNotes, trims: trims))
        #expect(row.address == Self.kept(report.address, trims: trims))
    }

    private static func kept(_ text: String) -> String? { kept(text, trims: true) }

    private static func kept(_ text: String?, trims: Bool) -> String? {
        guard let text else { return nil }
        let trimmed = CleanText.trimmed(text)
        return trimmed.isEmpty ? nil : trims ? trimmed : text
    }
}

/// Reports with everything that makes a format stumble.
struct RandomReports {
    private var source: Seeded

    init(seed: UInt64) {
        source = Seeded(seed)
    }

    mutating func report() -> Report {
        var report = Report(
            id: Sample.report("sofia-" + RandomCode.code(length: 8, using: &source)),
            jurisdiction: Sample.jurisdiction("sofia.example"),
            service: pick([Sample.service("POTHOLE"), Sample.service("009"), Sample.service("a/b")]
            ),
            status: pick([.open, .closed]), requested: time(), updated: time(),
            channel: pick(["open311", "import"]), published: Sample.now)
        report.detail = Bool.random(using: &source) ? pick(Detail.allCases) : nil
        report.statusNotes = text()
        report.title = text()
        report.description = text()
        report.agency = text()
        report.notice = text()
        report.expected = Bool.random(using: &source) ? time() : nil
        report.address = text()
        report.addressID = Bool.random(using: &source) ? "00715" : nil
        report.zipcode = Bool.random(using: &source) ? "01000" : nil
        report.coordinate = Coordinate(
            latitude: Double.random(in: -95...95, using: &source),
            longitude: pick([
                0, -0.00000001, 23.1, -180, Double.random(in: -180...180, using: &source),
            ]))
        report.media = pick([[], ["http://a/1"], ["http://a/1?x=1&y=<>", "http://a/2"]])
        report.answers = pick([[], Sample.closed.answers])
        return report
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { source.number(range) }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        guard let value = values.randomElement(using: &source) else { preconditionFailure("none") }
        return value
    }

    private mutating func time() -> Date {
        Date(timeIntervalSince1970: Double.random(in: 0...4_000_000_000, using: &source))
    }

    private mutating func text() -> String? {
        guard Int.random(in: 0..<4, using: &source) > 0 else { return nil }
        let parts = [
            "Дупка", "Mbretëresha", " ", "\n", "\t", "<b>", "&amp;", "]]>", "\"", "'", "=1+1", "-",
            "@x", "+", ",", ";", "\\", "true", "001", "42.0", "null", "🇧🇬", "\u{202E}", "\u{2028}",
            "</description>", "é",
        ]
        return (0..<Int.random(in: 0..<6, using: &source)).map { _ in pick(parts) }.joined()
    }
}
