import Foundation
import GeoReport
import Reports
import Testing

@Suite struct `A dialect` {
    private func tree(
        _ reports: [Report], _ dialects: Set<Client.Profile.Dialect>,
        in jurisdiction: Jurisdiction = Sample.sofia(), as format: Format = .json
    ) throws -> [JSONValue] {
        let view = ReportView(dialects: dialects, mediaBase: "https://g.example/media")
        let bytes = Documents.reports(reports, in: jurisdiction, view: view, as: format)
        return try #require(try Reading.tree(bytes, as: format).elements)
    }

    private func only(
        _ report: Report, _ dialects: Set<Client.Profile.Dialect>
    ) throws -> JSONValue {
        try #require(try tree([report], dialects).first)
    }

    @Test func `is nobody's who did not ask for one`() throws {
        // What the bytes were before there were dialects.
        let known: [Format: UInt64] = [
            .xml: 3_025_832_672_668_228_386, .json: 11_508_140_143_409_468_756,
            .geojson: 1_355_125_417_200_422_702, .csv: 4_956_124_882_634_055_303,
        ]
        for (format, hash) in known {
            var bytes: [UInt8] = []
            for seed in 0..<50 as Range<UInt64> {
                var random = RandomReports(seed: seed)
                let reports = (0..<5).map { _ in random.report() }
                for absent in Client.Profile.Absent.allCases {
                    bytes += Documents.reports(
                        reports, in: Sample.sofia(), absent: absent, as: format)
                }
            }
            #expect(fowler(bytes) == hash, "\(format)")
        }
    }

    /// FNV-1a.
    private func fowler(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    @Test func `of base64 changes nothing that is read`() throws {
        #expect(try tree([Sample.closed], [.base64]) == tree([Sample.closed], []))
    }

    @Test func `of FixMyStreet tells the state, the title and whether a report is private`() throws
    {
        let closed = try only(Sample.closed, [.fixmystreet])
        #expect(closed["status"]?.string == "fixed")
        #expect(closed["title"]?.string == "Дупка пред № 15")
        #expect(closed["extras"]?["group"]?.string == "Улици")
        #expect(closed["non_public"] == .number(text: "0"))
        let open = try only(Sample.open, [.fixmystreet])
        #expect(open["status"]?.string == "open")
        #expect(open["title"] == .null)
        for detail in Detail.allCases {
            var report = Sample.closed
            report.detail = detail
            #expect(
                try only(report, [.fixmystreet])["status"]?.string == detail.rawValue.lowercased())
            #expect(try only(report, [])["status"]?.string == "closed")
        }
        var unknown = Sample.closed
        unknown.service = Sample.service("009")
        #expect(try only(unknown, [.fixmystreet])["extras"] == nil)
    }

    @Test(arguments: 0..<100)
    func `says the same in both formats`(seed: UInt64) throws {
        var random = RandomReports(seed: seed)
        let reports = (0..<5).map { _ in random.report() }
        for dialects in [[.fixmystreet], [.adapter, .fixmystreet, .fmsImport]]
            as [Set<Client.Profile.Dialect>]
        {
            #expect(
                try tree(reports, dialects, as: .xml) == tree(reports, dialects, as: .json))
        }
    }

    @Test func `of FixMyStreet lists all headings of a service`() throws {
        let service = Service(
            code: Sample.service("A"), name: Sample.bg("А"), group: Sample.bg("Б"),
            otherGroups: [Sample.bg("В"), Sample.bg("")], keywords: ["x", "staff"],
            visibility: .private)
        let sofia = Sample.sofia(services: [service])
        let call = ServicesCall(dialects: [.fixmystreet])
        let json = text(Documents.services(call, in: sofia, as: .json))
        #expect(json.contains(#""keywords":"x,private","group":"Б","groups":["Б","В"]}"#))
        let xml = text(Documents.services(call, in: sofia, as: .xml))
        #expect(
            xml.contains("<group>Б</group><groups><group>Б</group><group>В</group></groups>"))
        let plain = text(Documents.services(in: sofia, as: .json))
        #expect(plain.contains(#""keywords":"x","group":"Б"}"#))
        let found = Documents.services(ServicesCall(group: "в"), in: sofia, as: .json)
        #expect(found.count > 2)
    }

    @Test func `of the import tells a change no earlier than the publication`() throws {
        var report = Sample.open
        report.published = Sample.time("2026-04-19T10:00:00Z")
        #expect(
            try only(report, [.fmsImport])["updated_datetime"]?.string == "2026-04-19T10:00:00Z")
        #expect(try only(report, [])["updated_datetime"]?.string == "2026-04-14T17:05:30Z")
        report.updated = Sample.now
        #expect(
            try only(report, [.fmsImport])["updated_datetime"]?.string == "2026-04-20T00:00:00Z")
    }

    @Test func `of the import searches by publication as well`() throws {
        let search = try Calls.search(
            Sample.parameters("start_date=2026-04-19"), in: Sample.sofia(), stage: .production,
            dialects: [.fmsImport], now: Sample.now)
        guard case .matching(let conditions) = search.filter.scope else {
            throw Fault(.failed, "no conditions")
        }
        #expect(conditions.windowBasis == .requestedOrPublished)
        #expect(search.view.dialects == [.fmsImport])
    }

    @Test func `of the adapter lacks all that it fails on`() throws {
        #expect(try tree([Sample.open, Sample.closed], [.adapter]).count == 1)
        let one = try only(Sample.closed, [.adapter])
        #expect(one["expected_datetime"] == .null)
        #expect(one["media_url"] == .null)
        #expect(
            one["description"]?.string
                == "Дупка пред № 15\nвтори ред\nhttps://gateway.example/media/SOF-2026-000417/1.jpg"
        )
        var report = Sample.closed
        report.media = ["a.jpg", "http://b/2"]
        let two = try only(report, [.adapter])
        #expect(
            two["media_url"]
                == .array([.string("https://g.example/media/a.jpg"), .string("http://b/2")]))
        #expect(two["description"]?.string == "Дупка пред № 15\nвтори ред")
        report.detail = .reopen
        report.status = .open
        #expect(try only(report, [.adapter, .fixmystreet])["status"]?.string == "open")
        let geojson = Documents.reports(
            [Sample.open], in: Sample.sofia(), view: ReportView(dialects: [.adapter]),
            as: .geojson)
        #expect(text(geojson) == #"{"type":"FeatureCollection","features":[]}"#)
    }

    @Test func `of the adapter keeps a picture's address behind a long text`() throws {
        var report = Sample.closed
        report.description = String(repeating: "я", count: 4000)
        let shown = try only(report, [.adapter])["description"]?.string ?? ""
        #expect(shown.unicodeScalars.count == 4000)
        #expect(shown.hasSuffix("я…\nhttps://gateway.example/media/SOF-2026-000417/1.jpg"))
        report.description = nil
        #expect(
            try only(report, [.adapter])["description"]?.string
                == "https://gateway.example/media/SOF-2026-000417/1.jpg")
    }

    @Test func `of the adapter has updates with a text and never one picture`() throws {
        var update = Sample.fixed
        func shown(_ dialects: Set<Client.Profile.Dialect>) throws -> JSONValue {
            let bytes = Documents.updates(
                [update], in: Sample.sofia(), view: ReportView(dialects: dialects), as: .json)
            return try #require(try Reading.tree(bytes, as: .json).elements?.first)
        }
        #expect(try shown([.adapter])["media_url"] == .null)
        #expect(
            try shown([.adapter])["description"]?.string
                == "Запълнена.\nhttps://gateway.example/media/U-000982/1.jpg")
        update.media += ["http://b/2"]
        update.description = nil
        #expect(try shown([.adapter])["media_url"]?.elements?.count == 2)
        #expect(try shown([.adapter])["description"]?.string == "Отстранен")
        #expect(try shown([])["description"] == .null)
        #expect(try shown([])["fixmystreet_id"] == nil, "another site has that number as well")
        update.foreignReport = "ABC"
        #expect(try shown([.fixmystreet])["fixmystreet_id"] == nil, "not made of digits")
    }
}

@Suite struct `Extensions of a report` {
    @Test func `have notes in the shape of Chicago's`() throws {
        let notes = [
            Note(
                time: Sample.time("2026-04-14T06:37:38Z"), kind: .opened, detail: .open,
                description: "Сигналът е приет."),
            Note(
                time: Sample.time("2026-04-15T06:37:38Z"), kind: .status, detail: .inProgress,
                description: nil),
            Note(
                time: Sample.time("2026-04-16T12:00:00Z"), kind: .closed, detail: .fixed,
                description: "Запълнена."),
        ]
        let view = ReportView(extensions: .included, notes: [Sample.closed.id: notes])
        let json = text(
            Documents.reports([Sample.closed], in: Sample.sofia(), view: view, as: .json))
        let expected = #"""
            },"notes":[{"datetime":"2026-04-14T06:37:38Z","type":"opened","summary":"Приет",\#
            "description":"Сигналът е приет."},{"datetime":"2026-04-15T06:37:38Z",\#
            "type":"status","summary":"В работа","description":null},\#
            {"datetime":"2026-04-16T12:00:00Z","type":"closed","summary":"Затворен",\#
            "description":"Запълнена."}]}]
            """#
        #expect(json.hasSuffix(expected))
        let xml = text(
            Documents.reports([Sample.closed], in: Sample.sofia(), view: view, as: .xml))
        let begin = """
            </extended_attributes><notes><note><datetime>2026-04-14T06:37:38Z</datetime>\
            <type>opened</type><summary>Приет</summary>
            """
        #expect(xml.contains(begin))
        let plain = ReportView(notes: view.notes)
        #expect(
            !text(Documents.reports([Sample.closed], in: Sample.sofia(), view: plain, as: .json))
                .contains(#""notes""#))
    }

    @Test(arguments: [("en", "Fixed"), ("sq", "Rregulluar"), ("sr", "Решено"), ("fr", "Fixed")])
    func `name states in the reader's language`(tag: String, label: String) throws {
        let kosovo = Jurisdiction(
            id: Sample.mitrovica.id, slug: Sample.mitrovica.slug, name: Sample.mitrovica.name,
            contact: "c", languages: [Sample.language(tag)], timeZone: "Europe/Belgrade",
            services: [])
        let note = Note(time: Sample.now, kind: .status, detail: .fixed, description: nil)
        let view = ReportView(
            extensions: .included, languages: [Sample.language("fi")],
            notes: [Sample.open.id: [note]])
        let json = text(Documents.reports([Sample.open], in: kosovo, view: view, as: .json))
        #expect(json.contains(#""summary":"\#(label)""#))
    }

    @Test func `have what ties a report to others, where there is something`() throws {
        var report = Sample.closed
        report.supports = 3
        report.parent = Sample.open.id
        report.media = ["0f3a.jpg"]
        report.detail = .duplicate
        let view = ReportView(extensions: .included, mediaBase: "https://g.example/media")
        let json = text(Documents.reports([report], in: Sample.sofia(), view: view, as: .json))
        let expected = #"""
            "detailed_status":"REJECTED","detail":"DUPLICATE",\#
            "media_urls":["https://g.example/media/0f3a.jpg"],"channel":"fixmystreet",\#
            "supports":3,"parent_service_request_id":"SOF-2026-000418","duplicate":true}}]
            """#
        #expect(json.hasSuffix(expected))
        #expect(json.contains(#""media_url":"https://g.example/media/0f3a.jpg","attributes""#))
        let csv = text(Documents.reports([report], in: Sample.sofia(), view: view, as: .csv))
        #expect(csv.contains(",https://g.example/media/0f3a.jpg,"))
        let other = text(
            Documents.reports([Sample.open], in: Sample.sofia(), view: view, as: .json))
        #expect(other.hasSuffix(#""extended_attributes":{"channel":"open311"}}]"#))
    }

    @Test func `are found by CitySDK's words and by ours`() throws {
        func details(_ query: String) throws -> [Detail] {
            let search = try Calls.search(
                Sample.parameters(query), in: Sample.sofia(), stage: .production, now: Sample.now)
            guard case .matching(let conditions) = search.filter.scope else { return [] }
            return conditions.details
        }
        #expect(
            try details("detailed_status=processed,REJECTED") == [
                .fixed, .closed, .duplicate, .notCouncilsResponsibility, .noFurtherAction,
            ])
        #expect(try details("detailed_status=in-progress") == [.inProgress])
        let all = try details("detailed_status=RECEIVED,IN_PROCESS,PROCESSED,REJECTED,ARCHIVED")
        #expect(Set(all) == Set(Detail.allCases))
    }
}
