import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Announcing {
        static let mitrovica = ChangeFilter(jurisdictions: [Sample.mitrovica.id])
        static let later = Sample.now.addingTimeInterval(60)

        @Test func `a report that is listed later is told when its time has come, once`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("1", Sample.draft(in: Sample.mitrovica))
                try await pool.tell(.supported, id)
                try await pool.settle()
                let early = try await store.changes(Self.mitrovica, after: nil, limit: 10)
                #expect(early.changes.isEmpty && early.isLast)
                #expect(
                    try await store.announceDue(now: Self.later.addingTimeInterval(-1)) == 0)
                let told = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<8 {
                        group.addTask { try await store.announceDue(now: Self.later) }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(told == 1)
                #expect(try await store.announceDue(now: Self.later) == 0)
                try await pool.settle()
                let page = try await store.changes(Self.mitrovica, after: early.next, limit: 10)
                #expect(page.changes.map(\.kind) == [.published])
                #expect(page.changes.map(\.report) == [id])
                #expect(page.changes.map(\.recorded) == [Self.later])
                // Who begins anew learns of it once as well.
                let anew = try await store.changes(Self.mitrovica, after: nil, limit: 10)
                #expect(anew.changes.map(\.kind) == [.supported, .published])
            }
        }

        @Test func `many are told in several steps, and each once`() async throws {
            try await withStore { store, pool in
                let history = (1...1201).map {
                    Sample.imported("b-\($0)", published: Sample.now.addingTimeInterval(60))
                }
                _ = try await store.take(history, now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM publication_due") == 1201)
                try await pool.settle()
                #expect(try await store.changes(.sofia, after: nil, limit: 10).changes.isEmpty)
                #expect(try await store.announceDue(now: Self.later) == 1201)
                #expect(try await pool.number("SELECT count(*) FROM publication_due") == 0)
                let count: SQL = """
                    SELECT count(DISTINCT report) FROM event
                    WHERE kind = 'published' AND octet_length(content) = 32
                    """
                #expect(try await pool.number(count) == 1201)
            }
        }

        @Test func `a report that became private before its time waits until it is public`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("1", Sample.draft(in: Sample.mitrovica))
                _ = try await pool.query("UPDATE report SET visibility = 'private'")
                try await pool.tell(.removed, id)
                #expect(try await store.announceDue(now: Self.later) == 0)
                try await pool.settle()
                // Nobody was told of it, so nobody is told that it is gone.
                let page = try await store.changes(Self.mitrovica, after: nil, limit: 10)
                #expect(page.changes.isEmpty)
                _ = try await pool.query("UPDATE report SET visibility = 'public'")
                #expect(try await store.announceDue(now: Self.later) == 1)
            }
        }

        @Test func `what is listed at once waits for nothing`() async throws {
            try await withStore { store, pool in
                _ = try await store.post("1")
                _ = try await store.post(
                    "2", Sample.draft(service: Sample.service("S", visibility: .private)))
                _ = try await store.take([Sample.imported("c-1")], now: Sample.now)
                #expect(try await pool.number("SELECT count(*) FROM publication_due") == 0)
            }
        }
    }
}
