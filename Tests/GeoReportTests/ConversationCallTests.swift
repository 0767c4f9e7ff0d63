import Foundation
import GeoReport
import Reports
import Testing

@Suite struct `A supporter` {
    @Test func `is known by what they give, and not shown`() throws {
        let query = "email=Maria@Example.org&deviceid=d&account_id=7&first_name=M"
        let supporter = try Calls.support(Sample.parameters(query))
        #expect(
            supporter == Supporter(email: "maria@example.org", deviceID: "d", accountID: "7"))
        #expect("\(supporter)" == "•••")
        #expect(
            try Calls.support(Sample.parameters("device_id=d")) == Supporter(deviceID: "d"))
    }

    @Test func `is somebody`() throws {
        for query in ["", "email=&device_id=+", "first_name=Maria&phone=12345"] {
            #expect(
                throws: Fault(
                    .malformed, "email, account_id or device_id was not provided (required)")
            ) { try Calls.support(Sample.parameters(query)) }
        }
        #expect(throws: Fault(.malformed, "email is not one e-mail address")) {
            try Calls.support(Sample.parameters("email=x&device_id=d"))
        }
    }
}

@Suite struct `A look for candidates` {
    private func call(_ query: String) throws -> CandidatesCall {
        try Calls.candidates(Sample.parameters(query), in: Sample.sofia())
    }

    @Test func `is around a point, a hundred metres wide unless it says so`() throws {
        let call = try call("lat=42.7&lon=23.3")
        #expect(call.circle == Circle(center: Sample.point(42.7, 23.3), radius: 100))
        #expect(call.service == nil && call.limit == 20)
        let other = try self.call("lat=42.7&long=23.3&radius=1000&service_code=POTHOLE&limit=99")
        #expect(other.circle.radius == 1000)
        #expect(other.service == Sample.pothole.code && other.limit == 50)
    }

    @Test(arguments: [
        ("", 400, "lat and long were not provided (required)"),
        ("lat=1", 400, "long was not provided (required with lat)"),
        ("lat=1&long=1&radius=1001", 400, "radius is not a number of metres from 1 to 1000"),
        ("lat=1&long=1&limit=0", 400, "limit is not a whole number from 1 on"),
        (
            "lat=1&long=1&service_code=NOPE", 404,
            "service_code is not known in this jurisdiction"
        ),
    ])
    func `a fault names what is wrong`(query: String, status: Int, problem: String) throws {
        let fault = #expect(throws: Fault.self) { try call(query) }
        #expect(fault?.status == status && fault?.problems == [problem])
    }

    @Test func `a search may be by distance too`() throws {
        let search = try Calls.search(
            Sample.parameters("lat=42.7&long=23.3&sort=distance"), in: Sample.sofia(),
            stage: .production, now: Sample.now)
        #expect(search.filter.sort == .init(key: .distance, direction: .ascending))
        let cursor = search.cursor(
            after: ReportFilter.Bookmark(microseconds: 7, id: Sample.report("A-1")))
        let next = try Calls.search(
            Sample.parameters("lat=42.7&long=23.3&sort=distance&cursor=" + cursor),
            in: Sample.sofia(), stage: .production, now: Sample.now)
        #expect(next.filter.page.start != .offset(0))
        #expect(
            throws: Fault(
                .malformed, "lat and long were not provided (required with sort=distance)")
        ) {
            try Calls.search(
                Sample.parameters("sort=distance"), in: Sample.sofia(), stage: .production,
                now: Sample.now)
        }
    }
}

@Suite struct `A GET of changes` {
    private func call(_ query: String, at base: Jurisdiction? = nil) throws -> ChangesCall {
        try Calls.changes(
            Sample.parameters(query), at: base,
            in: Catalogue([Sample.sofia(), Sample.mitrovica]))
    }

    @Test func `asks for everything from the first one on`() throws {
        #expect(try call("") == ChangesCall())
        let cursor = ChangeCursor(transaction: 7, sequence: 9)
        let call = try call(
            "after=\(cursor.text)&wait=30&limit=5&jurisdiction_id=sofia&service_code=POTHOLE"
                + "&type=report.updated,removed")
        #expect(call.after == cursor && call.wait == .seconds(30) && call.limit == 5)
        #expect(call.jurisdiction?.id.rawValue == "sofia.example")
        #expect(call.services == [Sample.pothole.code] && call.kinds == [.updated, .removed])
    }

    @Test func `waits half a minute at most, for a thousand at most`() throws {
        let call = try call("wait=300&limit=100000")
        #expect(call.wait == .seconds(30) && call.limit == 1000)
    }

    @Test func `on a base of one jurisdiction is about that one`() throws {
        #expect(try call("", at: Sample.mitrovica).jurisdiction == Sample.mitrovica)
        #expect(throws: Fault.self) {
            try call("jurisdiction_id=sofia", at: Sample.mitrovica)
        }
    }

    @Test(arguments: [
        ("after=7", 400, "after is not a cursor that this feed gave out"),
        ("wait=-1", 400, "wait is not a whole number from 0 on"),
        ("limit=0", 400, "limit is not a whole number from 1 on"),
        ("type=gone", 400, "type is not one that changes have"),
        ("jurisdiction_id=nowhere", 404, "jurisdiction_id is not served here"),
    ])
    func `a fault names what is wrong`(query: String, status: Int, problem: String) throws {
        let fault = #expect(throws: Fault.self) { try call(query) }
        #expect(fault?.status == status && fault?.problems == [problem])
    }
}
