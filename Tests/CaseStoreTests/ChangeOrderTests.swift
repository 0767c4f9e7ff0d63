import DatabaseKit
import Foundation
import Postgres
import Reports
import Synchronization
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct ChangeOrder {
        /// Ids in the order in which one reader got them.
        actor Log {
            private(set) var ids: [UUID] = []
            func append(_ more: [UUID]) { ids += more }
        }

        /// When the writers are through.
        final class End: Sendable {
            private let flag = Atomic(false)
            var hasCome: Bool { flag.load(ordering: .acquiring) }
            func come() { flag.store(true, ordering: .releasing) }
        }

        @Test
        func
            `readers miss nothing while transactions commit in any order, and a naive cursor does`()
            async throws
        {
            try await TestDatabase.withPool(connections: 16, transactions: 2) { pool in
                let store = CaseStore(sealing: pool)
                try await store.migrate()
                _ = try await store.publish(Sample.catalogue(), now: Sample.now)
                // Transactions last up to 30 ms after the event has its place.
                try await pool.run(
                    script: """
                        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN
                            PERFORM pg_sleep(random() * 0.03);
                            RETURN NEW;
                        END $$;
                        CREATE TRIGGER dawdle BEFORE INSERT ON event
                        FOR EACH ROW EXECUTE FUNCTION dawdle()
                        """)
                let logs = (0..<3).map { _ in Log() }
                let naive = Log()
                let end = End()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for log in logs {
                        group.addTask { try await Self.follow(store, pool, into: log, until: end) }
                    }
                    group.addTask { try await Self.followNaively(pool, into: naive, until: end) }
                    try await Self.write(to: store, for: .seconds(10))
                    end.come()
                    try await group.waitForAll()
                }
                let written = try await Self.ids(in: pool)
                #expect(written.count > 500)
                for log in logs {
                    let read = await log.ids
                    #expect(Set(written).subtracting(read).isEmpty, "missed")
                    #expect(read.count == Set(read).count, "repeated")
                    #expect(read == written)
                }
                let missed = Set(written).subtracting(await naive.ids).count
                #expect(missed > 0, "the test would not notice a cursor that misses changes")
            }
        }

        /// Six writers that each write one report after the other.
        static func write(to store: CaseStore, for duration: Duration) async throws {
            let end = ContinuousClock.now + duration
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<6 {
                    group.addTask {
                        var number = 0
                        while ContinuousClock.now < end {
                            number += 1
                            _ = try await store.post("\(writer)-\(number)", now: Date())
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        static func follow(
            _ store: CaseStore, _ pool: Pool, into log: Log, until end: End
        ) async throws {
            var cursor: ChangeCursor?
            while true {
                let wasOver = end.hasCome
                if wasOver { try await pool.settle() }
                let page = try await store.changes(
                    ChangeFilter(jurisdictions: nil), after: cursor, limit: 50)
                await log.append(page.changes.map(\.event.uuid))
                cursor = page.next
                if wasOver, page.isLast { return }
                if page.isLast { try await Task.sleep(for: .milliseconds(10)) }
            }
        }

        /// What one would write first: everything with a higher id than the last one.
        static func followNaively(
            _ pool: Pool, into log: Log, until end: End
        ) async throws {
            var last = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
            while true {
                let wasOver = end.hasCome
                let rows = try await pool.query(
                    "SELECT id FROM event WHERE id > \(last) ORDER BY id LIMIT 50")
                var page: [UUID] = []
                for row in rows {
                    var cells = row.cells
                    page.append(try cells.next())
                }
                await log.append(page)
                last = page.last ?? last
                if wasOver, page.isEmpty { return }
                if page.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            }
        }

        static func ids(in pool: Pool) async throws -> [UUID] {
            var ids: [UUID] = []
            for row in try await pool.query("SELECT id FROM event ORDER BY transaction, sequence") {
                var cells = row.cells
                ids.append(try cells.next())
            }
            return ids
        }
    }
}
