import Foundation
import GeoReport
import Reports
import Testing

@Suite struct `A GET of reports` {
    private func search(
        _ query: String, in jurisdiction: Jurisdiction = Sample.sofia()
    ) throws -> Search {
        try Calls.search(
            Sample.parameters(query), in: jurisdiction, stage: .production, now: Sample.now)
    }

    private func conditions(_ query: String) throws -> ReportFilter.Conditions {
        guard case .matching(let conditions) = try search(query).filter.scope else {
            throw Fault(.failed, "no conditions")
        }
        return conditions
    }

    @Test(
        arguments: [
            ("", "2026-01-20T00:00:00Z", nil),
            ("start_date=2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", nil),
            ("end_date=2026-04-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"),
            (
                "start_date=2025-01-01&end_date=2026-01-01", "2025-01-01T00:00:00Z",
                "2026-01-01T23:59:59Z"
            ),
            ("start_date=2026-04-14T09:37:38%2B03:00", "2026-04-14T06:37:38Z", nil),
            ("start_date=2026-04-14T09:37:38+03:00", "2026-04-14T06:37:38Z", nil),
            ("start_date=2026-04-14T06:37:38.900Z", "2026-04-14T06:37:38Z", nil),
            ("start_date=2026-04-14 00:00:00-06:00", "2026-04-14T06:00:00Z", nil),
            ("start_date=2026-04-14T06:37:38", "2026-04-14T06:37:38Z", nil),
            ("start_date=&end_date=+", "2026-01-20T00:00:00Z", nil),
            ("updated_after=2020-01-01", nil, nil),
            ("updated=2020-01-01", nil, nil),
            ("updated_before=2020-01-01", nil, nil),
            ("updated_after=2020-01-01&start_date=2019-01-01", "2019-01-01T00:00:00Z", nil),
        ] as [(String, String?, String?)])
    func `dates make the window`(query: String, from: String?, to: String?) throws {
        let conditions = try conditions(query)
        #expect(conditions.requestedFrom == from.map(Sample.time))
        #expect(conditions.requestedTo == to.map(Sample.time))
    }

    @Test func `bounds on the last change are their own`() throws {
        let conditions = try conditions("updated_after=2026-01-01&updated_before=2026-01-02")
        #expect(conditions.updatedFrom == Sample.time("2026-01-01T00:00:00Z"))
        #expect(conditions.updatedTo == Sample.time("2026-01-02T23:59:59Z"))
    }

    @Test(arguments: [
        ("start_date=yesterday", "start_date is not a date and time such as 2026-04-14T06:37:38Z"),
        (
            "end_date=2026-02-30T00:00:00Z",
            "end_date is not a date and time such as 2026-04-14T06:37:38Z"
        ),
        (
            "start_date=2026-01-01T00:00:00Zjunk",
            "start_date is not a date and time such as 2026-04-14T06:37:38Z"
        ),
        (
            "start_date=2026-01-01T24:00:00Z",
            "start_date is not a date and time such as 2026-04-14T06:37:38Z"
        ),
        ("start_date=2026-04-02&end_date=2026-04-01", "start_date is later than end_date"),
        (
            "updated_after=2026-04-02&updated_before=2026-04-01",
            "updated_after is later than updated_before"
        ),
        ("status=purple", "status is neither open nor closed"),
        ("status=open'--", "status is neither open nor closed"),
        ("detailed_status=GONE", "detailed_status is not one of the states that reports have"),
        ("page=x", "page is not a whole number from 1 on"),
        ("page=-1", "page is not a whole number from 1 on"),
        ("page_size=0", "page_size is not a whole number from 1 on"),
        ("limit=-5", "page_size is not a whole number from 1 on"),
        ("page_size=999999999999999999999", "page_size is not a whole number from 1 on"),
        ("offset=1e3", "offset is not a whole number from 0 on"),
        ("cursor=nonsense", "cursor is not one that this search gave out"),
        (
            "sort=color",
            "sort is none of distance, created, updated and id, the last three also with -"
        ),
        ("q=a", "q takes 2 to 256 characters"),
        ("lat=42.6", "long was not provided (required with lat)"),
        ("radius=500", "lat and long were not provided (required with radius)"),
        ("lat=42&long=23&radius=0", "radius is not a number of metres from 1 to 50000"),
        ("lat=42&long=23&radius=50001", "radius is not a number of metres from 1 to 50000"),
        ("lat=42&long=23&radius=inf", "radius is not a number of metres from 1 to 50000"),
        ("bbox=23.30,42.68,23.34", "bbox is not minLong,minLat,maxLong,maxLat"),
        ("bbox=23.34,42.68,23.30,42.71", "bbox is not minLong,minLat,maxLong,maxLat"),
        ("bbox=a,b,c,d", "bbox is not minLong,minLat,maxLong,maxLat"),
    ])
    func `a fault names what is wrong`(query: String, problem: String) throws {
        let fault = try #require(
            #expect(throws: Fault.self) { try search(query) }, "\(query) is refused")
        #expect(fault.status == 400)
        #expect(fault.problems == [problem])
    }

    @Test func `a long range is served unless the jurisdiction is strict`() throws {
        let query = "start_date=2025-08-01&end_date=2026-02-17"
        _ = try search(query)
        #expect(throws: Fault.self) {
            try search(query, in: Sample.sofia(windowLimit: .refused))
        }
        _ = try search("start_date=2025-08-01", in: Sample.sofia(windowLimit: .refused))
    }

    @Test(
        arguments: [
            ("status=open", Status.open), ("status=OPEN", .open), ("status[]=closed", .closed),
            ("status=open,closed", nil), ("status=open&status=closed", nil), ("status=", nil),
            ("status=%20open%20,", .open),
        ] as [(String, Status?)])
    func `states are words in any case`(query: String, status: Status?) throws {
        #expect(try conditions(query).status == status)
    }

    @Test(arguments: [
        "service_code=POTHOLE,STREETLIGHT", "service_code=POTHOLE&service_code=STREETLIGHT",
        "service_code=POTHOLE,%20STREETLIGHT,", "service_code[]=POTHOLE&service_code[]=STREETLIGHT",
    ])
    func `codes are listed, repeated, or both`(query: String) throws {
        #expect(try conditions(query).services.map(\.rawValue) == ["POTHOLE", "STREETLIGHT"])
    }

    @Test func `a code that no service can have matches nothing`() throws {
        let long = String(repeating: "a", count: 200)
        #expect(try search("service_code=" + long).filter.scope == .ids([]))
    }

    @Test func `ids override all conditions, valid or not`() throws {
        let filter = try search(
            "service_request_id=B-2,A-1,B-2,0&status=purple&start_date=never&page_size=5"
        ).filter
        #expect(filter.scope == .ids([Sample.report("B-2"), Sample.report("A-1")]))
        #expect(filter.page.size == 5)
    }

    @Test func `a thousand ids are served, one more is refused`() throws {
        let ids = (1...1001).map { "A\($0)" }
        _ = try search("service_request_id=" + ids.dropLast().joined(separator: ","))
        #expect(throws: Fault.self) {
            try search("service_request_id=" + ids.joined(separator: ","))
        }
    }

    @Test(arguments: [
        ("", 1000, 0), ("page=2&page_size=50", 50, 50), ("page=0&page_size=50", 50, 0),
        ("page=1&per_page=50", 50, 0), ("limit=50&offset=50", 50, 50),
        ("max_requests=7", 7, 0), ("page_size=5000", 1000, 0),
        ("page=3&page_size=10&offset=5", 10, 20),
    ])
    func `pages begin where they should`(query: String, size: Int, offset: Int) throws {
        let page = try search(query).filter.page
        #expect(page == ReportFilter.Page(size: size, start: .offset(offset)))
    }

    @Test(arguments: [
        "", "sort=-updated", "sort=created", "sort=id",
        "service_request_id=sofia-7F3K2M9Q,sofia-8&page_size=1",
    ])
    func `a cursor continues the search that gave it out`(query: String) throws {
        let row = ReportFilter.Bookmark(
            microseconds: 1_776_148_658_123_456, id: Sample.report("sofia-7F3K2M9Q"))
        let cursor = try search(query).cursor(after: row)
        #expect(try search(query + "&cursor=" + cursor).filter.page.start == .after(row))
        #expect(throws: Fault.self) { try search("sort=-id&cursor=" + cursor) }
    }

    @Test func `places are circles and boxes`() throws {
        let near = try conditions("lat=42.69&lng=23.32&radius=500.5").circle
        #expect(near == Circle(center: Sample.point(42.69, 23.32), radius: 500.5))
        #expect(try conditions("lat=42.69&long=23.32").circle?.radius == 1000)
        let box = try conditions("bbox=23.30, 42.68,23.34,42.71").box
        #expect(box?.southWest == Sample.point(42.68, 23.30))
        #expect(box?.northEast == Sample.point(42.71, 23.34))
    }

    @Test func `words are looked for in the names of services too`() throws {
        let conditions = try conditions("q=ДУПКА")
        #expect(conditions.text == "ДУПКА")
        #expect(conditions.servicesNamedByText == [Sample.service("POTHOLE")])
    }

    @Test func `offices are separated by commas or bars, and may hold commas`() throws {
        #expect(try conditions("agency_responsible=1|2").agencies == ["1|2", "1", "2"])
        #expect(try conditions("agency_responsible=A, B").agencies == ["A, B", "A", "B"])
    }

    @Test(
        arguments: [
            ("", nil, []), ("locale=en", nil, ["en"]), ("langcode=fi_FI", "en", ["fi"]),
            ("", "en-US,en;q=0.9,bg;q=0.95", ["en", "bg", "en"]), ("", "*;q=0.5, sq;q=0", []),
            ("locale=%3C", "bg", ["bg"]),
        ] as [(String, String?, [String])])
    func `languages come from the address, else from the header`(
        query: String, header: String?, languages: [String]
    ) throws {
        let found = Calls.languages(try Sample.parameters(query), acceptLanguage: header)
        #expect(found.map(\.rawValue) == languages)
    }

    @Test func `no more than sixteen languages are looked for`() throws {
        let many = (0..<100).map { _ in "en,bg" }.joined(separator: ",")
        #expect(Calls.languages(try Sample.parameters("locale=" + many)).count == 16)
    }

    @Test(arguments: [
        ("cb", true), ("$.a_1.b", true), ("a;b", false), ("1a", false), (".a", false),
        ("alert(1)", false), (String(repeating: "a", count: 65), false), ("дупка", false),
    ])
    func `a callback is the name of a function, and nothing where callbacks are off`(
        name: String, isName: Bool
    ) throws {
        let parameters = Parameters(all: [
            Parameters.Item(name: "callback", value: name, source: .query)
        ])
        if isName {
            #expect(try Calls.callback(parameters, when: .served) == name)
        } else {
            #expect(throws: Fault.self) { try Calls.callback(parameters, when: .served) }
        }
        #expect(try Calls.callback(parameters) == nil)
    }

    @Test func `extensions are a switch`() throws {
        for (value, view) in [
            ("true", ReportView.Extensions.included), ("1", .included), ("YES", .included),
            ("false", .none), ("", .none),
        ] {
            #expect(try search("extensions=" + value).view.extensions == view)
        }
        #expect(try search("total=true").filter.total == .counted)
    }
}

@Suite struct `The jurisdiction of a call` {
    private let catalogue = Result { try Catalogue([Sample.sofia(), Sample.mitrovica]) }

    @Test(
        arguments: [
            ("", false, .read, 400), ("jurisdiction_id=", false, .read, 400),
            ("jurisdiction_id=nowhere.example", false, .read, 404),
            ("jurisdiction_id=%01", false, .read, 404),
            ("jurisdiction_id=sofia.example", false, .report, 200),
            ("jurisdiction_id=sofia", false, .read, 200),
            ("", true, .report, 200), ("jurisdiction_id=sofia", true, .report, 200),
            ("jurisdiction_id=mitrovica.example", true, .read, 404),
            ("jurisdiction_id=typo.example", true, .read, 200),
            ("jurisdiction_id=typo.example", true, .report, 404),
            ("jurisdiction_id=sofia&jurisdiction_id=sofia.example", true, .read, 400),
        ] as [(String, Bool, Calls.Purpose, Int)])
    func `is named, or is that of the base`(
        query: String, isOwnBase: Bool, purpose: Calls.Purpose, status: Int
    ) throws {
        let catalogue = try catalogue.get()
        let base = isOwnBase ? catalogue.jurisdictions.first : nil
        do {
            let found = try Calls.jurisdiction(
                Sample.parameters(query), at: base, in: catalogue, for: purpose)
            #expect(status == 200)
            #expect(found.id.rawValue == "sofia.example")
        } catch {
            let fault = try #require(error as? Fault)
            #expect(fault.status == status)
            #expect(fault.problems.first?.hasPrefix("jurisdiction_id") == true)
        }
    }

    @Test func `is needed only where there are several`() throws {
        let catalogue = try Catalogue([Sample.sofia()])
        let found = try Calls.jurisdiction(
            Sample.parameters(""), at: nil, in: catalogue, for: .report)
        #expect(found.id.rawValue == "sofia.example")
    }
}
