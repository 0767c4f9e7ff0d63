import Foundation
import GeoReport
import Reports
import Testing

@Suite struct `A GET of updates` {
    private func call(_ query: String) throws -> UpdatesCall {
        try Calls.updates(
            Sample.parameters(query), in: Sample.sofia(), stage: .production, now: Sample.now)
    }

    @Test(arguments: [
        ("", "2026-04-19T00:00:00Z", "2026-04-20T00:00:00Z"),
        ("api_key=&start_date=&end_date=", "2026-04-19T00:00:00Z", "2026-04-20T00:00:00Z"),
        (
            "start_date=2026-04-14T06:37:38Z", "2026-04-14T06:37:38Z", "2026-04-20T00:00:00Z"
        ),
        ("end_date=2026-04-14T06:37:38Z", "2026-04-13T06:37:38Z", "2026-04-14T06:37:38Z"),
        (
            "start_date=2026-04-14T06:37:38Z&end_date=2026-04-14T06:37:38Z",
            "2026-04-14T06:37:38Z", "2026-04-14T06:37:38Z"
        ),
        (
            "start_date=2025-04-14&end_date=2026-04-14", "2025-04-14T00:00:00Z",
            "2026-04-14T23:59:59Z"
        ),
        (
            "start_date=2026-04-14T06:37:38.9Z&end_date=2026-04-14T09:37:39.9%2B03:00",
            "2026-04-14T06:37:38Z", "2026-04-14T06:37:39Z"
        ),
    ])
    func `has a window in whole seconds`(query: String, from: String, to: String) throws {
        let filter = try call(query).filter
        #expect(DateTime.text(filter.from) == from)
        #expect(DateTime.text(filter.to) == to)
        #expect(filter.page == nil && filter.reports.isEmpty)
        #expect(filter.jurisdiction.rawValue == "sofia.example" && filter.stage == .production)
    }

    @Test(arguments: [
        (
            "start_date=2026-04-15&end_date=2026-04-14", "start_date is later than end_date"
        ),
        (
            "start_date=yesterday",
            "start_date is not a date and time such as 2026-04-14T06:37:38Z"
        ),
        ("end_date=0", "end_date is not a date and time such as 2026-04-14T06:37:38Z"),
        ("page=x", "page is not a whole number from 1 on"),
        ("page_size=0", "page_size is not a whole number from 1 on"),
        ("start_date=2026-01-01&start_date=2026-01-02", "start_date was given more than once"),
    ])
    func `a fault names what is wrong`(query: String, problem: String) throws {
        let fault = #expect(throws: Fault.self) { try call(query) }
        #expect(fault == Fault(.malformed, problem))
    }

    @Test(arguments: [
        ("page=1", 1000, 0), ("page=3&page_size=50", 50, 100), ("page_size=5000", 1000, 0),
        ("limit=10&offset=7", 10, 7), ("page=0&per_page=2", 2, 0),
    ])
    func `has a page only if one is asked for`(query: String, size: Int, offset: Int) throws {
        #expect(try call(query).filter.page == UpdateFilter.Page(size: size, offset: offset))
    }

    @Test func `may be about some reports`() throws {
        let filter = try call("service_request_id=A-1,B-2&service_request_id=A-1,%01").filter
        #expect(filter.reports == [Sample.report("A-1"), Sample.report("B-2")])
        let none = try call("service_request_id=17/3").filter
        #expect(none.reports.isEmpty && none.page?.size == 0, "not all reports")
    }

    @Test func `is shown as its client likes it`() throws {
        let call = try Calls.updates(
            Sample.parameters("locale=en"), in: Sample.sofia(), stage: .test,
            dialects: [.adapter], now: Sample.now)
        #expect(call.view.dialects == [.adapter])
        #expect(call.view.languages == [Sample.english])
    }
}

@Suite struct `A POST of an update` {
    static let complete =
        "service_request_id=sofia-7F3K2&update_id=88&status=FIXED"
        + "&updated_datetime=2026-04-16T12:00:00Z"

    static func client(_ scopes: Set<Client.Scope> = [.report, .update]) throws -> Client {
        Client(
            id: try #require(Client.ID(rawValue: "o311_4kTz9Q")), name: "FixMyStreet",
            scopes: scopes, created: Sample.now)
    }

    static func update(
        _ body: String, by scopes: Set<Client.Scope> = [.report, .update]
    ) throws -> UpdateCreation {
        try Calls.update(
            Parameters(query: nil, body: .form(Array(body.utf8))), in: Sample.sofia(),
            stage: .production, for: client(scopes), now: Sample.now)
    }

    static func fault(
        _ body: String, by scopes: Set<Client.Scope> = [.report, .update]
    ) throws -> Fault? {
        #expect(throws: Fault.self) { try update(body, by: scopes) }
    }

    @Test func `of FixMyStreet is read as it was meant`() throws {
        let creation = try Self.update(
            Self.complete + "&api_key=k&jurisdiction_id=sofia.example&service_code=STREETLIGHT"
                + "&description=%D0%97%D0%B0%D0%BF%D1%8A%D0%BB%D0%BD%D0%B5%D0%BD%D0%B0.%0D%0A2"
                + "&first_name=&last_name=-&email=a@b.example&title=MR&nsg_ref=1"
                + "&email_alerts_requested=FALSE&public_anonymity_required=TRUE"
                + "&service_request_id_ext=9&attribute[x]=y&media_url=http://a/1"
                + "&media_url=http://a/2&agency_responsible=X&expected_datetime=never"
                + "&parent_service_request_id=%2F&internal=true")
        let draft = creation.draft
        #expect(draft.report.rawValue == "sofia-7F3K2")
        #expect(draft.jurisdiction.rawValue == "sofia.example" && draft.stage == .production)
        #expect(draft.foreignID == "88")
        #expect(draft.detail == .fixed)
        #expect(draft.told == Sample.time("2026-04-16T12:00:00Z"))
        #expect(draft.description == "Запълнена.\n2")
        #expect(draft.author == Reporter(email: "a@b.example"))
        #expect(creation.addresses == ["http://a/1", "http://a/2"])
        #expect(draft.visibility == .public)
        #expect(draft.changes == Update.Draft.Changes(), "staff's members mean nothing from others")
    }

    @Test(arguments: [
        ("service_request_id", "service_request_id was not provided (required)"),
        ("update_id", "update_id was not provided (required)"),
        ("status", "status was not provided (required)"),
        ("updated_datetime", "updated_datetime was not provided (required)"),
    ])
    func `a missing part is named`(name: String, problem: String) throws {
        for value in ["", name + "=", name + "=+"] {
            let parts = Self.complete.split(separator: "&").filter { !$0.hasPrefix(name + "=") }
            let fault = try Self.fault((parts + [value[...]]).joined(separator: "&"))
            #expect(fault == Fault(.malformed, problem))
        }
    }

    @Test func `all that is wrong is told at once, in order`() throws {
        let fault = try Self.fault("email=x&media_url=y")
        #expect(
            fault?.problems == [
                "service_request_id was not provided (required)",
                "update_id was not provided (required)", "status was not provided (required)",
                "updated_datetime was not provided (required)", "email is not one e-mail address",
                "media_url is not an absolute http or https address of up to 2048 bytes",
            ])
    }

    @Test(arguments: [
        "IN_PROGRESS", "in progress", "in_progress", "In-Progress", "+IN_PROGRESS+",
    ])
    func `a status is read in any spelling`(status: String) throws {
        let body = Self.complete.replacing("FIXED", with: status.replacing(" ", with: "%20"))
        #expect(try Self.update(body).draft.detail == .inProgress)
    }

    @Test func `every word of the vocabulary is one`() throws {
        for detail in Detail.allCases {
            let body = Self.complete.replacing("FIXED", with: detail.rawValue)
            #expect(try Self.update(body).draft.detail == detail)
        }
        for word in ["UNCHANGED", "unchanged"] {
            let body = Self.complete.replacing("FIXED", with: word)
            #expect(try Self.update(body).draft.detail == nil)
        }
    }

    @Test(arguments: [
        "BOGUS", "FIXED,CLOSED", "OPEN_", "1", "ﬁxed", String(repeating: "é", count: 1000),
    ])
    func `another word is refused by name`(status: String) throws {
        let fault = try Self.fault(Self.complete.replacing("FIXED", with: status))
        #expect(fault?.status == 400)
        #expect(fault?.problems.count == 1)
        #expect(fault?.problems.first?.hasPrefix("status is none of OPEN, INVESTIGATING") == true)
    }

    @Test func `other spellings and wrong values`() throws {
        let aliased = Self.complete.replacing("update_id=", with: "update_id_ext=")
        #expect(try Self.update(aliased).draft.foreignID == "88")
        for (from, to, status, problem) in [
            ("sofia-7F3K2", "17/3", 404, "service_request_id was not found."),
            ("=88", "=%01", 400, "update_id is not 1 to 255 printable characters"),
            (
                "2026-04-16T12:00:00Z", "now", 400,
                "updated_datetime is not a date and time such as 2026-04-14T06:37:38Z"
            ),
        ] {
            let fault = try Self.fault(Self.complete.replacing(from, with: to))
            #expect(fault?.status == status && fault?.problems == [problem])
        }
        let ahead = Self.complete.replacing("2026-04-16T12", with: "2099-04-16T12")
        #expect(try Self.update(ahead).draft.told == Sample.now + 300, "D16")
        #expect(try Self.update(Self.complete).draft.description == nil)
    }

    @Test func `brings pictures as a report does`() throws {
        let items = try Parameters(query: Self.complete).all
        let file = Parameters.Item(
            name: "photo1", value: "", source: .file(contentType: "image/png", bytes: [1]))
        let creation = try Calls.update(
            Parameters(all: items + [file]), in: Sample.sofia(), stage: .production,
            for: Self.client(), now: Sample.now)
        #expect(creation.pictures.map { Array($0.bytes) } == [[1]])
    }
}

@Suite struct `An update by staff` {
    private typealias Post = `A POST of an update`

    private func update(_ rest: String, status: String = "IN_PROGRESS") throws -> Update.Draft {
        let body = Post.complete.replacing("FIXED", with: status) + rest
        return try Post.update(body, by: [.update, .staff]).draft
    }

    private func problems(_ rest: String, status: String = "IN_PROGRESS") throws -> [String]? {
        let body = Post.complete.replacing("FIXED", with: status) + rest
        return try Post.fault(body, by: [.update, .staff])?.problems
    }

    @Test func `moves and assigns a report`() throws {
        let changes = try update(
            "&service_code=STREETLIGHT&agency_responsible=Paths&expected_datetime=2026-04-30"
        ).changes
        #expect(changes.service == Sample.streetlight.code && changes.visibility == .public)
        #expect(changes.agency == "Paths")
        #expect(changes.expected == Sample.time("2026-04-30T23:59:59Z"))
        #expect(try problems("&service_code=NOPE")?.count == 1)
        #expect(try problems("&expected_datetime=soon")?.count == 1)
    }

    @Test func `merges a report into another one as its duplicate`() throws {
        let parent = "&parent_service_request_id=sofia-1"
        #expect(try update(parent, status: "DUPLICATE").changes.parent == Sample.report("sofia-1"))
        #expect(
            try problems(parent) == [
                "parent_service_request_id goes with the status DUPLICATE only"
            ])
        #expect(
            try problems("&parent_service_request_id=sofia-7F3K2", status: "DUPLICATE") == [
                "parent_service_request_id is the report itself"
            ])
        #expect(
            try problems("&parent_service_request_id=1", status: "DUPLICATE") == [
                "parent_service_request_id names no report"
            ])
    }

    @Test func `opens a report again only with a reason`() throws {
        #expect(
            try problems("", status: "REOPEN") == [
                "description was not provided (required with the status REOPEN)"
            ])
        #expect(try update("&description=again", status: "REOPEN").detail == .reopen)
        let citizen = try Post.update(Post.complete.replacing("FIXED", with: "REOPEN"))
        #expect(citizen.draft.detail == .reopen)
    }

    @Test func `may be a note that is text and changes nothing`() throws {
        let note = try update("&internal=true&description=n", status: "UNCHANGED")
        #expect(note.visibility == .private && note.description == "n" && note.detail == nil)
        #expect(try update("&internal=1&description=n", status: "").visibility == .private)
        #expect(
            try problems("&internal=true&agency_responsible=A&media_url=http://a/1") == [
                "description was not provided (required with internal)",
                "internal goes with the status UNCHANGED only",
                "internal does not go with changes of the report",
                "internal does not go with pictures, which are public",
            ])
    }
}
