import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Searching {
        /// Five reports with names that say where they stand in time, one of them private, one not
        /// published yet and one of the test stage.
        static let history: [ImportedReport] = [
            Sample.imported(
                "a1", status: .closed, detail: .fixed, statusNotes: "Закърпена 100%",
                description: "Дупка до спирката", agency: "Roads",
                requested: "2026-04-10T10:00:00Z", updated: "2026-04-15T10:00:00Z",
                coordinate: Sample.coordinate(42.70, 23.30)),
            Sample.imported(
                "a2", service: "GRAFFITI", description: "Grafit në mur",
                requested: "2026-04-11T10:00:00Z", address: "Rruga_1",
                coordinate: Sample.coordinate(42.71, 23.30)),
            Sample.imported(
                "a3", title: "Back\\slash", requested: "2026-04-11T10:00:00Z",
                coordinate: Sample.coordinate(42.80, 23.50)),
            Sample.imported(
                "a4", description: "Cafe\u{301}", agency: "Parks",
                requested: "2026-04-12T10:00:00Z"),
            Sample.imported(
                "p1", description: "Дупка тайна", requested: "2026-04-12T11:00:00Z",
                coordinate: Sample.coordinate(42.70, 23.30), visibility: .private),
            Sample.imported(
                "u1", requested: "2026-04-12T12:00:00Z",
                published: Sample.now.addingTimeInterval(1)),
            Sample.imported("n1", requested: "2026-04-12T12:00:00Z", published: nil),
            Sample.imported("t1", stage: .test, requested: "2026-04-12T12:00:00Z"),
            Sample.imported("m1", in: Sample.mitrovica, service: "TRASH"),
        ]

        static func withHistory(_ body: (CaseStore, Pool) async throws -> Void) async throws {
            try await withStore { store, pool in
                _ = try await store.take(history, now: Sample.now)
                try await body(store, pool)
            }
        }

        struct Case: Sendable, CustomTestStringConvertible {
            let sentence: String
            let filter: ReportFilter
            let ids: [String]

            init(_ sentence: String, _ ids: [String], _ filter: ReportFilter) {
                self.sentence = sentence
                self.filter = filter
                self.ids = ids
            }

            var testDescription: String { sentence }
        }

        static func box(_ south: Double, _ west: Double, _ north: Double, _ east: Double) -> Box? {
            Box(
                southWest: Sample.coordinate(south, west),
                northEast: Sample.coordinate(north, east))
        }

        static func sorted(
            _ key: ReportFilter.Sort.Key, _ direction: ReportFilter.Sort.Direction
        ) -> ReportFilter {
            var filter = Sample.filter()
            filter.sort = ReportFilter.Sort(key: key, direction: direction)
            return filter
        }

        static func named(_ ids: [String]) -> ReportFilter {
            ReportFilter(jurisdiction: Sample.sofia.id, scope: .ids(ids.map { Sample.name($0) }))
        }

        static let cases: [Case] = [
            Case("newest first, then by id", ["a4", "a3", "a2", "a1"], Sample.filter()),
            Case("oldest first", ["a1", "a2", "a3", "a4"], sorted(.requested, .ascending)),
            Case("last changed first", ["a1", "a4", "a3", "a2"], sorted(.updated, .descending)),
            Case("by id", ["a1", "a2", "a3", "a4"], sorted(.id, .ascending)),
            Case(
                "both ends of a window belong to it", ["a4", "a3", "a2"],
                Sample.filter {
                    $0.requestedFrom = Sample.time("2026-04-11T10:00:00Z")
                        .addingTimeInterval(0.9)
                    $0.requestedTo = Sample.time("2026-04-12T10:00:00Z")
                }),
            Case(
                "a second earlier the end does not", ["a3", "a2"],
                Sample.filter {
                    $0.requestedFrom = Sample.time("2026-04-11T10:00:00Z")
                    $0.requestedTo = Sample.time("2026-04-12T09:59:59Z")
                }),
            Case(
                "by change", ["a1"],
                Sample.filter {
                    $0.updatedFrom = Sample.time("2026-04-15T10:00:00Z")
                    $0.updatedTo = Sample.time("2026-04-15T10:00:00Z")
                }),
            Case(
                "reported or first listed in a window", ["a4", "a3", "a2", "a1"],
                Sample.filter {
                    $0.requestedFrom = Sample.time("2026-04-10T10:00:00Z")
                    $0.requestedTo = Sample.time("2026-04-10T10:00:00Z")
                    $0.windowBasis = .requestedOrPublished
                }),
            Case(
                "neither in another", ["a4"],
                Sample.filter {
                    $0.requestedFrom = Sample.time("2026-04-11T10:00:01Z")
                    $0.windowBasis = .requestedOrPublished
                }),
            Case("open", ["a4", "a3", "a2"], Sample.filter { $0.status = .open }),
            Case("detail", ["a1"], Sample.filter { $0.details = [.fixed, .planned] }),
            Case("one code", ["a2"], Sample.filter { $0.services = [Sample.name("GRAFFITI")] }),
            Case(
                "several codes, one unknown", ["a4", "a3", "a2", "a1"],
                Sample.filter {
                    $0.services = ["POTHOLE", "NONE", "GRAFFITI"].map { Sample.name($0) }
                }),
            Case("an unknown code", [], Sample.filter { $0.services = [Sample.name("NONE")] }),
            Case("agencies", ["a4", "a1"], Sample.filter { $0.agencies = ["Roads", "Parks"] }),
            Case("text in any case, Cyrillic", ["a1"], Sample.filter { $0.text = "ДУПКА" }),
            Case("text in any case, Albanian", ["a2"], Sample.filter { $0.text = "NË MUR" }),
            Case("text of the status", ["a1"], Sample.filter { $0.text = "закърпена" }),
            Case("a per cent sign is itself", ["a1"], Sample.filter { $0.text = "100%" }),
            Case("and only itself", [], Sample.filter { $0.text = "1%0" }),
            Case("also below an accent", [], Sample.filter { $0.text = "a%\u{301}" }),
            Case("an underscore is itself", ["a2"], Sample.filter { $0.text = "rruga_1" }),
            Case("a backslash is itself", ["a3"], Sample.filter { $0.text = "back\\s" }),
            Case(
                "text or a service of that name", ["a2", "a1"],
                Sample.filter {
                    $0.text = "дупка"
                    $0.servicesNamedByText = [Sample.name("GRAFFITI")]
                }),
            Case(
                "within a circle", ["a2", "a1"],
                Sample.filter {
                    $0.circle = Circle(center: Sample.coordinate(42.70, 23.30), radius: 1112)
                }),
            Case(
                "within a smaller one", ["a1"],
                Sample.filter {
                    $0.circle = Circle(center: Sample.coordinate(42.70, 23.30), radius: 1111)
                }),
            Case(
                "the border of a box belongs to it", ["a2", "a1"],
                Sample.filter { $0.box = box(42.70, 23.30, 42.71, 23.30) }),
            Case("ids in the order asked", ["a3", "a1"], named(["a3", "zz", "a1", "a3"])),
            Case("no id of another stage or city", [], named(["t1", "m1", "p1", "u1", "n1"])),
        ]

        @Test func `searches answer with exactly these`() async throws {
            try await Self.withHistory { store, _ in
                for search in Self.cases {
                    var filter = search.filter
                    filter.total = .counted
                    let page = try await store.reports(filter, now: Sample.now)
                    #expect(
                        page.reports.map(\.id.rawValue) == search.ids, "\(search.sentence)")
                    #expect(page.total == search.ids.count, "\(search.sentence)")
                    #expect(page.next == nil, "\(search.sentence)")
                }
            }
        }

        @Test func `pages by bookmark hold each report once, also while others are added`()
            async throws
        {
            let sorts: [ReportFilter.Sort] = [
                .init(), .init(key: .requested, direction: .ascending),
                .init(key: .updated, direction: .descending),
                .init(key: .id, direction: .descending),
            ]
            try await withStore { store, _ in
                let history = (0..<40).map { number in
                    Sample.imported("r\(number)", requested: "2026-04-1\(number % 3)T10:00:00Z")
                }
                _ = try await store.take(history, now: Sample.now)
                var added = 0
                for sort in sorts {
                    var filter = Sample.filter()
                    filter.sort = sort
                    filter.page.size = 7
                    var seen: [String] = []
                    while true {
                        let page = try await store.reports(filter, now: Sample.now)
                        seen += page.reports.map(\.id.rawValue)
                        guard let next = page.next else { break }
                        filter.page.start = .after(next)
                        added += 1
                        let extra = Sample.imported("x\(added)", requested: "2026-04-11T10:00:00Z")
                        _ = try await store.take([extra], now: Sample.now)
                    }
                    #expect(seen.filter { $0.hasPrefix("r") }.count == 40, "\(sort)")
                    #expect(Set(seen).count == seen.count, "\(sort)")
                }
            }
        }

        @Test func `a page tells the total when it costs nothing, and counts when asked`()
            async throws
        {
            try await Self.withHistory { store, _ in
                var filter = Sample.filter()
                filter.page = ReportFilter.Page(size: 3, start: .offset(1))
                let last = try await store.reports(filter, now: Sample.now)
                #expect(last.reports.map(\.id.rawValue) == ["a3", "a2", "a1"])
                #expect(last.total == 4)
                #expect(last.next == nil)
                filter.page.size = 2
                let first = try await store.reports(filter, now: Sample.now)
                #expect(first.total == nil)
                #expect(first.next?.id.rawValue == "a2")
                filter.total = .counted
                #expect(try await store.reports(filter, now: Sample.now).total == 4)
                filter.page.start = .offset(10)
                let beyond = try await store.reports(filter, now: Sample.now)
                #expect(beyond.reports.isEmpty)
                #expect(beyond.total == 4)
                filter.page = ReportFilter.Page(size: 1000, start: .offset(900))
                #expect(try await store.reports(filter, now: Sample.now).total == 4)
            }
        }

        @Test func `named reports are paged too`() async throws {
            try await Self.withHistory { store, _ in
                var filter = Self.named(["a3", "a1", "a4"])
                filter.page.size = 2
                let first = try await store.reports(filter, now: Sample.now)
                #expect(first.reports.map(\.id.rawValue) == ["a3", "a1"])
                #expect(first.total == 3)
                let next = try #require(first.next)
                filter.page.start = .after(next)
                let second = try await store.reports(filter, now: Sample.now)
                #expect(second.reports.map(\.id.rawValue) == ["a4"])
                #expect(second.next == nil)
            }
        }

        @Test func `a private report is never found, an unpublished one by its id only`()
            async throws
        {
            try await Self.withHistory { store, _ in
                let cases: [(String, Stage, Bool)] = [
                    ("p1", .production, false), ("u1", .production, true),
                    ("n1", .production, true), ("t1", .production, false), ("t1", .test, true),
                    ("m1", .production, false),
                ]
                for (id, stage, isFound) in cases {
                    let report = try await store.report(
                        Sample.name(id), in: Sample.sofia.id, stage: stage, now: Sample.now)
                    #expect((report != nil) == isFound, "\(id)")
                }
            }
        }

        @Test func `thirty hostile texts are only texts`() async throws {
            try await Self.withHistory { store, pool in
                let hostile = [
                    "' OR 1=1 --", "'; DROP TABLE report; --", "\\'; SELECT pg_sleep(9)--",
                    "$1", "$2", "%' OR '%'='", "') OR ('1'='1",
                    "x' UNION SELECT email FROM contact",
                    "\"", "\\", "%", "_", "{}", "{\"a\":1}", "E'\\\\'", "/* */", "--", ";", "||",
                    "::text", "\u{2019}", "NULL", "true", "ARRAY[1]", "{a,b}", "a\nb", "\t",
                    "chr(39)", "0x27", "COPY report TO PROGRAM 'id'",
                ]
                for text in hostile {
                    let page = try await store.reports(
                        Sample.filter {
                            $0.text = text
                            $0.agencies = [text]
                        }, now: Sample.now)
                    #expect(page.reports.isEmpty, "\(text)")
                }
                #expect(try await pool.number("SELECT count(*) FROM report") == 9)
            }
        }

        @Test func `a circle across the antimeridian and at a pole finds its points`()
            async throws
        {
            try await withStore { store, _ in
                _ = try await store.take(
                    [
                        Sample.imported("east", coordinate: Sample.coordinate(0, 179.999)),
                        Sample.imported("west", coordinate: Sample.coordinate(0, -179.999)),
                        Sample.imported("pole", coordinate: Sample.coordinate(89.999, 90)),
                    ], now: Sample.now)
                func found(_ latitude: Double, _ longitude: Double) async throws -> [String] {
                    var filter = Sample.filter {
                        $0.circle = Circle(
                            center: Sample.coordinate(latitude, longitude), radius: 500)
                    }
                    filter.sort = ReportFilter.Sort(key: .id, direction: .ascending)
                    return try await store.reports(filter, now: Sample.now).reports
                        .map(\.id.rawValue)
                }
                #expect(try await found(0, 180) == ["east", "west"])
                #expect(try await found(0, -180) == ["east", "west"])
                #expect(try await found(90, 0) == ["pole"])
            }
        }

        @Test func `one plan serves all searches for the newest reports`() async throws {
            try await TestDatabase.withPool(connections: 1, transactions: 1) { pool in
                let store = CaseStore(sealing: pool)
                try await store.migrate()
                _ = try await store.publish(Sample.catalogue(), now: Sample.now)
                let history = (0..<2000).map { number in
                    Sample.imported("r\(number)", requested: "2026-04-1\(number % 9)T10:00:00Z")
                }
                _ = try await store.take(history, now: Sample.now)
                _ = try await pool.query("ANALYZE report")
                var filter = Sample.filter {
                    $0.requestedFrom = Sample.time("2026-04-01T00:00:00Z")
                }
                filter.page.size = 50
                for _ in 0..<10 { _ = try await store.reports(filter, now: Sample.now) }
                let generic = try await pool.number(
                    """
                    SELECT sum(generic_plans)::bigint FROM pg_prepared_statements
                    WHERE statement LIKE '%LIMIT 51)%' OR statement LIKE '%LIMIT 51\n%'
                    """)
                #expect(generic >= 5)
            }
        }
    }
}
