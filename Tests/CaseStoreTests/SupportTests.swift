import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Supporting {
        static func support(
            _ id: Report.ID, by reporter: Reporter, client: Client.ID = Sample.client,
            in store: CaseStore
        ) async throws -> Supported {
            try await store.support(
                id, in: Sample.sofia.id, stage: .production,
                by: #require(Supporter(reporter)), client: client, now: Sample.now)
        }

        @Test func `a person counts once, by any name that they gave`() async throws {
            try await withStore { store, pool in
                let id = try await Sample.report(to: store)
                let steps: [(Reporter, Supported)] = [
                    (Reporter(email: "a@example.org", deviceID: "d1"), .counted(1)),
                    (Reporter(email: " A@Example.org "), .already(1)),
                    (Reporter(deviceID: "d1"), .already(1)),
                    (Reporter(deviceID: "d2"), .counted(2)),
                    // Known by the device, and from now on by the account too.
                    (Reporter(deviceID: "d2", accountID: "9"), .already(2)),
                    (Reporter(accountID: "9"), .already(2)),
                    (Reporter(email: "d1"), .counted(3)),
                ]
                for (reporter, answer) in steps {
                    #expect(try await Self.support(id, by: reporter, in: store) == answer)
                }
                // A device's number is its client's own.
                let other = try await Self.support(
                    id, by: Reporter(deviceID: "d1"), client: Sample.name("other"), in: store)
                #expect(other == .counted(4))
                let found = try await store.found(id)
                #expect(found.supports == 4)
                #expect(found.updated == Sample.now)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE kind = 'supported'")
                        == 4)
            }
        }

        @Test func `in parallel everybody counts once`() async throws {
            try await withStore { store, _ in
                let id = try await Sample.report(to: store)
                let answers = try await withThrowingTaskGroup(of: Supported.self) { group in
                    for turn in 0..<60 {
                        group.addTask {
                            try await Self.support(
                                id, by: Reporter(email: "p\(turn % 10)@example.org"), in: store)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let counted = answers.compactMap { answer in
                    if case .counted(let number) = answer { number } else { nil }
                }
                #expect(counted.sorted() == Array(1...10))
                #expect(try await store.found(id).supports == 10)
            }
        }

        @Test func `who supports a report is stored nowhere in the clear`() async throws {
            try await withStore { store, pool in
                let id = try await Sample.report(to: store)
                let second = try await Sample.report("s", to: store)
                for report in [id, second] {
                    _ = try await Self.support(report, by: Privacy.reporter, in: store)
                }
                let tables = try await pool.query(
                    """
                    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                    WHERE schemaname IN ('public', 'contact')
                    """)
                for row in tables {
                    var cells = row.cells
                    let table = try cells.next(String.self)
                    let found = try await pool.number(
                        SQL(
                            verbatim:
                                "SELECT count(*) FROM \(table) AS r WHERE r::text LIKE '%canary%'"))
                    #expect(found == 0, "\(table)")
                }
                // Nor can it be seen who supports two reports.
                let persons = try await pool.number(
                    "SELECT count(DISTINCT person) FROM contact.supporter")
                #expect(persons == 6)
            }
        }

        @Test func `support goes to the survivor, and to nothing that the public cannot see`()
            async throws
        {
            try await withStore { store, _ in
                let ids = try await Merging.chain(2, in: store)
                let ivan = Reporter(email: "ivan@example.org")
                #expect(try await Self.support(ids[1], by: ivan, in: store) == .counted(1))
                #expect(try await Self.support(ids[0], by: ivan, in: store) == .already(1))
                #expect(try await store.found(ids[0]).supports == 1)
                let secret = try await Sample.report(
                    "p", service: Sample.service("ABUSE", visibility: .private), to: store)
                let elsewhere = try await Sample.report("m", in: Sample.mitrovica, to: store)
                for id in [secret, elsewhere, Sample.name("sofia-0")] {
                    #expect(try await Self.support(id, by: ivan, in: store) == .unknownReport)
                }
            }
        }

        @Test func `nobody is no supporter, and none of them prints`() {
            #expect(Supporter(Reporter(firstName: "Ivan", phone: "1")) == nil)
            #expect(Supporter(email: " ") == nil)
            #expect(Supporter(email: "a@b").map { "\($0)" } == "•••")
        }
    }

    @Suite struct Candidates {
        @Test func `open reports around a place come nearest first, with their distance`()
            async throws
        {
            try await withStore { store, _ in
                let here = Sample.coordinate(42.7, 23.3)
                // 0.001 degrees of latitude are 111.2 m.
                let offsets = ["far": 0.004, "near": 0.001, "mid": 0.002, "out": 0.01]
                for (name, offset) in offsets {
                    let place = Sample.place(Sample.coordinate(42.7 + offset, 23.3))
                    _ = try await Sample.report(name, place: place, to: store)
                }
                let closed = try await Sample.report(
                    "closed", place: Sample.place(here), to: store)
                _ = try await store.told(Sample.update(of: closed, .fixed))
                _ = try await Sample.report(
                    "private", service: Sample.service("ABUSE", visibility: .private),
                    place: Sample.place(here), to: store)
                let graffiti = try await Sample.report(
                    "graffiti", service: Sample.service("GRAFFITI"),
                    place: Sample.place(Sample.coordinate(42.703, 23.3)), to: store)
                func candidates(
                    _ service: Service.Code? = nil, limit: Int = 10
                ) async throws -> [Candidate] {
                    try await store.candidates(
                        near: here, radius: 500, service: service, in: Sample.sofia.id,
                        stage: .production, limit: limit, now: Sample.now)
                }
                let all = try await candidates()
                #expect(all.map { Int($0.distance.rounded()) } == [111, 222, 334, 445])
                #expect(try await candidates(limit: 2) == Array(all.prefix(2)))
                #expect(
                    try await candidates(Sample.name("GRAFFITI")).map(\.report.id) == [graffiti])
            }
        }

        @Test func `pages by distance hold each report once`() async throws {
            try await withStore { store, _ in
                for index in 0..<9 {
                    // Three at each distance.
                    let place = Sample.coordinate(42.7 + 0.001 * Double(index / 3), 23.3)
                    _ = try await Sample.report(
                        "\(index)", place: Sample.place(place), to: store)
                }
                for direction: ReportFilter.Sort.Direction in [.ascending, .descending] {
                    var filter = Sample.filter {
                        $0.circle = Circle(center: Sample.coordinate(42.7, 23.3), radius: 1000)
                    }
                    filter.sort = .init(key: .distance, direction: direction)
                    let all = try await store.reports(filter, now: Sample.now).reports
                    var paged: [Report] = []
                    filter.page.size = 2
                    while true {
                        let page = try await store.reports(filter, now: Sample.now)
                        paged += page.reports
                        guard let next = page.next else { break }
                        filter.page.start = .after(next)
                    }
                    #expect(paged == all)
                    let latitudes = all.compactMap(\.coordinate?.latitude)
                    #expect(latitudes.count == 9)
                    #expect(
                        latitudes
                            == (direction == .ascending
                                ? latitudes.sorted() : latitudes.sorted(by: >)))
                }
            }
        }
    }
}
