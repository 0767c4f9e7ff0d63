import Foundation
import GeoReport
import Testing

/// What peers list, in their own words (GR-13, GR-14, GR-18.1).
@Suite struct `A peer's list` {
    private func tickets(
        _ document: String, _ format: Format = .json, zone: ServerZone = .utc
    ) throws -> [ReadTicket] {
        try Reading.tickets(Array(document.utf8), as: format, zone: zone).map { try $0.get() }
    }

    private let times = #""requested_datetime":"2026-04-14T06:37:38Z""#

    @Test func `keeps a status that nobody knows`() throws {
        let rows = try tickets(
            """
            [{"service_request_id":1,"status":"Zurückgestellt","detailed_status":"X",\(times)},
            {"service_request_id":2,"extended_attributes":{"detailed_status":"IN_PROCESS"},\(times)}]
            """)
        #expect(rows.map(\.word) == ["Zurückgestellt", "IN_PROCESS"])
        #expect(rows.map(\.finerWord) == ["X", "IN_PROCESS"])
    }

    @Test func `is read though single values cannot be`() throws {
        let row = try #require(
            try tickets(
                """
                [{"service_request_id":1,"status":"open","lat":"north","long":181,"address":"A 1",
                "expected_datetime":"soon","updated_datetime":"",\(times)}]
                """
            ).first)
        #expect(row.report.latitude == nil && row.report.longitude == nil)
        #expect(row.report.address == "A 1")
        #expect(row.expected == nil)
        #expect(row.updated == row.requested)
    }

    @Test(arguments: [#"{"status":"open"}"#, #"{"service_request_id":"1"}"#, "7", "null"])
    func `loses a row without an id, a status or a time alone`(row: String) throws {
        let document = #"[\#(row),{"service_request_id":"2","status":"open",\#(times)}]"#
        let rows = try Reading.tickets(Array(document.utf8), as: .json)
        #expect(rows.count == 2)
        #expect(throws: RowProblem.self) { try rows[0].get() }
        #expect(try rows[1].get().id == "2")
    }

    @Test func `tells where a report began, and who may see it`() throws {
        let rows = try tickets(
            """
            [{"service_request_id":1,"status":"open","non_public":1,\(times),"extended_attributes":
            {"origin":"a","origin_id":"x-1","path":["a","b"]}},
            {"service_request_id":2,"status":"open",\(times),"extended_attributes":
            {"origin":"a","origin_id":"x-2","path":"a, b"}},
            {"service_request_id":3,"status":"open",\(times),"extended_attributes":{"origin":"a"}}]
            """)
        #expect(rows[0].way == ReadWay(origin: "a", originID: "x-1", path: ["a", "b"]))
        #expect(rows[1].way == ReadWay(origin: "a", originID: "x-2", path: ["a", "b"]))
        #expect(rows[2].way == nil)
        #expect(rows.map(\.isPrivate) == [true, false, false])
    }

    @Test(arguments: [
        ("2026-07-01 12:00:00", "2026-07-01T09:00:00Z"),
        ("2026-01-01T12:00:00.5", "2026-01-01T10:00:00Z"),
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:00-04:00", "2026-07-01T16:00:00Z"),
        ("2026-07-01", "2026-06-30T21:00:00Z"),
        // The clocks go back from four to three: what is there twice means the first.
        ("2026-10-25T03:30:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25T04:30:00", "2026-10-25T02:30:00Z"),
        // The clocks go forward from three to four: what is not there is read somehow.
        ("2026-03-29T04:30:00", "2026-03-29T01:30:00Z"),
    ])
    func `means its own time zone where it tells none`(text: String, time: String) throws {
        let zone = ServerZone(zone: try #require(TimeZone(identifier: "Europe/Sofia")))
        let row = try #require(
            try tickets(
                #"[{"service_request_id":1,"status":"open","requested_datetime":"\#(text)"}]"#,
                zone: zone
            ).first)
        #expect(DateTime.text(row.requested) == time)
    }

    @Test func `is asked for in its own time zone`() throws {
        let zone = ServerZone(zone: try #require(TimeZone(identifier: "America/Chicago")))
        #expect(zone.naiveText(Date(timeIntervalSince1970: 1_776_434_531)) == "2026-04-17T09:02:11")
        #expect(
            ServerZone.utc.naiveText(Date(timeIntervalSince1970: 1_776_434_531))
                == "2026-04-17T14:02:11")
    }

    @Test func `of updates is read in both formats alike`() throws {
        let xml = """
            <service_request_updates><request_update><update_id> 7 </update_id>
            <service_request_id>A</service_request_id><status>FIXED</status>
            <updated_datetime>2026-04-14T06:37:38Z</updated_datetime><description/>
            <media_url><media_url>http://a/1</media_url></media_url>
            <fixmystreet_id>12</fixmystreet_id></request_update></service_request_updates>
            """
        let json = """
            {"service_request_updates":[{"update_id":7,"service_request_id":"A","status":"FIXED",
            "updated_datetime":"2026-04-14T06:37:38Z","description":"","media_url":"http://a/1",
            "fixmystreet_id":"12"}]}
            """
        let fromXML = try Reading.updates(Array(xml.utf8), as: .xml).map { try $0.get() }
        let fromJSON = try Reading.updates(Array(json.utf8), as: .json).map { try $0.get() }
        #expect(fromXML == fromJSON)
        #expect(fromXML.first?.media == ["http://a/1"])
        #expect(fromXML.first?.foreignReport == "12")
    }

    @Test(arguments: [
        ("<service_request_updates><update_id>9</update_id></service_request_updates>", Format.xml),
        (
            "<service_request_updates><request_update><update_id>9</update_id></request_update>"
                + "</service_request_updates>", .xml
        ),
        (#"[{"update_id":9}]"#, .json), (#"{"update_id":"9"}"#, .json),
        (#"{"service_request_updates":{"update_id":9}}"#, .json),
        (#"{"service_request_updates":[{"update_id":9}]}"#, .json),
    ])
    func `of one update is a receipt, with or without what is around it`(
        document: String, format: Format
    ) throws {
        #expect(try Reading.updateReceipt(Array(document.utf8), as: format).id == "9")
    }

    @Test func `of changes says where to go on`() throws {
        let page = try Reading.changes(
            Array(
                #"{"changes":[{"service_request_id":"a","type":"report.created"}],"next":"n"}"#.utf8
            ))
        #expect(page.next == "n")
        #expect(page.changes.map(\.report) == ["a"])
        for text in ["[]", "{}", #"{"changes":[]}"#, #"{"changes":[{}],"next":"n"}"#, "<html/>"] {
            #expect(throws: ReadingError.self) { try Reading.changes(Array(text.utf8)) }
        }
    }
}
