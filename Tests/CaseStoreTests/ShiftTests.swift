import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Shifting {
        @Test func `events from before the feed have the order of their times`() async throws {
            try await TestDatabase.withPool { pool in
                let migrations = CaseStore.migrations
                let feed = try #require(migrations.firstIndex { $0.name == "m0004-changes" })
                _ = try await Migrator.migrate(Array(migrations[..<feed]), on: pool)
                try await pool.run(
                    script: """
                        INSERT INTO jurisdiction VALUES
                            ('sofia.example', 'sofia', sha256('x'), '2026-01-01 00:00:00Z');
                        INSERT INTO report (id, jurisdiction, stage, service, status, requested,
                            updated, channel, visibility, published)
                        SELECT 'r-' || n, 'sofia.example', 'production', 'POTHOLE', 'open',
                            '2026-04-01 00:00:00Z', '2026-04-01 00:00:00Z', 'open311', 'public',
                            timestamptz '2026-04-01 00:00:00Z'
                                + CASE WHEN n = 3 THEN interval '1 hour' ELSE '0' END
                        FROM generate_series(1, 3) AS n;
                        INSERT INTO event (id, report, kind, actor, recorded, path, content)
                        SELECT gen_random_uuid(), 'r-' || n, 'created', 'client',
                            timestamptz '2026-04-01 00:00:00Z' + (3 - n) * interval '1 s',
                            ARRAY['sofia.example'], sha256('x')
                        FROM generate_series(1, 3) AS n
                        """)
                let store = CaseStore(sealing: pool)
                try await store.migrate()
                let old = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(old.changes.map(\.report.rawValue) == ["r-2", "r-1"])
                #expect(old.isLast)
                // The one that was listed later than it was taken is told by the next sweep.
                #expect(try await store.announceDue(now: Sample.now) == 1)
                try await pool.settle()
                let new = try await store.changes(.sofia, after: old.next, limit: 10)
                #expect(new.changes.map(\.report.rawValue) == ["r-3"])
                await #expect(throws: PostgresError.refused(state: "P0001")) {
                    try await pool.query("UPDATE event SET actor = 'system'")
                }
            }
        }

        @Test func `where nothing happened nothing is shifted`() async throws {
            try await withStore { store, pool in
                _ = try await store.post("1")
                #expect(try await !store.settleShift())
                try await store.migrate()
                #expect(try await pool.number("SELECT shift FROM change_shift") == 0)
            }
        }

        static let restored: [SQL] = [
            // The numbers of transactions in the backup are higher than those of this server.
            """
            INSERT INTO event (id, report, kind, actor, recorded, path, content, transaction)
            SELECT gen_random_uuid(), id, 'supported', 'client', now(), ARRAY['a'], sha256('x'),
                5000000000
            FROM report
            """,
            // The backup is another server's, or of this one before it was set back.
            "UPDATE change_shift SET home = '7000000000000000000/00000001'",
        ]

        @Test(arguments: restored)
        func `after a restore the order goes on, and old cursors stay valid`(
            damage: SQL
        ) async throws {
            try await withStore { store, pool in
                _ = try await store.post("1")
                _ = try await pool.query(damage)
                // How far a follower may have been, also beyond what the backup holds.
                let old = ChangeCursor(transaction: 6_000_000_000, sequence: 77)
                let moved = try await withThrowingTaskGroup(of: Bool.self) { group -> Int in
                    for _ in 0..<3 { group.addTask { try await store.settleShift() } }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(moved == 1)
                let id = try await store.post("2")
                try await pool.settle()
                let page = try await store.changes(.sofia, after: old, limit: 10)
                #expect(page.changes.map(\.report) == [id])
                let all = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(all.changes.last == page.changes.last)
                #expect(all.changes.count == (try await pool.number("SELECT count(*) FROM event")))
                #expect(try await !store.settleShift())
                // And again, as a backup of the restored one may be restored.
                _ = try await pool.query("UPDATE change_shift SET home = 'elsewhere'")
                #expect(try await store.settleShift())
                let next = try await store.post("3")
                try await pool.settle()
                let last = try await store.changes(.sofia, after: page.next, limit: 10)
                #expect(last.changes.map(\.report) == [next])
            }
        }
    }
}
