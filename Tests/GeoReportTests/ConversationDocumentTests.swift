import Foundation
import GeoReport
import Reports
import Testing

extension Sample {
    static func update(_ id: String) -> Update.ID {
        guard let id = Update.ID(rawValue: id) else { preconditionFailure(id) }
        return id
    }

    /// The two updates of GR-13.1.
    static let started = Update(
        id: update("U-000981"), report: closed.id, detail: .inProgress,
        description: "Екипът е на място.", published: time("2026-04-15T07:30:00.9Z"))
    static let fixed = Update(
        id: update("U-000982"), report: closed.id, detail: .fixed, description: "Запълнена.",
        published: time("2026-04-16T12:00:00Z"),
        media: ["https://gateway.example/media/U-000982/1.jpg"], externalStatus: "RD-90",
        foreignReport: "4711")

    static let change = Change(
        cursor: ChangeCursor(transaction: 7, sequence: 9),
        event: Event.ID(uuid: UUID(uuidString: "018F0000-0000-7000-8000-00000000ABCD") ?? UUID()),
        kind: .updated, recorded: time("2026-04-16T12:00:00.7Z"),
        jurisdiction: jurisdiction("sofia.example"), report: closed.id,
        update: update("U-000982"), status: .closed, detail: .fixed)
}

/// The documents of updates, support, candidates and changes.
@Suite struct `A conversation's document` {
    @Test func `of updates is the one of GR-12`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_request_updates>
              <request_update>
                <update_id>U-000981</update_id>
                <service_request_id>SOF-2026-000417</service_request_id>
                <status>IN_PROGRESS</status>
                <updated_datetime>2026-04-15T07:30:00Z</updated_datetime>
                <description>Екипът е на място.</description>
                <media_url/>
              </request_update>
              <request_update>
                <update_id>U-000982</update_id>
                <service_request_id>SOF-2026-000417</service_request_id>
                <status>FIXED</status>
                <updated_datetime>2026-04-16T12:00:00Z</updated_datetime>
                <description>Запълнена.</description>
                <media_url>https://gateway.example/media/U-000982/1.jpg</media_url>
                <external_status_code>RD-90</external_status_code>
              </request_update>
            </service_request_updates>
            """#
        let json = #"""
            [
              {
                "update_id": "U-000981",
                "service_request_id": "SOF-2026-000417",
                "status": "IN_PROGRESS",
                "updated_datetime": "2026-04-15T07:30:00Z",
                "description": "Екипът е на място.",
                "media_url": null
              },
              {
                "update_id": "U-000982",
                "service_request_id": "SOF-2026-000417",
                "status": "FIXED",
                "updated_datetime": "2026-04-16T12:00:00Z",
                "description": "Запълнена.",
                "media_url": "https://gateway.example/media/U-000982/1.jpg",
                "external_status_code": "RD-90"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.updates([Sample.started, Sample.fixed], in: Sample.sofia(), as: format)
        }
    }

    @Test func `of no updates is an empty list`() throws {
        try expect(xml: "<service_request_updates/>", json: "[]") { format in
            Documents.updates([], in: Sample.sofia(), as: format)
        }
    }

    @Test func `of an update with all that it may have`() throws {
        var update = Sample.fixed
        update.media = ["0f3a.jpg", "http://b/2"]
        update.customerReference = "К-7"
        update.service = Sample.streetlight.code
        update.description = nil
        let xml = #"""
            <service_request_updates><request_update><update_id>U-000982</update_id>
            <service_request_id>SOF-2026-000417</service_request_id><status>FIXED</status>
            <updated_datetime>2026-04-16T12:00:00Z</updated_datetime><description/>
            <media_url>https://g.example/media/0f3a.jpg</media_url>
            <media_url>http://b/2</media_url>
            <external_status_code>RD-90</external_status_code>
            <customer_reference>К-7</customer_reference><fixmystreet_id>4711</fixmystreet_id>
            <extras><category>Неработещо улично осветление</category><group>Улици</group></extras>
            </request_update></service_request_updates>
            """#
        let json = #"""
            [{"update_id":"U-000982","service_request_id":"SOF-2026-000417","status":"FIXED",
            "updated_datetime":"2026-04-16T12:00:00Z","description":null,
            "media_url":["https://g.example/media/0f3a.jpg","http://b/2"],
            "external_status_code":"RD-90","customer_reference":"К-7","fixmystreet_id":"4711",
            "extras":{"category":"Неработещо улично осветление","group":"Улици"}}]
            """#
        let view = ReportView(dialects: [.fixmystreet], mediaBase: "https://g.example/media")
        try expect(xml: xml, json: json) { format in
            Documents.updates([update], in: Sample.sofia(), view: view, as: format)
        }
    }

    @Test func `of an update that nobody is to be told of says so with extensions`() throws {
        var update = Sample.started
        update.tells = .nobody
        for (extensions, shown) in [(ReportView.Extensions.none, 0), (.included, 1)] {
            let view = ReportView(extensions: extensions)
            let json = text(Documents.updates([update], in: Sample.sofia(), view: view, as: .json))
            let xml = text(Documents.updates([update], in: Sample.sofia(), view: view, as: .xml))
            #expect(json.components(separatedBy: #""extras":{"notify":false}"#).count == 1 + shown)
            #expect(
                xml.components(separatedBy: "<extras><notify>false</notify></extras>").count
                    == 1 + shown)
        }
    }

    @Test func `of a receipt for an update has its id and no token`() throws {
        let xml = #"""
            <service_request_updates><request_update><update_id>U-000983</update_id>
            </request_update></service_request_updates>
            """#
        try expect(xml: xml, json: #"[{"update_id":"U-000983"}]"#) { format in
            Documents.updateReceipt(Sample.update("U-000983"), as: format)
        }
    }

    @Test func `of support tells how many there are, and nobody's name`() throws {
        let xml = #"""
            <service_requests><request><service_request_id>SOF-2026-000417</service_request_id>
            <supports>3</supports></request></service_requests>
            """#
        let json = #"[{"service_request_id":"SOF-2026-000417","supports":3}]"#
        try expect(xml: xml, json: json) { format in
            Documents.support(of: Sample.closed.id, count: 3, as: format)
        }
    }

    @Test func `of candidates is a list of reports with their distance`() throws {
        let candidates = [
            Candidate(report: Sample.open, distance: 12.4),
            Candidate(report: Sample.closed, distance: 99.5),
        ]
        for format in [Format.json, .xml] {
            let bytes = Documents.candidates(candidates, in: Sample.sofia(), as: format)
            let rows = try #require(try Reading.tree(bytes, as: format).elements)
            let ids = rows.map { $0["service_request_id"]?.string ?? "" }
            #expect(ids == candidates.map(\.report.id.rawValue))
            let distances = rows.map { $0["extended_attributes"]?["distance"] }
            #expect(distances == [.number(text: "12"), .number(text: "100")])
        }
    }

    @Test func `of changes is a page and where the next one begins`() throws {
        let cursor = Sample.change.cursor.text
        let item = #"""
            {"cursor":"\#(cursor)","event_id":"018f0000-0000-7000-8000-00000000abcd",\#
            "type":"report.updated","datetime":"2026-04-16T12:00:00Z",\#
            "jurisdiction_id":"sofia.example","service_request_id":"SOF-2026-000417",\#
            "update_id":"U-000982","status":"closed","detail":"FIXED"}
            """#
        let next = ChangeCursor(transaction: 8, sequence: 0)
        #expect(
            text(Documents.changes([Sample.change, Sample.change], next: next))
                == #"{"changes":[\#(item),\#(item)],"next":"\#(next.text)"}"#)
        #expect(
            text(Documents.changes([], next: next)) == #"{"changes":[],"next":"\#(next.text)"}"#)
        #expect(text(Documents.line(Sample.change)) == item + "\n")
        let notification = text(Documents.notification(Sample.change))
        #expect(
            notification
                == #"{"type":"report.updated","timestamp":"2026-04-16T12:00:00Z","data":\#(item)}"#)
        #expect(notification.utf8.count < 20_000)
    }

    @Test func `of a change that says little has nulls`() throws {
        let change = Change(
            cursor: .beginning, event: Sample.change.event, kind: .removed,
            recorded: Sample.now, jurisdiction: Sample.mitrovica.id, report: Sample.open.id)
        #expect(
            text(Documents.line(change)).hasSuffix(
                #""update_id":null,"status":null,"detail":null}"# + "\n"))
    }

    @Test func `of a change that nobody is to be told of says so, to webhooks as well`() throws {
        let change = Change(
            cursor: .beginning, event: Sample.change.event, kind: .updated, recorded: Sample.now,
            jurisdiction: Sample.mitrovica.id, report: Sample.open.id, tells: .nobody)
        #expect(text(Documents.line(change)).hasSuffix(#","detail":null,"notify":false}"# + "\n"))
        #expect(text(Documents.notification(change)).hasSuffix(#","notify":false}}"#))
    }

    @Test(arguments: 0..<200)
    func `says the same in both formats`(seed: UInt64) throws {
        var random = RandomReports(seed: seed)
        let updates = (0..<5).map { _ in random.update() }
        for dialects in [[], [.fixmystreet], [.adapter], [.fixmystreet, .adapter]]
            as [Set<Client.Profile.Dialect>]
        {
            let view = ReportView(dialects: dialects, mediaBase: "https://g.example/media")
            let json = Documents.updates(updates, in: Sample.sofia(), view: view, as: .json)
            let xml = Documents.updates(updates, in: Sample.sofia(), view: view, as: .xml)
            let tree = try Reading.tree(json, as: .json)
            #expect(try Reading.tree(xml, as: .xml) == tree, "\(text(xml))")
            #expect(tree.elements?.count == 5)
        }
    }

    @Test(arguments: 0..<100)
    func `of candidates says the same in both formats, with notes and all`(seed: UInt64) throws {
        var random = RandomReports(seed: seed)
        let candidates = (0..<4).map { _ in
            var report = random.report()
            report.supports = random.number(0...3)
            report.parent = random.number(0...1) == 0 ? nil : Sample.open.id
            return Candidate(report: report, distance: Double(random.number(0...1000)))
        }
        var view = ReportView(mediaBase: "/media")
        for candidate in candidates where random.number(0...3) > 0 {
            view.notes[candidate.report.id] = random.notes()
        }
        let sofia = Sample.sofia()
        let json = Documents.candidates(candidates, in: sofia, view: view, as: .json)
        let xml = Documents.candidates(candidates, in: sofia, view: view, as: .xml)
        #expect(
            try Reading.tree(xml, as: .xml) == Reading.tree(json, as: .json), "\(text(xml))")
    }
}

extension RandomReports {
    mutating func update() -> Update {
        let report = report()
        return Update(
            id: Sample.update("u-" + report.id.rawValue), report: report.id,
            detail: report.detail ?? .open, description: report.description,
            published: report.updated, media: report.media + (number(0...1) == 0 ? [] : ["a.jpg"]),
            externalStatus: report.statusNotes, customerReference: report.title,
            service: number(0...1) == 0 ? nil : report.service,
            foreignReport: number(0...1) == 0 ? nil : "\(number(0...99))")
    }

    mutating func notes() -> [Note] {
        (0..<number(0...3)).map { _ in
            let report = report()
            return Note(
                time: report.updated, kind: Note.Kind.allCases[number(0...6)],
                detail: report.detail, description: report.description)
        }
    }
}

/// Where things began, as peers are shown it (GR-18.5).
@Suite struct `A provenance in a document` {
    private static let shown = ShownProvenance(
        origin: "ngo.example", originID: "ngo/12", path: ["ngo.example", "sofia.example"])

    @Test func `stands in the extras of an update, beside the service that it moved to`() {
        var view = ReportView(extensions: .included)
        view.updateProvenances = [Sample.started.id: Self.shown]
        var moved = Sample.started
        moved.service = Sample.sofia().services.first?.code
        let json = Documents.updates([moved], in: Sample.sofia(), view: view, as: .json)
        let text = String(decoding: json, as: UTF8.self)
        #expect(text.contains(#""extras":{"category":"#))
        #expect(
            text.contains(
                #""origin":"ngo.example","origin_id":"ngo/12","#
                    + #""path":["ngo.example","sofia.example"]}"#))
        let other = Documents.updates([Sample.fixed], in: Sample.sofia(), view: view, as: .json)
        #expect(!String(decoding: other, as: UTF8.self).contains("extras"))
    }

    @Test func `stands in the extended attributes of a report, for whom it is meant`() {
        var view = ReportView(extensions: .included)
        view.provenances = [Sample.closed.id: Self.shown]
        let xml = Documents.reports([Sample.closed], in: Sample.sofia(), view: view, as: .xml)
        let text = String(decoding: xml, as: UTF8.self).filter { !$0.isWhitespace }
        #expect(
            text.contains(
                "<origin>ngo.example</origin><origin_id>ngo/12</origin_id><path>"
                    + "<authority>ngo.example</authority><authority>sofia.example</authority>"
                    + "</path></extended_attributes>"))
        view.provenances = [:]
        let plain = Documents.reports([Sample.closed], in: Sample.sofia(), view: view, as: .xml)
        #expect(!String(decoding: plain, as: UTF8.self).contains("origin"))
    }
}
