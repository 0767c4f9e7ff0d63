import GeoReport
import Reports
import Testing

@Suite struct `A document` {
    private func reports(
        _ reports: [Report], view: ReportView = ReportView(),
        absent: Client.Profile.Absent = .null, as format: Format
    ) -> String {
        text(
            Documents.reports(
                reports, in: Sample.sofia(), view: view, absent: absent, as: format))
    }

    @Test func `in the compact profile has no absent dates and no null texts`() throws {
        var report = Sample.open
        report.address = nil
        let json = """
            [{"service_request_id":"SOF-2026-000418","status":"open","status_notes":"",\
            "service_name":"Неработещо улично осветление","service_code":"STREETLIGHT",\
            "description":"","agency_responsible":"","service_notice":"",\
            "requested_datetime":"2026-04-14T17:05:30Z","updated_datetime":"2026-04-14T17:05:30Z",\
            "address":"","address_id":"","zipcode":"","media_url":""}]
            """
        #expect(reports([report], absent: .compact, as: .json) == json)
        let xml = reports([report], absent: .compact, as: .xml)
        #expect(!xml.contains("expected_datetime") && !xml.contains("<lat"))
        #expect(xml.contains("<address/><address_id/><zipcode/><media_url/></request>"))
    }

    @Test(arguments: Format.allCases)
    func `never shows what was answered to a private question`(format: Format) throws {
        var report = Sample.open
        report.service = Sample.noise.code
        report.answers = [
            Answer(code: Sample.attribute("WHO"), values: ["CB 1234 AB"]),
            Answer(code: Sample.attribute("HOURS"), values: ["17"]),
        ]
        let shown = text(
            Documents.reports(
                [report], in: Sample.sofia(services: [Sample.noise]),
                view: ReportView(extensions: .included), as: format))
        #expect(!shown.contains("CB 1234 AB"))
        #expect(shown.contains("17"))
    }

    @Test func `with extensions has the members of GR-15.4 behind the seventeen`() throws {
        let view = ReportView(extensions: .included)
        let json = reports([Sample.closed], view: view, as: .json)
        let members = """
            "media_url":"https://gateway.example/media/SOF-2026-000417/1.jpg",\
            "attributes":[\
            {"code":"DEPTH","name":"Колко дълбока е дупката?","value":"GT5"},\
            {"code":"HAZARDS","name":"Какво затруднява?","value":["CARS","BIKES"]}],\
            "extended_attributes":{"title":"Дупка пред № 15","detailed_status":"PROCESSED","detail":"FIXED",\
            "media_urls":["https://gateway.example/media/SOF-2026-000417/1.jpg"],\
            "channel":"fixmystreet"}}]
            """
        #expect(json.hasSuffix(members))
        let xml = reports([Sample.closed], view: view, as: .xml)
        #expect(xml.contains("<value>CARS</value><value>BIKES</value></attribute></attributes>"))
        #expect(!reports([Sample.closed], as: .json).contains("attributes"))
    }

    @Test func `of a report that nobody published tells its state and no content`() throws {
        var report = Sample.closed
        for published in [nil, Sample.time("2026-04-20T00:00:01Z")] {
            report.published = published
            let json = text(
                Documents.report(
                    report, in: Sample.sofia(), view: ReportView(extensions: .included),
                    now: Sample.now, as: .json))
            let expected = """
                [{"service_request_id":"SOF-2026-000417","status":"closed","status_notes":null,\
                "service_name":"Дупка на пътното платно","service_code":"POTHOLE",\
                "description":null,"agency_responsible":null,"service_notice":null,\
                "requested_datetime":"2026-04-14T06:37:38Z",\
                "updated_datetime":"2026-04-16T12:00:00Z","expected_datetime":null,\
                "address":null,"address_id":null,"zipcode":null,"lat":null,"long":null,\
                "media_url":null}]
                """
            #expect(json == expected)
        }
        report.published = Sample.now
        let json = text(Documents.report(report, in: Sample.sofia(), now: Sample.now, as: .json))
        #expect(json.contains("втори ред"))
    }

    @Test func `names services in the language that was asked for`() throws {
        let view = ReportView(languages: [Sample.language("sq"), Sample.english])
        let json = reports([Sample.closed, Sample.open], view: view, as: .json)
        #expect(json.contains(#""service_name":"Pothole""#))
        #expect(json.contains(#""service_name":"Неработещо улично осветление""#))
    }

    @Test func `names a service that the catalogue lacks as the report came with it`() throws {
        var report = Sample.open
        report.service = Sample.service("009")
        #expect(reports([report], as: .json).contains(#""service_name":"009""#))
        report.serviceName = "Schrott"
        #expect(reports([report], as: .json).contains(#""service_name":"Schrott""#))
    }

    @Test func `cuts a text at 4000 scalars`() throws {
        var report = Sample.open
        report.description = String(repeating: "🇧🇬", count: 2000)
        #expect(!reports([report], as: .json).contains("…"))
        report.description = String(repeating: "я", count: 4001)
        let cut = String(repeating: "я", count: 3999) + "…"
        #expect(reports([report], as: .json).contains("\"\(cut)\""))
        #expect(reports([report], as: .xml).contains("<description>\(cut)</description>"))
    }

    @Test func `in GeoJSON is a collection of features`() throws {
        let geojson = reports([Sample.open, Sample.closed], as: .geojson)
        #expect(
            geojson.hasPrefix(
                #"{"type":"FeatureCollection","features":[{"type":"Feature","#
                    + #""id":"SOF-2026-000418","geometry":null,"properties":{"service_request_id""#
            ))
        #expect(
            geojson.contains(
                #""geometry":{"type":"Point","coordinates":[23.3219,42.6977]},"properties":{"#))
        #expect(geojson.hasSuffix("}}]}"))
        let features = try Reading.reports(Array(geojson.utf8), as: .geojson)
        #expect(try features.map { try $0.get().id } == ["SOF-2026-000418", "SOF-2026-000417"])
    }

    @Test func `lists a service under a heading even if it has none`() throws {
        let sofia = Sample.sofia(services: [Sample.noise])
        let json = text(Documents.services(in: sofia, as: .json))
        #expect(json.contains(#""keywords":"шум","group":"Други""#))
        let english = ServicesCall(languages: [Sample.english])
        #expect(
            text(Documents.services(english, in: sofia, as: .json)).contains(#""group":"Other""#))
    }

    @Test(arguments: [
        ("", 2), ("lat=42.6977&long=23.3219", 2), ("lat=43.2&long=27.9", 0), ("group=улици", 2),
        ("group=x", 0), ("keywords=лампа", 1), ("keywords=ЛАМПА,асфалт", 2), ("keywords=x", 0),
        ("page=2&page_size=1", 2),
    ])
    func `lists the services that were asked for`(query: String, count: Int) throws {
        let call = try Calls.services(Sample.parameters(query))
        let services = Documents.services(
            call, in: Sample.sofia(boundary: Sample.area), as: .json)
        #expect(try JSONReader.parse(services).elements?.count == count)
    }

    @Test func `of an error is XML unless JSON was asked for`() throws {
        let fault = Fault(.notFound, "service_request_id is unknown")
        for format in Format.allCases {
            let isJSON = text(Documents.errors(fault, as: format)).hasPrefix("[{\"code\":404,")
            #expect(isJSON == (format.plain == .json))
        }
    }

    @Test func `is the argument of a callback`() {
        #expect(text(Documents.call("cb", with: Array("[]".utf8))) == "cb([]);")
    }

    @Test(arguments: Format.allCases)
    func `written piece by piece is the document written at once`(format: Format) {
        let sofia = Sample.sofia()
        var encoder = ReportListEncoder(as: format)
        var pieces: [UInt8] = encoder.take()
        for report in [Sample.open, Sample.closed, Sample.open] {
            encoder.append(report, in: sofia)
            pieces += encoder.take()
        }
        pieces += encoder.finish()
        let whole = Documents.reports(
            [Sample.open, Sample.closed, Sample.open], in: sofia, as: format)
        #expect(text(pieces) == text(whole))
    }

    @Test func `of several jurisdictions names each one's services`() {
        var waste = Sample.open
        waste.service = Sample.service("WASTE-MIT")
        var encoder = ReportListEncoder(as: .json)
        encoder.append(Sample.open, in: Sample.sofia())
        encoder.append(waste, in: Sample.mitrovica)
        encoder.append(Sample.open, in: Sample.sofia())
        let json = text(encoder.finish())
        #expect(json.contains("Mbeturina të pambledhura"))
        #expect(json.split(separator: "Неработещо улично осветление").count == 3)
    }
}
