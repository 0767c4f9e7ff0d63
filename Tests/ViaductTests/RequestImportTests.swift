import CaseStore
import DatabaseKit
import Foundation
import GeoReport
import Reports
import Synchronization
import Testing

@testable import viaduct

@Suite struct RequestImportTests {
    private static let now = Date(timeIntervalSince1970: 1_790_000_000)

    private static let json = """
        [{"service_request_id":"S-1","status":"open","service_code":"POTHOLE","description":"a\\r\\nb",
          "requested_datetime":"2026-01-01T10:00:00+02:00","lat":"42.69","long":23.32},
         {"service_request_id":"S-2","status":"open","service_code":"POTHOLE","lat":"north","long":1,
          "requested_datetime":"2026-01-01T10:00:00Z"},
         {"service_request_id":"S-3","status":"CLOSED","service_code":"009","service_name":"Schrott",
          "requested_datetime":"2026-01-02T10:00:00Z","updated_datetime":"2026-01-03T10:00:00Z"},
         {"service_request_id":"S-3","status":"open","service_code":"009","service_name":"Schrott",
          "requested_datetime":"2026-01-02T10:00:00Z","updated_datetime":"2026-01-02T10:00:00Z"}]
        """

    private static let xml = """
        <?xml version="1.0"?><service_requests><request><service_request_id>S-1</service_request_id>
        <status>open</status><service_code>POTHOLE</service_code><description>c</description>
        <requested_datetime>2026-01-01T08:00:00Z</requested_datetime><lat>42.69</lat><long>23.32</long>
        </request><request><status>open</status></request></service_requests>
        """

    private static let csv = """
        service_request_id,requested_datetime,updated_datetime,closed_date,status_description,service_name
        S-5,2026-02-01T00:00:00Z,2026-02-02T00:00:00Z,2026-02-02T00:00:00Z,closed,Счупен тротоар
        S-6,yesterday,,,open,Счупен тротоар
        S-7,2026-02-01T00:00:00Z,,,open,
        """

    @Test func `history comes in once, and bad rows stop nobody`() async throws {
        let space = try Workspace([
            "a.json": Self.json, "b.xml": Self.xml, "c.csv": Self.csv,
        ])
        let sofia = try sofia()
        try await TestDatabase.withPool { pool in
            var settings = CaseStore.Settings()
            settings.sealer = Sealer(.made())
            let store = CaseStore(pool: pool, settings: settings)
            try await store.migrate()
            _ = try await store.publish(try Catalogue([sofia]), now: Self.now)

            let first = try await take(space.path("a.json"), sofia, store)
            #expect(first.summary == .init(added: 2, bad: 2))
            #expect(
                first.complaints == [
                    "row 2: lat is not a number",
                    "row 4: row 3 has the same service_request_id and counts",
                ])
            let again = try await take(space.path("a.json"), sofia, store)
            #expect(again.summary == .init(unchanged: 2, bad: 2))

            let corrected = try await take(space.path("b.xml"), sofia, store)
            #expect(corrected.summary == .init(corrected: 1, bad: 1))
            #expect(corrected.complaints == ["row 2: service_request_id is missing"])

            let bulk = try await take(space.path("c.csv"), sofia, store)
            #expect(bulk.summary == .init(added: 1, bad: 2))
            #expect(
                bulk.complaints == [
                    "row 3: requested_datetime is not a date and time",
                    "row 4: service_code and service_name are missing",
                ])

            let id = try #require(Report.ID(rawValue: "S-5"))
            let report = try await store.report(
                id, in: sofia.id, stage: .production, now: Self.now)
            #expect(report?.service.rawValue == "SIDEWALK")
            #expect(report?.status == .closed)
            #expect(report?.updated == Date(timeIntervalSince1970: 1_769_990_400))
        }
    }

    @Test func `a key is made, listed and taken away`() async throws {
        let sofia = try sofia()
        try await TestDatabase.withPool { pool in
            let store = CaseStore(pool: pool)
            try await store.migrate()
            let profile = Client.Profile(absent: .compact, created: .created)
            let key = try await store.key(
                named: "App", for: [sofia.id], profile: profile, now: Self.now)
            #expect(Key(parsing: key.secret) == key)
            let client = try #require(try await store.client(of: key.secret))
            #expect(client.profile == profile)
            #expect(client.may(.report, in: sofia.id))
            let table = KeyListCommand.table(try await store.keys(), now: Self.now)
            #expect(table.contains(client.id.rawValue))
            #expect(!table.contains(key.secret))
            #expect(table.contains("compact,201"))
            #expect(try await store.revoke(client.id, now: Self.now))
            #expect(try await store.client(of: key.secret) == nil)
            let after = KeyListCommand.table(try await store.keys(), now: Self.now)
            #expect(after.contains("revoked"))
        }
    }

    @Test(arguments: [
        ("http://c.example/r.json", "http://c.example/r.json?page=2&page_size=50"),
        ("http://c.example/r.json?a=b", "http://c.example/r.json?a=b&page=2&page_size=50"),
        ("http://c.example/r.json?per_page=9", "http://c.example/r.json?per_page=9&page=2"),
        ("http://c.example/r.json?page=7&limit=1", "http://c.example/r.json?page=7&limit=1"),
    ])
    func `pages are asked for as the operator's address allows`(address: String, page: String) {
        #expect(RequestImport.address(address, page: 2, size: 50) == page)
    }

    @Test(arguments: [
        ("a.csv", "{", Format.csv), ("a", " <", .xml), ("a", "\u{FEFF}[", .json),
        ("a", "id,x", .csv), ("http://c.example/r.xml?x=.json", "", .xml),
    ])
    func `a format shows by its suffix, or by how it begins`(
        name: String, text: String, format: Format
    ) {
        #expect(ImportSource(name).format(of: Array(text.utf8)) == format)
    }

    @Test func `progress is a bar for people and a line for logs`() {
        #expect(
            Progress.bar("Importing", 620, of: 2000)
                == "Importing  [######--------------]  31 %  620 of 2000")
        #expect(Progress.line("Importing", 620, of: nil) == "Importing: 620")
    }

    private func sofia() throws -> Jurisdiction {
        try #require(JurisdictionFile.read(Examples.path + "/jurisdictions/sofia.yaml").0)
            .jurisdiction
    }

    private func take(
        _ file: String, _ jurisdiction: Jurisdiction, _ store: CaseStore
    ) async throws -> (summary: RequestImport.Summary, complaints: [String]) {
        let complaints = Complaints()
        let work = RequestImport(
            into: store, jurisdiction: jurisdiction, source: "test",
            progress: Progress("Importing", isWatched: false), complain: { complaints.add($0) })
        try await work.take(file: file, now: Self.now)
        return (await work.summary, complaints.all)
    }

    private final class Complaints: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
