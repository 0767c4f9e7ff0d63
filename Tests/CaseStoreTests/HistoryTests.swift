import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct TakingHistory {
        @Test func `history is taken once, however often it comes`() async throws {
            try await withStore { store, pool in
                let history = (0..<1200).map { number in
                    Sample.imported(
                        "A-\(number)", description: "Nr. \(number)",
                        media: number % 2 == 0 ? ["https://a.example/\(number).jpg"] : [],
                        answers: number % 3 == 0
                            ? [Answer(code: Sample.name("Q"), values: ["\(number)", "\"x\""])]
                            : [])
                }
                let first = try await store.take(history, now: Sample.now)
                #expect(first.first == .added(Sample.name("A-0")))
                #expect(first.allSatisfy { if case .added = $0 { true } else { false } })
                let second = try await store.take(history, now: Sample.now)
                #expect(second.allSatisfy { if case .unchanged = $0 { true } else { false } })
                #expect(try await pool.number("SELECT count(*) FROM report") == 1200)
                #expect(try await pool.number("SELECT count(*) FROM event") == 1200)
                let found = try await store.report(
                    Sample.name("A-6"), in: Sample.sofia.id, stage: .production, now: Sample.now)
                #expect(found?.media == ["https://a.example/6.jpg"])
                #expect(found?.answers.first?.values == ["6", "\"x\""])
                #expect(found?.channel == "import")
            }
        }

        @Test(arguments: ["JOB_7", "DEFECT_7", "7", "a/b"])
        func `a number that a client would misread is no public id`(number: String) async throws {
            try await withStore { store, _ in
                let outcomes = try await store.take([Sample.imported(number)], now: Sample.now)
                guard case .added(let id) = outcomes.first else {
                    Issue.record("not added: \(outcomes)")
                    return
                }
                #expect(id.rawValue.hasPrefix("sofia-"))
                let again = try await store.take([Sample.imported(number)], now: Sample.now)
                #expect(again == [.unchanged(id)])
            }
        }

        @Test func `two reports under one number are two reports, however often they come`()
            async throws
        {
            try await withStore { store, pool in
                let history = [
                    Sample.imported("A-1", requested: "2026-04-10T10:00:00Z"),
                    Sample.imported("A-1", service: "LIGHT", requested: "2026-04-10T10:00:19Z"),
                ]
                let first = try await store.take(history, now: Sample.now)
                #expect(first.first == .added(Sample.name("A-1")))
                guard case .added(let other) = first.last else {
                    Issue.record("not added: \(first)")
                    return
                }
                #expect(other.rawValue.hasPrefix("sofia-"))
                let second = try await store.take(history, now: Sample.now)
                #expect(second == [.unchanged(Sample.name("A-1")), .unchanged(other)])
                #expect(try await pool.number("SELECT count(*) FROM report") == 2)
            }
        }

        @Test func `what was told to us after the source's last change stays`() async throws {
            try await withStore { store, _ in
                let id: Report.ID = Sample.name("A-1")
                _ = try await store.take(
                    [Sample.imported("A-1", status: .closed, detail: .fixed, statusNotes: "Old")],
                    now: Sample.now)
                // Told with a time before the source's closing: it changes nothing.
                _ = try await store.told(Sample.update("1", of: id, told: -1_000_000, .open))
                #expect(try await store.found(id).detail == .fixed)
                _ = try await store.told(
                    Sample.update(
                        "2", of: id, told: 60, .reopen, text: "Again",
                        changes: .init(service: Sample.name("GRAFFITI"), visibility: .private)))
                let stays = try await store.take(
                    [Sample.imported("A-1", status: .closed, detail: .closed, title: "New")],
                    now: Sample.now)
                #expect(stays == [.corrected(id)])
                let kept = try await store.pool.number(
                    """
                    SELECT count(*) FROM report
                    WHERE id = 'A-1' AND title = 'New' AND status = 'open' AND detail = 'REOPEN'
                        AND status_notes = 'Again' AND visibility = 'private'
                        AND updated = \(Sample.now.addingTimeInterval(60))
                    """)
                #expect(kept == 1)
                _ = try await store.take(
                    [
                        Sample.imported(
                            "A-1", status: .closed, statusNotes: "Done",
                            updated: "2026-04-21T00:00:00Z")
                    ], now: Sample.now)
                let moved = try await store.pool.number(
                    """
                    SELECT count(*) FROM report
                    WHERE id = 'A-1' AND status = 'closed' AND status_notes = 'Done'
                        AND standing_time IS NULL AND visibility = 'private'
                    """)
                #expect(moved == 1)
            }
        }

        @Test func `history that came closed says so in its notes`() async throws {
            try await withStore { store, _ in
                let id: Report.ID = Sample.name("A-1")
                _ = try await store.take(
                    [
                        Sample.imported(
                            "A-1", status: .closed, detail: .fixed, statusNotes: "Done",
                            updated: "2026-04-15T10:00:00Z")
                    ], now: Sample.now)
                let notes = try await store.notes(of: [id])[id]
                #expect(notes?.map(\.kind) == [.opened, .closed])
                #expect(notes?.last?.description == "Done")
                #expect(notes?.last?.time == Sample.time("2026-04-15T10:00:00Z"))
                _ = try await store.told(Sample.update(of: id, told: 60, text: "Thanks"))
                #expect(
                    try await store.notes(of: [id])[id]?.map(\.kind)
                        == [.opened, .closed, .comment])
            }
        }

        @Test func `what the source changed is corrected, with an event, and stays listed`()
            async throws
        {
            try await withStore { store, pool in
                _ = try await store.take(
                    [Sample.imported("1"), Sample.imported("B")], now: Sample.now)
                var changed = Sample.imported("B", status: .closed, description: nil)
                changed.media = ["https://a.example/b.jpg"]
                changed.published = Sample.now.addingTimeInterval(9)
                let outcomes = try await store.take(
                    [Sample.imported("1"), changed], now: Sample.now)
                #expect(outcomes.last == .corrected(Sample.name("B")))
                guard case .unchanged = outcomes.first else {
                    Issue.record("unchanged: \(outcomes)")
                    return
                }
                let found = try await store.report(
                    Sample.name("B"), in: Sample.sofia.id, stage: .production, now: Sample.now)
                #expect(found?.status == .closed)
                #expect(found?.description == nil)
                #expect(found?.media == ["https://a.example/b.jpg"])
                #expect(found?.published == Sample.time("2026-04-10T10:00:00Z"))
                let events = try await pool.number(
                    "SELECT count(*) FROM event WHERE report = 'B' AND kind = 'corrected'")
                #expect(events == 1)
            }
        }

        @Test func `a source's number becomes the id if it can be one and is free`()
            async throws
        {
            try await withStore { store, _ in
                let outcomes = try await store.take(
                    [
                        Sample.imported("A-1"), Sample.imported("173480"),
                        Sample.imported("Straße 5"),
                        Sample.imported("A-1", in: Sample.mitrovica, service: "TRASH"),
                    ], now: Sample.now)
                let ids = outcomes.compactMap { outcome -> String? in
                    if case .added(let id) = outcome { id.rawValue } else { nil }
                }
                #expect(ids.count == 4)
                #expect(ids[0] == "A-1")
                #expect(ids[1].hasPrefix("sofia-"))
                #expect(ids[2].hasPrefix("sofia-"))
                #expect(ids[3].hasPrefix("mitrovica-"))
                let again = try await store.take(
                    [Sample.imported("173480"), Sample.imported("Straße 5")], now: Sample.now)
                #expect(
                    again == [.unchanged(Sample.name(ids[1])), .unchanged(Sample.name(ids[2]))])
            }
        }

        @Test func `our own export taken back in changes nothing`() async throws {
            try await withStore { store, pool in
                let added = try await store.add(
                    Sample.draft(), by: Sample.client, idempotency: Sample.key("k"),
                    now: Sample.now)
                let outcomes = try await store.take(
                    [Sample.imported(added.receipt.id.rawValue)], now: Sample.now)
                #expect(outcomes == [.unchanged(added.receipt.id)])
                #expect(try await pool.number("SELECT count(*) FROM report") == 1)
            }
        }

        @Test func `a bad row is refused alone`() async throws {
            try await withStore { store, pool in
                var history = (0..<40).map { Sample.imported("R\($0)") }
                history[3] = Sample.imported("")
                history[5] = Sample.imported("R5", requested: "1969-12-31T23:59:59Z")
                history[7] = Sample.imported("R7", description: "a\u{0}b")
                history[9].expected = Date.distantFuture
                history[11] = Sample.imported("R12")
                // Passes what we look at before, so that the database has to say no.
                _ = try await pool.query(
                    "ALTER TABLE report ADD CONSTRAINT no_twenty CHECK (source_id <> 'R20')")
                let outcomes = try await store.take(history, now: Sample.now)
                #expect(outcomes.count == 40)
                #expect(outcomes[3] == .refused(.sourceID))
                #expect(outcomes[5] == .refused(.date))
                #expect(outcomes[7] == .refused(.text))
                #expect(outcomes[9] == .refused(.date))
                #expect(outcomes[12] == .unchanged(Sample.name("R12")))
                #expect(outcomes[20] == .refused(.rule("no_twenty")))
                #expect(try await pool.number("SELECT count(*) FROM report") == 34)
            }
        }

        @Test func `two imports at once take each row once`() async throws {
            try await withStore { store, pool in
                let history = (0..<700).map { Sample.imported("N\($0)") }
                try await withThrowingTaskGroup(of: [Taken].self) { group in
                    for _ in 0..<2 {
                        group.addTask { try await store.take(history, now: Sample.now) }
                    }
                    var added = 0
                    for try await outcomes in group {
                        added += outcomes.count { if case .added = $0 { true } else { false } }
                    }
                    #expect(added == 700)
                }
                #expect(try await pool.number("SELECT count(*) FROM report") == 700)
            }
        }

        @Test func `an export streams what is public, in pieces`() async throws {
            try await withStore { store, _ in
                let history =
                    (0..<1100).map { Sample.imported("E\($0)") }
                    + [Sample.imported("secret", visibility: .private)]
                _ = try await store.take(history, now: Sample.now)
                var ids: Set<Report.ID> = []
                var pieces: [Int] = []
                try await store.export(Sample.filter(), now: Sample.now, batch: 300) { piece in
                    pieces.append(piece.count)
                    ids.formUnion(try piece.values().map(\.id))
                }
                #expect(pieces == [300, 300, 300, 200])
                #expect(ids.count == 1100)
                struct Enough: Error {}
                await #expect(throws: Enough.self) {
                    try await store.export(Sample.filter(), now: Sample.now, batch: 10) { _ in
                        throw Enough()
                    }
                }
            }
        }
    }
}
