import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Pictures {
        static let first = picture("1")
        static let second = picture("2", "png")
        static let third = picture("3", "webp")

        static func picture(_ digit: String, _ type: String = "jpg") -> StoredPicture {
            StoredPicture(
                name: Sample.name(String(repeating: digit, count: 32) + "." + type), bytes: 1000)
        }

        /// Reports with these pictures and addresses, and answers with the id.
        @discardableResult
        static func add(
            _ pictures: [StoredPicture] = [], addresses: [String] = [], service: Service? = nil,
            key: String = "k", to store: CaseStore
        ) async throws -> Report.ID {
            try await store.add(
                Sample.draft(service: service, pictures: pictures, addresses: addresses),
                by: Sample.client, idempotency: Sample.key(key), now: Sample.now
            ).receipt.id
        }

        static func report(_ id: Report.ID, in store: CaseStore) async throws -> Report {
            try #require(
                try await store.report(
                    id, in: Sample.sofia.id, stage: .production, now: Sample.now))
        }

        static func claim(
            _ store: CaseStore, after seconds: Double = 0, limit: Int = 10
        ) async throws -> [DuePicture] {
            try await store.duePictures(
                limit: limit, now: Sample.now.addingTimeInterval(seconds), lease: .seconds(60))
        }
    }
}

extension CaseStoreTests.Pictures {
    typealias Suite = CaseStoreTests

    @Test func `a report shows its stored pictures at once, in order, each once`() async throws {
        try await Suite.withStore { store, pool in
            let id = try await Self.add(
                [Self.second, Self.first, Self.second], addresses: ["https://a.example/1"],
                to: store)
            let report = try await Self.report(id, in: store)
            #expect(report.media == [Self.second, Self.first].map(\.name.rawValue))
            let content = try await pool.query("SELECT content FROM event").first
            var cells = try #require(content?.cells)
            #expect(try cells.next([UInt8].self) == report.content)
            let again = try await Self.add(
                [Self.second, Self.first], addresses: ["https://a.example/1"], to: store)
            #expect(again == id)
            #expect(try await pool.number("SELECT count(*) FROM media") == 3)
        }
    }

    @Test func `an address is claimed once, and again when the lease is over`() async throws {
        try await Suite.withStore { store, _ in
            try await Self.add(addresses: ["https://a.example/1"], to: store)
            let claims = try await [Self.claim(store), Self.claim(store, after: 59)]
            #expect(claims.map(\.count) == [1, 0])
            #expect(claims.first?.first?.source == "https://a.example/1")
            #expect(claims.first?.first?.attempts == 1)
            #expect(try await Self.claim(store, after: 60).first?.attempts == 2)
        }
    }

    @Test func `of many workers each gets other pictures`() async throws {
        try await Suite.withStore { store, _ in
            for number in 0..<4 {
                try await Self.add(
                    addresses: (0..<5).map { "https://a.example/\(number)/\($0)" },
                    key: "\(number)", to: store)
            }
            let claimed = try await withThrowingTaskGroup(of: [DuePicture].self) { group in
                for _ in 0..<10 {
                    group.addTask { try await Self.claim(store, limit: 4) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let rest = try await Self.claim(store, limit: 20)
            let ids = (claimed + rest).map(\.id)
            #expect(ids.count == 20)
            #expect(Set(ids).count == 20)
        }
    }

    @Test func `a fetched picture gets its place, and the change is an event`() async throws {
        try await Suite.withStore { store, pool in
            let id = try await Self.add(
                [Self.first], addresses: ["https://a.example/2", "https://a.example/3"],
                to: store)
            let due = try await Self.claim(store).sorted { $0.source < $1.source }
            let later = Sample.now.addingTimeInterval(5)
            for (picture, name) in zip(due, [Self.second, Self.third]).reversed() {
                let kept = try await store.keep(
                    picture.id, name: name.name, bytes: name.bytes, now: later)
                #expect(kept == .kept)
                let again = try await store.keep(
                    picture.id, name: Self.first.name, bytes: 1, now: later)
                #expect(again == .decided)
            }
            let report = try await Self.report(id, in: store)
            #expect(report.media == [Self.first, Self.second, Self.third].map(\.name.rawValue))
            #expect(report.updated == later)
            #expect(try await Self.claim(store, after: 1000).isEmpty)
            let told = try await pool.query(
                "SELECT content FROM event WHERE kind = 'pictured' ORDER BY id")
            #expect(told.count == 2)
            var contents: [[UInt8]] = []
            for row in told {
                var cells = row.cells
                contents.append(try cells.next())
            }
            #expect(contents.contains(report.content))
        }
    }

    @Test func `a fetched picture of an update is shown there, and not at its report`()
        async throws
    {
        try await Suite.withStore { store, pool in
            let id = try await Self.add(to: store)
            let rows = MediaRows(
                pictures: [Self.first], addresses: ["https://a.example/2"], by: Sample.client,
                now: Sample.now)
            _ = try await pool.query(
                """
                WITH told AS (
                    INSERT INTO "update" (
                        id, report, named, jurisdiction, stage, told, kind, detail, media, published)
                    VALUES (
                        'u-1', \(id.rawValue), \(id.rawValue), \(Sample.sofia.id.rawValue),
                        'production', \(Sample.now), 'comment', 'OPEN', \(rows.names),
                        \(Sample.now))
                    RETURNING id, report
                )\(rows.part(report: "told.report", update: "told.id", from: "told"))
                SELECT id FROM told
                """)
            #expect(try await store.shown([Self.first.name], now: Sample.now) == Self.first.name)
            let due = try #require(try await Self.claim(store).first)
            let kept = try await store.keep(
                due.id, name: Self.second.name, bytes: 9, now: Sample.now)
            #expect(kept == .kept)
            #expect(try await Self.report(id, in: store).media.isEmpty)
            let shown = try await pool.query("SELECT array_to_string(media, ' ') FROM \"update\"")
            var cells = try #require(shown.first?.cells)
            let names = [Self.first, Self.second].map(\.name.rawValue)
            #expect(try cells.next(String.self) == names.joined(separator: " "))
            let told: SQL = """
                SELECT count(*) FROM event WHERE kind = 'pictured' AND "update" = 'u-1'
                """
            #expect(try await pool.number(told) == 1)
        }
    }

    @Test func `a picture that came along and is fetched too is shown once`() async throws {
        try await Suite.withStore { store, _ in
            let id = try await Self.add(
                [Self.first], addresses: ["https://a.example/same"], to: store)
            let due = try #require(try await Self.claim(store).first)
            try await store.keep(due.id, name: Self.first.name, bytes: 9, now: Sample.now)
            #expect(try await Self.report(id, in: store).media == [Self.first.name.rawValue])
        }
    }

    @Test func `a postponed picture comes back, an abandoned one never`() async throws {
        try await Suite.withStore { store, pool in
            let id = try await Self.add(
                addresses: ["https://a.example/1", "https://a.example/2"], to: store)
            let due = try await Self.claim(store).sorted { $0.source < $1.source }
            try await store.postpone(due[0].id, until: Sample.now.addingTimeInterval(300))
            try await store.abandon(due[1].id)
            try await store.postpone(due[1].id, until: Sample.now)
            #expect(try await Self.claim(store, after: 299).isEmpty)
            #expect(try await Self.claim(store, after: 300).map(\.id) == [due[0].id])
            let late = try await store.keep(
                due[1].id, name: Self.first.name, bytes: 1, now: Sample.now)
            #expect(late == .decided)
            #expect(try await Self.report(id, in: store).media.isEmpty)
            #expect(try await pool.number("SELECT count(*) FROM media_quota") == 0)
        }
    }
}

extension CaseStoreTests.Pictures {
    @Test func `a client may bring so many bytes a day, and whoever is over it waits`()
        async throws
    {
        var settings = CaseStore.Settings()
        settings.pictureQuota = 3000
        try await Suite.withStore(settings: settings) { store, pool in
            try await store.charge(2500, to: Sample.client, now: Sample.now)
            await #expect(throws: CaseStoreError.quotaUsedUp) {
                try await store.charge(501, to: Sample.client, now: Sample.now)
            }
            try await store.charge(501, to: Sample.name("o311_other1"), now: Sample.now)
            try await Self.add(
                addresses: ["https://a.example/1", "https://a.example/2"], to: store)
            let due = try #require(try await Self.claim(store, limit: 1).first)
            try await store.keep(due.id, name: Self.first.name, bytes: 1000, now: Sample.now)
            #expect(try await Self.claim(store, after: 120).isEmpty, "all of the day is used")
            let tomorrow = Sample.now.addingTimeInterval(86_400)
            #expect(
                try await store.duePictures(limit: 9, now: tomorrow, lease: .seconds(9)).count
                    == 1)
            try await store.charge(3000, to: Sample.client, now: tomorrow)
            #expect(try await store.prune(now: tomorrow).quotas == 0)
            let later = Sample.now.addingTimeInterval(2 * 86_400)
            #expect(try await store.prune(now: later).quotas == 2)
        }
    }

    @Test func `parallel charges never exceed the quota together`() async throws {
        var settings = CaseStore.Settings()
        settings.pictureQuota = 1000
        try await Suite.withStore(settings: settings) { store, pool in
            let taken = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            try await store.charge(99, to: Sample.client, now: Sample.now)
                            return 1
                        } catch CaseStoreError.quotaUsedUp {
                            return 0
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(taken == 10)
            #expect(try await pool.number("SELECT bytes FROM media_quota") == 990)
        }
    }

    @Test func `a picture is shown as long as one report that names it is public`() async throws {
        try await Suite.withStore { store, pool in
            func isShown(after seconds: Double = 0) async throws -> Bool {
                let names = [Self.second, Self.first].map(\.name)
                let now = Sample.now.addingTimeInterval(seconds)
                let shown = try await store.shown(names, now: now)
                #expect(shown == nil || shown == Self.first.name)
                return shown != nil
            }
            let hidden = Sample.service("HIDDEN", visibility: .private)
            try await Self.add([Self.first], service: hidden, key: "1", to: store)
            #expect(try await !isShown())
            let id = try await Self.add([Self.first], key: "2", to: store)
            #expect(try await isShown())
            #expect(try await !isShown(after: -1), "not published yet")
            _ = try await pool.query(
                "UPDATE report SET visibility = 'private' WHERE id = \(id.rawValue)")
            #expect(try await !isShown())
        }
    }

    @Test func `files that nothing names are told apart`() async throws {
        try await Suite.withStore { store, _ in
            try await Self.add(
                [Self.first, Self.second], addresses: ["https://a.example/3"], to: store)
            let digests = [Self.third, Self.first, Self.second].map(\.name.digest)
            #expect(try await store.unreferenced(digests) == [Self.third.name.digest])
            #expect(try await store.unreferenced([]).isEmpty)
            let stored = try await store.storedPictures(limit: 1)
            #expect(stored == [Self.first.name])
            #expect(
                try await store.storedPictures(after: Self.first.name, limit: 9)
                    == [Self.second.name])
        }
    }
}
