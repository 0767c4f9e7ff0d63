import GeoReport
import Reports
import Testing

/// GeoReport Bulk (GR-19.2).
@Suite struct `A CSV file` {
    private static let head =
        "service_request_id,requested_datetime,updated_datetime,closed_date,status_description,"
        + "status_notes,source,service_name,service_subtype,description,agency_responsible,address,"
        + "lat,long"

    private static let sample =
        head + "\r\n"
        + "SOF-2026-000417,2026-04-14T06:37:38Z,2026-04-16T12:00:00Z,2026-04-16T12:00:00Z,closed,"
        + "Запълнена,web,Дупка на пътното платно,,\"Дупка пред № 15\nвтори ред\",Столична община,"
        + "\"бул. Витоша 15, София\",42.6977,23.3219\r\n"
        + "MIT-2026-000052,2026-04-15T08:00:00Z,2026-04-15T08:00:00Z,,open,,app,"
        + "Mbeturina të pambledhura,,Kontejner i mbushur,Komuna,"
        + "\"Rruga Mbretëresha Teutë 3, Mitrovicë\",42.8914,20.866\r\n"

    private func rows(_ file: String) throws -> [Result<ReadReport, RowProblem>] {
        try Reading.reports(Array(file.utf8), as: .csv)
    }

    @Test func `is written as GeoReport Bulk`() {
        var report = Sample.closed
        report.statusNotes = "Запълнена"
        report.agency = "Столична община"
        report.channel = "web"
        let csv = text(Documents.reports([report], in: Sample.sofia(), as: .csv))
        #expect(csv == Self.sample.split(separator: "MIT-")[0])
    }

    @Test func `as the draft defines it is read`() throws {
        let rows = try rows(Self.sample).map { try $0.get() }
        #expect(rows.map(\.id) == ["SOF-2026-000417", "MIT-2026-000052"])
        #expect(rows.map(\.status) == [.closed, .open])
        #expect(rows[0].closed == Sample.time("2026-04-16T12:00:00Z"))
        #expect(rows[0].description == "Дупка пред № 15\nвтори ред")
        #expect(rows[0].address == "бул. Витоша 15, София")
        #expect(rows[1].latitude == 42.8914)
        #expect(rows[1].channel == "app")
        #expect(rows[1].serviceName == "Mbeturina të pambledhura")
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''-x"])
    func `holds no formula, and gives the text back`(formula: String) throws {
        var report = Sample.closed
        report.description = formula
        let csv = text(Documents.reports([report], in: Sample.sofia(), as: .csv))
        #expect(csv.contains(",'" + formula + ","))
        #expect(try rows(csv).first?.get().description == formula)
    }

    @Test func `writes coordinates west of Greenwich as numbers`() {
        var report = Sample.closed
        report.coordinate = Sample.point(-1.5, -0.25)
        let csv = text(Documents.reports([report], in: Sample.sofia(), as: .csv))
        #expect(csv.hasSuffix(",-1.5,-0.25\r\n"))
    }

    @Test(arguments: ["\r\n", "\n", "\r"])
    func `may end its lines in any way`(end: String) throws {
        let file =
            "\u{FEFF}\"Service_Request_ID\", status ,requested_datetime,other"
            + end + "A,open,2026-04-14T06:37:38Z,x" + end + end + "B,Resolved,2026-04-14,\"a\"\"b\""
            + end + "C,closed,2026-04-14"
        let rows = try rows(file)
        #expect(try rows[0].get().id == "A")
        #expect(try rows[2].get().status == .closed)
        #expect(
            throws: RowProblem(row: 3, problem: "status is neither open nor closed"),
            performing: { try rows[1].get() })
    }

    @Test func `may be cut at semicolons`() throws {
        let rows = try rows(
            "service_request_id;status;requested_datetime;address\nA;open;2026-04-14;a, b\n")
        #expect(try rows.first?.get().address == "a, b")
    }

    @Test func `loses only its bad rows`() throws {
        let rows = try rows(
            "service_request_id,status,requested_datetime\nA,open,2026-04-14\n"
                + "B,open,2026-04-14,more\n,open,2026-04-14\nC,open,2026-04-14\nD,\"open")
        let problems = rows.map { row -> String in
            switch row {
            case .success(let report): report.id
            case .failure(let problem): "\(problem.row): \(problem.problem)"
            }
        }
        #expect(
            problems == [
                "A", "3: there are more cells than columns", "4: service_request_id is missing",
                "C", "6: the file ends inside a quoted cell",
            ])
    }

    @Test func `that is not UTF-8 costs only the row`() throws {
        var file = Array(
            "service_request_id,status,requested_datetime,address\nA,open,2026-04-14,".utf8)
        file += [0xC4, 0x0A] + Array("B,open,2026-04-14,b\n".utf8)
        let rows = try Reading.reports(file, as: .csv)
        #expect(rows.count == 2)
        #expect(throws: RowProblem(row: 2, problem: "a cell is not UTF-8")) { try rows[0].get() }
    }

    @Test(arguments: [1, 2, 3, 7, 64])
    func `is read the same in pieces`(size: Int) throws {
        let file = Array(Self.sample.utf8)
        var reader = BulkReader()
        var ids: [String] = []
        for start in stride(from: 0, to: file.count, by: size) {
            try reader.read(file[start..<min(start + size, file.count)]) {
                ids.append(try $0.get().id)
            }
        }
        let end = try reader.finish { ids.append(try $0.get().id) }
        #expect(end == .complete)
        #expect(ids == ["SOF-2026-000417", "MIT-2026-000052"])
    }
}
