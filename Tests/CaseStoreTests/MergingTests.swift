import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Merging {
        /// Adds reports `0`, `1`, … and merges each into the one before it.
        static func chain(_ length: Int, in store: CaseStore) async throws -> [Report.ID] {
            var ids: [Report.ID] = []
            for index in 0..<length {
                ids.append(try await Sample.report("c\(index)", to: store))
                guard index > 0 else { continue }
                _ = try await store.told(
                    link(ids[index], to: ids[index - 1]), by: .operator)
            }
            return ids
        }

        static func link(_ child: Report.ID, to parent: Report.ID) -> Update.Draft {
            Sample.update(
                "link to \(parent)", of: child, .duplicate, changes: .init(parent: parent))
        }

        @Test func `an update of a merged report goes to the survivor, however long the chain`()
            async throws
        {
            try await withStore { store, _ in
                let ids = try await Self.chain(3, in: store)
                let merged = try await store.found(ids[2])
                #expect(merged.parent == ids[1])
                #expect(merged.status == .closed)
                #expect(merged.statusNotes == ids[1].rawValue)
                let draft = Sample.update("u", of: ids[2], told: 90, .inProgress, text: "We dig")
                let id = try await store.told(draft, at: 90)
                #expect(try await store.told(draft, at: 95) == id)
                #expect(try await store.found(ids[2]) == merged)
                #expect(try await store.found(ids[0]).detail == .inProgress)
                #expect(try await store.heard(from: 90, to: 90).map(\.report) == [ids[0]])
            }
        }

        @Test func `closing the parent tells all children, once, and they stay duplicates`()
            async throws
        {
            try await withStore { store, pool in
                let ids = try await Self.chain(3, in: store)
                let alone = try await Sample.report("alone", to: store)
                let closing = Sample.update("c", of: ids[0], told: 90, .fixed, text: "Done")
                let id = try await store.told(closing, at: 90)
                #expect(try await store.told(closing, at: 95) == id)
                let heard = try await store.heard(from: 90, to: 90)
                #expect(Set(heard.map(\.report)) == Set(ids))
                #expect(heard.count == 3)
                #expect(heard.allSatisfy { $0.published == Sample.now.addingTimeInterval(90) })
                for child in ids.dropFirst() {
                    let found = try await store.found(child)
                    #expect(found.detail == .duplicate)
                    #expect(found.statusNotes == "\(ids[0]): Done")
                    #expect(found.updated == Sample.now.addingTimeInterval(90))
                    #expect(heard.first { $0.report == child }?.description == "\(ids[0]): Done")
                    #expect(heard.first { $0.report == child }?.detail == .duplicate)
                }
                #expect(try await store.found(alone).updated == Sample.now)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE actor = 'system'") == 2)
                // Opened and closed again, it is told again; a comment is not.
                _ = try await store.told(Sample.update("o", of: ids[0], told: 91, .reopen), at: 91)
                _ = try await store.told(
                    Sample.update("k", of: ids[0], told: 92, text: "Hm"), at: 92)
                #expect(try await store.heard(from: 91, to: 92).count == 2)
                _ = try await store.told(Sample.update("f", of: ids[0], told: 93, .fixed), at: 93)
                #expect(try await store.heard(from: 93).count == 3)
            }
        }

        @Test func `a report is merged neither into itself nor into one of its duplicates`()
            async throws
        {
            try await withStore { store, pool in
                let ids = try await Self.chain(3, in: store)
                let secret = try await Sample.report(
                    "p", service: Sample.service("ABUSE", visibility: .private), to: store)
                let elsewhere = try await Sample.report("m", in: Sample.mitrovica, to: store)
                let unfit = ids + [secret, elsewhere, Sample.name("sofia-0")]
                let before = try await pool.number("SELECT count(*) FROM event")
                for parent in unfit {
                    let answer = try await store.publish(
                        Self.link(ids[0], to: parent), by: Sample.client, actor: .operator,
                        now: Sample.now)
                    #expect(answer == .unfitParent, "\(parent)")
                }
                #expect(try await pool.number("SELECT count(*) FROM event") == before)
                #expect(try await store.found(ids[0]).parent == nil)
            }
        }

        @Test func `of merges at once none closes a circle`() async throws {
            try await withStore { store, pool in
                var ids: [Report.ID] = []
                for index in 0..<4 {
                    ids.append(try await Sample.report("c\(index)", to: store))
                }
                let pairs = ids.flatMap { child in ids.map { (child, $0) } }
                try await withThrowingTaskGroup(of: PublishedUpdate.self) { group in
                    for (child, parent) in pairs {
                        group.addTask {
                            try await store.publish(
                                Self.link(child, to: parent), by: Sample.client, actor: .operator,
                                now: Sample.now)
                        }
                    }
                    for try await _ in group {}
                }
                let survivors = try await pool.number(
                    "SELECT count(*) FROM report WHERE parent IS NULL")
                #expect(survivors == 1)
                #expect(
                    try await pool.number(
                        """
                        WITH RECURSIVE below AS (
                            SELECT id FROM report WHERE parent IS NULL
                            UNION ALL
                            SELECT report.id FROM below JOIN report ON report.parent = below.id
                        )
                        SELECT count(*) FROM below
                        """) == 4)
            }
        }

        @Test func `staff who open a duplicate again part it from its parent`() async throws {
            try await withStore { store, _ in
                let ids = try await Self.chain(2, in: store)
                _ = try await store.told(
                    Sample.update("r", of: ids[1], told: 90, .reopen, text: "Another hole"),
                    by: .operator, at: 90)
                let parted = try await store.found(ids[1])
                #expect(parted.parent == nil)
                #expect(parted.status == .open)
                #expect(parted.updated == Sample.now.addingTimeInterval(90))
                _ = try await store.told(Sample.update("f", of: ids[0], told: 91, .fixed), at: 91)
                #expect(try await store.heard(from: 91).map(\.report) == [ids[0]])
                #expect(
                    try await store.notes(of: [ids[1]])[ids[1]]?.map(\.kind)
                        == [.opened, .duplicate, .reopened])
            }
        }

        @Test func `what is told to many duplicates at once ends`() async throws {
            try await withStore { store, _ in
                let parent = try await Sample.report("parent", to: store)
                var children: [Report.ID] = []
                for index in 0..<8 {
                    let child = try await Sample.report("c\(index)", to: store)
                    _ = try await store.told(Self.link(child, to: parent), by: .operator)
                    children.append(child)
                }
                let subjects = children
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, child) in subjects.enumerated() {
                        group.addTask {
                            let detail: Detail = index.isMultiple(of: 2) ? .fixed : .reopen
                            _ = try await store.told(
                                Sample.update(
                                    "x\(index)", of: child, told: TimeInterval(100 + index), detail),
                                at: 120)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await store.found(parent).detail == .reopen)
                #expect(try await store.heard(from: 120, of: [parent]).count == 8)
            }
        }
    }
}
