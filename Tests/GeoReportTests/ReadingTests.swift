import GeoReport
import Reports
import Testing

/// Assertions 164, 165 and 173, and whatever else servers really write (GR-11.3, GR-14).
@Suite struct `Someone else's document` {
    private static let normal =
        #""service_request_id":"A-1","status":"open","#
        + #""requested_datetime":"2026-04-14T06:37:38Z""#

    private func row(_ document: String, _ format: Format = .json) throws -> ReadReport {
        let rows = try Reading.reports(Array(document.utf8), as: format)
        #expect(rows.count == 1)
        return try #require(rows.first).get()
    }

    @Test(arguments: [
        "[{\(normal)}]", "{\"service_requests\":[{\(normal)}]}",
        "{\"requests\":[{\(normal)}],\"meta\":{\"total\":1}}", "{\(normal)}",
        "{\"service_requests\":{\"request\":[{\(normal)}]}}",
        "{\"service_requests\":{\"request\":{\(normal)}}}", "\u{FEFF}[{\(normal)}]",
        "{\"type\":\"FeatureCollection\",\"features\":[{\"properties\":{\(normal)}}]}",
    ])
    func `may wrap its list as it likes`(document: String) throws {
        #expect(try row(document).id == "A-1")
    }

    @Test(arguments: ["[]", "null", "{\"service_requests\":[]}", "{\"service_requests\":null}"])
    func `may be empty`(document: String) throws {
        #expect(try Reading.reports(Array(document.utf8), as: .json).isEmpty)
    }

    @Test func `may write its fields in other types and under other names`() throws {
        let report = try row(
            """
            [{"service_request_id":638344,"status":"OPEN","service_code":6,"lat":"42.69",
            "lon":23.3219,"zip_code":1000,"adress_id":7,"requested_datetime":"2026-04-14 09:37:38+0300",
            "media_url":[{"id":1,"url":"http://a/1"}],"extended_attributes":{"title":"T",
            "detailed_status":"in progress","media_urls":["http://a/1","http://a/2"]},
            "attributes":{"DEPTH":"GT5"},"expected_datetime":"","updated_datetime":null}]
            """)
        var expected = ReadReport(
            id: "638344", status: .open, requested: Sample.time("2026-04-14T06:37:38Z"))
        expected.detail = .inProgress
        expected.serviceCode = "6"
        expected.latitude = 42.69
        expected.longitude = 23.3219
        expected.zipcode = "1000"
        expected.addressID = "7"
        expected.mediaURL = "http://a/1"
        expected.media = ["http://a/1", "http://a/2"]
        expected.title = "T"
        expected.answers = [Answer(code: Sample.attribute("DEPTH"), values: ["GT5"])]
        #expect(report == expected)
    }

    @Test(arguments: ["service_requests", "requests"], ["request", "service_request"])
    func `may be XML in every habit`(root: String, item: String) throws {
        let xml = """
            <?xml version="1.0"?>
            <\(root) type="array"><\(item) key="0">
              <service_request_id type="string">
                A-1
              </service_request_id>
              <status><![CDATA[open]]></status><description> a &amp; b </description>
              <requested_datetime>2026-04-14T06:37:38Z</requested_datetime>
              <expected_datetime xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>
              <zip_code>01000</zip_code><lat>42.69</lat><long>23.3</long>
              <media_url>http://a/1</media_url><media_url>http://a/2</media_url>
            </\(item)></\(root)>
            """
        let report = try row(xml, .xml)
        #expect(report.id == "A-1")
        #expect(report.description == "a & b")
        #expect(report.expected == nil)
        #expect(report.zipcode == "01000")
        #expect(report.latitude == 42.69)
        #expect(report.media == ["http://a/1", "http://a/2"])
    }

    @Test func `loses only its bad rows`() throws {
        let rows = try Reading.reports(
            Array(
                """
                [{\(Self.normal)},{"status":"open"},7,{\(Self.normal),"lat":"42,69"},
                {"service_request_id":"B","status":"weird","requested_datetime":"2026-04-14"},
                {"service_request_id":"B","status":"open","requested_datetime":"soon"},
                {"service_request_id":"B","status":"open"},{\(Self.normal),"long":181},
                {"service_request_id":"B","status":"FIXED","updated_datetime":"2026-04-14T00:00:00Z"}]
                """.utf8), as: .json)
        let problems = rows.compactMap { row -> RowProblem? in
            if case .failure(let problem) = row { problem } else { nil }
        }
        #expect(
            problems == [
                RowProblem(row: 2, problem: "service_request_id is missing"),
                RowProblem(row: 3, problem: "service_request_id is missing"),
                RowProblem(row: 4, problem: "lat is not a number"),
                RowProblem(row: 5, problem: "status is neither open nor closed"),
                RowProblem(row: 6, problem: "requested_datetime is not a date and time"),
                RowProblem(row: 7, problem: "requested_datetime is missing"),
                RowProblem(row: 8, problem: "long is not between -180 and 180"),
            ])
        #expect(try rows.last?.get().detail == .fixed)
    }

    @Test(arguments: [
        (#"[{"code":403,"description":"api_key"}]"#, Format.json, 403),
        (#"{"code":"404","description":"x"}"#, .json, 404),
        (#"{"errors":[{"code":400,"description":"x"}]}"#, .json, 400),
        (#"{"error":{"code":404,"message":"x"}}"#, .json, 404),
        ("<errors><error><code>400</code><description>x</description></error></errors>", .xml, 400),
        ("<error_messages><error><code>422</code></error></error_messages>", .xml, 422),
    ])
    func `may be a list of errors, whatever its status`(
        document: String, format: Format, code: Int
    ) throws {
        let error = #expect(throws: ReadingError.self) {
            try Reading.reports(Array(document.utf8), as: format)
        }
        guard case .refused(let faults) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(faults.map(\.code) == [code])
        #expect(try Reading.faults(Array(document.utf8), as: format) == faults)
    }

    @Test(arguments: [
        ("<html><body>Login</body></html>", Format.xml), ("<services/>", .xml), ("7", .json),
        ("{}", .json), ("{\"message\":\"hello\"}", .json), ("a,b\n1,2\n", .csv),
    ])
    func `may be none of ours`(document: String, format: Format) {
        let error = #expect(throws: ReadingError.self) {
            try Reading.reports(Array(document.utf8), as: format)
        }
        guard case .unexpected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        ("<!DOCTYPE html><html><br></html>", Format.xml), ("", .xml), ("", .json), ("<a>", .json),
    ])
    func `may be no document at all`(document: String, format: Format) {
        let error = #expect(throws: ReadingError.self) {
            try Reading.reports(Array(document.utf8), as: format)
        }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `of services may say yes and no in words`() throws {
        let services = try Reading.services(
            Array(
                """
                {"services":[{"service_code":1,"service_name":"A","metadata":"True","type":"Batch",
                "keywords":"a, b,,c","group":"G"},{"service_code":"2","metadata":1,
                "keywords":["x"],"groups":["G","H"]},{"service_code":"3","metadata":false}]}
                """.utf8), as: .json)
        #expect(services.map(\.code) == ["1", "2", "3"])
        #expect(services.map(\.name) == ["A", "2", "3"])
        #expect(services.map(\.hasMetadata) == [true, true, false])
        #expect(services.map(\.kind) == [.batch, .realtime, .realtime])
        #expect(services.map(\.keywords) == [["a", "b", "c"], ["x"], []])
        #expect(services.map(\.groups) == [["G"], ["G", "H"], []])
        #expect(throws: ReadingError.unexpected("service 1 has no service_code")) {
            try Reading.services(Array(#"[{"service_name":"A"}]"#.utf8), as: .json)
        }
    }

    @Test(arguments: [
        """
        <service_definition><service_code>P</service_code>
        <attribute><code>B</code><order>2</order><datatype>Picklist</datatype>
        <values><value><key>1</key><name>One</name></value></values></attribute>
        <attribute><variable>false</variable><code>A</code><order>1</order><required>true</required>
        <datatype>text</datatype><values/></attribute></service_definition>
        """,
        """
        <service_definition><service_code>P</service_code><attributes type="array">
        <attribute><code>B</code><order>2</order><datatype>Picklist</datatype>
        <values><value><key>1</key><name>One</name></value></values></attribute>
        <attribute><variable>false</variable><code>A</code><order>1</order><required>true</required>
        <datatype>text</datatype></attribute></attributes></service_definition>
        """,
    ])
    func `of questions may lack the container`(xml: String) throws {
        let definition = try Reading.definition(Array(xml.utf8), as: .xml)
        #expect(definition.serviceCode == "P")
        #expect(definition.attributes.map(\.code) == ["A", "B"])
        #expect(definition.attributes.map(\.isVariable) == [false, true])
        #expect(definition.attributes.map(\.isRequired) == [true, false])
        #expect(definition.attributes.map(\.datatype) == [.text, .singlevaluelist])
        #expect(definition.attributes.last?.values.map(\.name) == ["One"])
    }

    @Test func `of our own is read whole`() throws {
        for format in [Format.xml, .json] {
            let definition = try Reading.definition(
                Documents.definition(of: Sample.pothole, in: Sample.sofia(), as: format),
                as: format)
            #expect(
                definition.attributes.map(\.code) == [
                    "INFO", "DEPTH", "HAZARDS", "SEEN_AT", "fixmystreet_id",
                ])
            #expect(definition.attributes.map(\.values.count) == [0, 2, 3, 0, 0])
            let receipt = try Reading.receipt(
                Documents.token(
                    Sample.token("tk-1"), resolvedTo: Sample.report("A-1"), as: format),
                as: format)
            #expect(receipt.id == "A-1" && receipt.token == "tk-1")
        }
    }
}
