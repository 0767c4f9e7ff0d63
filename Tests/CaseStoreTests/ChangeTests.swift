import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Changes {
        @Test func `changes are told in the order of their transactions, each once`() async throws {
            try await withStore { store, pool in
                var ids: [Report.ID] = []
                for number in 1...5 { ids.append(try await store.post("\(number)")) }
                try await pool.tell(.supported, ids[1])
                try await pool.settle()
                let all = try await store.changes(.sofia, after: nil, limit: 1000)
                #expect(all.isLast)
                #expect(all.changes.map(\.report) == ids + [ids[1]])
                #expect(
                    all.changes.map(\.kind) == Array(repeating: .created, count: 5) + [.supported])
                #expect(all.changes.map(\.status) == Array(repeating: .open, count: 5) + [nil])
                #expect(all.changes.map(\.cursor) == all.changes.map(\.cursor).sorted())
                #expect(all.next == all.changes.last?.cursor)
                #expect(try await store.newestChange() == all.next)

                // The same two by two, with the cursor as a client carries it.
                var followed: [Change] = []
                var cursor: ChangeCursor?
                while true {
                    let page = try await store.changes(.sofia, after: cursor, limit: 2)
                    followed += page.changes
                    cursor = ChangeCursor(parsing: page.next.text)
                    if page.isLast { break }
                }
                #expect(followed == all.changes)
                let none = try await store.changes(.sofia, after: cursor, limit: 2)
                #expect(none == ChangePage(changes: [], next: all.next, isLast: true))
            }
        }

        @Test func `an empty feed has a cursor that finds what comes`() async throws {
            try await withStore { store, pool in
                let empty = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(empty == ChangePage(changes: [], next: .beginning, isLast: true))
                #expect(try await store.newestChange() == .beginning)
                let id = try await store.post("1")
                try await pool.settle()
                let page = try await store.changes(.sofia, after: empty.next, limit: 10)
                #expect(page.changes.map(\.report) == [id])
            }
        }

        @Test func `a change is told only when no older transaction can add one before it`()
            async throws
        {
            try await withStore { store, pool in
                let (opened, closed) = (Gate(), Gate())
                let older = Task {
                    try await pool.transaction { transaction async throws(PostgresError) in
                        _ = try await transaction.query("SELECT pg_current_xact_id()")
                        await opened.open()
                        await closed.wait()
                        _ = try await transaction.query(
                            Pool.event(.supported, of: "(SELECT min(id) FROM report)"))
                    }
                }
                await opened.wait()
                let id = try await store.post("1")
                let early = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(early.changes.isEmpty)
                await closed.open()
                try await older.value
                try await pool.settle()
                let page = try await store.changes(.sofia, after: early.next, limit: 10)
                // The older transaction wrote later, and still comes first.
                #expect(page.changes.map(\.kind) == [.supported, .created])
                #expect(page.changes.map(\.report) == [id, id])
            }
        }

        @Test
        func
            `of another jurisdiction, stage, service or kind nothing is told, and the cursor goes on`()
            async throws
        {
            try await withStore { store, pool in
                let sofia = try await store.post("1")
                let test = try await store.post("2", Sample.draft(stage: .test))
                let graffiti = try await store.post(
                    "3", Sample.draft(service: Sample.sofia.services[1]))
                try await pool.tell(.supported, sofia)
                try await pool.settle()
                func reports(_ filter: ChangeFilter) async throws -> [Report.ID] {
                    let page = try await store.changes(filter, after: nil, limit: 10)
                    #expect(page.isLast)
                    #expect(try await page.next == store.newestChange())
                    return page.changes.map(\.report)
                }
                #expect(try await reports(.sofia) == [sofia, graffiti, sofia])
                #expect(try await reports(ChangeFilter(jurisdictions: nil)).count == 3)
                #expect(try await reports(ChangeFilter(jurisdictions: [])).isEmpty)
                #expect(
                    try await reports(ChangeFilter(jurisdictions: [Sample.mitrovica.id])).isEmpty)
                #expect(try await reports(ChangeFilter(jurisdictions: nil, stage: .test)) == [test])
                var filter = ChangeFilter.sofia
                filter.services = [Sample.name("GRAFFITI")]
                #expect(try await reports(filter) == [graffiti])
                filter = .sofia
                filter.kinds = [.supported]
                #expect(try await reports(filter) == [sofia])
            }
        }

        @Test
        func `an update is told with where it left the report, and a move to all who may see it`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("1")
                let updates: [(detail: Detail?, service: String?)] = [
                    (.inProgress, nil), (nil, "GRAFFITI"), (.fixed, nil),
                ]
                var told: [Update.ID?] = [nil]
                for (number, update) in updates.enumerated() {
                    let service = update.service.flatMap(Service.Code.init(rawValue:))
                    let changes = Update.Draft.Changes(service: service)
                    told.append(
                        try await store.update(
                            id, update.detail, changes,
                            told: Sample.now.addingTimeInterval(Double(number))))
                }
                try await pool.settle()
                let page = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(page.changes.map(\.update) == told)
                #expect(page.changes.map(\.status) == [.open, .open, .open, .closed])
                #expect(page.changes.map(\.detail) == [nil, .inProgress, .inProgress, .fixed])
                var left = ChangeFilter.sofia
                left.services = [Sample.name("POTHOLE")]
                let moves = try await store.changes(left, after: nil, limit: 10)
                #expect(moves.changes.map(\.update) == [told[2]])
            }
        }

        @Test func `a search past many others' changes ends, and goes on where it ended`()
            async throws
        {
            try await withStore { store, pool in
                let first = try await store.post("1")
                _ = try await pool.query(
                    """
                    INSERT INTO event (id, report, kind, actor, recorded, path, content)
                    SELECT gen_random_uuid(), \(first.rawValue), 'supported', 'client', now(),
                        ARRAY['a'], sha256('x')
                    FROM generate_series(1, 40000)
                    """)
                let last = try await store.post(
                    "2", Sample.draft(service: Sample.sofia.services[1]))
                try await pool.settle()
                var filter = ChangeFilter.sofia
                filter.services = [Sample.name("GRAFFITI")]
                let page = try await store.changes(filter, after: nil, limit: 10)
                #expect(page.changes.isEmpty && !page.isLast)
                let rest = try await store.changes(filter, after: page.next, limit: 10)
                #expect(rest.changes.map(\.report) == [last])
                #expect(rest.isLast)
            }
        }
    }

    @Suite struct ChangePrivacy {
        @Test func `private reports and internal notes are never told to the public`() async throws
        {
            try await withStore { store, pool in
                let secret = Sample.service("SECRET", visibility: .private)
                let hidden = try await store.post("1", Sample.draft(service: secret))
                let shown = try await store.post("2")
                for kind in [Event.Kind.noted, .supported] {
                    try await pool.tell(kind, hidden)
                    try await pool.tell(kind, shown)
                }
                try await pool.settle()
                let page = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(page.changes.map(\.report) == [shown, shown])
                #expect(page.changes.map(\.kind) == [.created, .supported])
                var staff = ChangeFilter.sofia
                staff.audience = .staff
                let more = try await store.changes(staff, after: nil, limit: 10)
                #expect(more.changes.map(\.report) == [shown, shown, shown])
                #expect(more.changes.map(\.kind) == [.created, .noted, .supported])
            }
        }

        @Test func `of a report that became private only its end is told, whatever is asked`()
            async throws
        {
            try await withStore { store, pool in
                let id = try await store.post("1")
                try await pool.settle()
                let before = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(before.changes.map(\.kind) == [.created])
                let secret = Update.Draft.Changes(
                    service: Sample.name("SECRET"), visibility: .private)
                _ = try await store.update(id, nil, secret)
                try await pool.tell(.supported, id)
                try await pool.settle()
                var narrow = ChangeFilter.sofia
                narrow.services = [Sample.name("POTHOLE")]
                narrow.kinds = [.created]
                for filter in [ChangeFilter.sofia, narrow] {
                    let after = try await store.changes(filter, after: before.next, limit: 10)
                    #expect(after.changes.map(\.kind) == [.removed])
                    let anew = try await store.changes(filter, after: nil, limit: 10)
                    #expect(anew.changes.map(\.kind) == [.removed])
                    #expect(anew.changes.map(\.report) == [id])
                    #expect(anew.changes.first?.status == nil)
                }
            }
        }

        @Test func `history that turns private is told as gone`() async throws {
            try await withStore { store, pool in
                let taken = try await store.take([Sample.imported("a-1")], now: Sample.now)
                let later = Sample.now.addingTimeInterval(60)
                _ = try await store.take(
                    [Sample.imported("a-1", description: "Larger")], now: later)
                try await pool.settle()
                let open = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(open.changes.map(\.kind) == [.imported, .corrected])
                _ = try await store.take(
                    [Sample.imported("a-1", visibility: .private)], now: later)
                try await pool.settle()
                let page = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(page.changes.map(\.kind) == [.removed])
                #expect(taken == [.added(Sample.name("a-1"))])
                // The source may take that back; what was told before is told again.
                _ = try await store.take([Sample.imported("a-1")], now: later)
                try await pool.settle()
                let again = try await store.changes(.sofia, after: page.next, limit: 10)
                #expect(again.changes.map(\.kind) == [.corrected])
            }
        }

        @Test func `what somebody made private here stays so, whatever its source says`()
            async throws
        {
            try await withStore { store, pool in
                _ = try await store.take([Sample.imported("a-1")], now: Sample.now)
                let secret = Update.Draft.Changes(
                    service: Sample.name("SECRET"), visibility: .private)
                _ = try await store.update(Sample.name("a-1"), nil, secret)
                let later = Sample.now.addingTimeInterval(60)
                _ = try await store.take(
                    [Sample.imported("a-1", description: "Larger")], now: later)
                try await pool.settle()
                let page = try await store.changes(.sofia, after: nil, limit: 10)
                #expect(page.changes.map(\.kind) == [.removed])
            }
        }
    }
}

/// A door that one task opens and others wait at.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func wait() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}

extension ChangeFilter {
    static let sofia = ChangeFilter(jurisdictions: [Sample.sofia.id])
}

extension CaseStore {
    /// Takes a report in, named by a key of the test's.
    func post(
        _ key: String, _ draft: Report.Draft = Sample.draft(), now: Date = Sample.now
    ) async throws -> Report.ID {
        try await add(draft, by: Sample.client, idempotency: Sample.key(key), now: now).receipt.id
    }

    /// Publishes an update by a member of staff, each under another number of theirs.
    func update(
        _ report: Report.ID, _ detail: Detail?, _ changes: Update.Draft.Changes,
        told: Date = Sample.now
    ) async throws -> Update.ID? {
        let draft = Update.Draft(
            report: report, jurisdiction: Sample.sofia.id, stage: .production,
            foreignID: UUID().uuidString, told: told, detail: detail, changes: changes)
        let published = try await publish(
            draft, by: Sample.client, actor: .client, now: Sample.now)
        guard case .published(let id) = published else { return nil }
        return id
    }
}

extension Pool {
    /// Writes an event of a report, which the first part names.
    static func event(_ kind: Event.Kind, of report: SQL) -> SQL {
        """
        INSERT INTO event (id, report, kind, actor, recorded, path, content)
        VALUES (gen_random_uuid(), \(report), \(kind.rawValue), 'system', \(Sample.now),
            ARRAY['a'], sha256('x'))
        """
    }

    func tell(_ kind: Event.Kind, _ report: Report.ID) async throws {
        _ = try await query(Self.event(kind, of: "\(report.rawValue)"))
    }

    /// Waits until no transaction of the server could still add something before what is there:
    /// other tests write in other databases.
    func settle() async throws {
        while try await number(
            """
            SELECT (transaction >= \(ChangeSearch.settled))::integer FROM event
            ORDER BY transaction DESC LIMIT 1
            """) == 1
        {
            await Task.yield()
        }
    }
}
