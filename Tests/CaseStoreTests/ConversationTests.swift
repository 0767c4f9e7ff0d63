import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension Sample {
    /// Adds an open report and gives its id.
    static func report(
        _ key: String = "r", in jurisdiction: Jurisdiction = sofia, service: Service? = nil,
        place: Place = place(), to store: CaseStore
    ) async throws -> Report.ID {
        try await store.add(
            draft(in: jurisdiction, service: service, place: place), by: client,
            idempotency: Sample.key(key), now: now
        ).receipt.id
    }

    /// An update that was told `seconds` after the beginning.
    static func update(
        _ foreignID: String = "1", of report: Report.ID, in jurisdiction: Jurisdiction = sofia,
        told seconds: TimeInterval = 60, _ detail: Detail? = nil, text: String? = nil,
        visibility: Visibility = .public, changes: Update.Draft.Changes = .init(),
        author: Reporter = Reporter()
    ) -> Update.Draft {
        Update.Draft(
            report: report, jurisdiction: jurisdiction.id, stage: .production,
            foreignID: foreignID, told: now.addingTimeInterval(seconds), detail: detail,
            description: text, visibility: visibility, changes: changes, author: author)
    }
}

extension PublishedUpdate {
    /// The id, if the update was taken, now or before.
    var id: Update.ID? {
        switch self {
        case .published(let id), .repeated(let id), .proposed(let id): id
        case .unknownReport, .unfitParent, .unknownOrigin: nil
        }
    }
}

extension CaseStore {
    /// Publishes `seconds` after the beginning and gives the id.
    func told(
        _ draft: Update.Draft, by actor: Event.Actor = .client, at seconds: TimeInterval = 60
    ) async throws -> Update.ID {
        try await #require(
            publish(
                draft, by: Sample.client, actor: actor, now: Sample.now.addingTimeInterval(seconds)
            ).id)
    }

    /// The updates of a window that ends with its reading, both in seconds after the beginning;
    /// nothing will be published before that end.
    func heard(
        from: TimeInterval = 0, to: TimeInterval = 300, at seconds: TimeInterval? = nil,
        of reports: [Report.ID] = [], page: UpdateFilter.Page? = nil
    ) async throws -> [Update] {
        try await updates(
            UpdateFilter(
                jurisdiction: Sample.sofia.id, from: Sample.now.addingTimeInterval(from),
                to: Sample.now.addingTimeInterval(to), reports: reports, page: page),
            now: Sample.now.addingTimeInterval(seconds ?? to))
    }

    func found(_ id: Report.ID, in jurisdiction: Jurisdiction = Sample.sofia) async throws -> Report
    {
        try await #require(
            report(id, in: jurisdiction.id, stage: .production, now: Sample.now))
    }
}

extension CaseStoreTests {
    @Suite struct Conversation {
        @Test func `an update is heard as it was told, and the report shows it`() async throws {
            try await withStore { store, _ in
                let report = try await Sample.report(to: store)
                var draft = Sample.update(of: report, .inProgress, text: "Работим \"сега\"")
                draft.media = ["a.jpg", "b.png"]
                draft.externalStatus = "RD-90"
                draft.customerReference = "42"
                let id = try await store.told(draft, at: 61.5)
                #expect(
                    try await store.heard() == [
                        Update(
                            id: id, report: report, detail: .inProgress,
                            description: "Работим \"сега\"",
                            published: Sample.now.addingTimeInterval(61),
                            media: ["a.jpg", "b.png"], externalStatus: "RD-90",
                            customerReference: "42")
                    ])
                let found = try await store.found(report)
                #expect(found.status == .open)
                #expect(found.detail == .inProgress)
                #expect(found.statusNotes == "Работим \"сега\"")
                #expect(found.updated == Sample.now.addingTimeInterval(61))
                #expect(found.requested == Sample.now)
            }
        }

        @Test func `of 100 parallel tellings one is published and all get its id`() async throws {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                let draft = Sample.update(of: report, .fixed, text: "Done")
                let answers = try await withThrowingTaskGroup(of: PublishedUpdate.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            try await store.publish(
                                draft, by: Sample.client, actor: .client, now: Sample.now)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.id)).count == 1)
                #expect(
                    answers.filter { if case .published = $0 { true } else { false } }.count == 1)
                #expect(
                    answers.filter { if case .repeated = $0 { true } else { false } }.count == 99)
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 1)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE kind = 'updated'") == 1)
                // Another client, and another report of the same client, have numbers of their own.
                let other = try await store.publish(
                    draft, by: Sample.name("other"), actor: .client, now: Sample.now)
                #expect(other.id != answers[0].id)
                let second = try await Sample.report("s", to: store)
                #expect(try await store.told(Sample.update(of: second)) != answers[0].id)
                #expect(try await store.heard().count == 3)
            }
        }

        @Test func `who sent a report is told its own number of it, and nobody else`() async throws
        {
            try await withStore { store, _ in
                var draft = Sample.draft()
                draft.foreignReport = "4711"
                let report = try await store.add(
                    draft, by: Sample.client, idempotency: Sample.key("k"), now: Sample.now
                ).receipt.id
                _ = try await store.told(Sample.update(of: report))
                let filter = UpdateFilter(
                    jurisdiction: Sample.sofia.id, from: Sample.now,
                    to: Sample.now.addingTimeInterval(60))
                for (client, number) in [
                    (nil, nil), (Sample.client, "4711"), (Sample.name("other"), nil),
                ] as [(Client.ID?, String?)] {
                    let heard = try await store.updates(filter, for: client, now: filter.to)
                    #expect(heard.map(\.foreignReport) == [number])
                }
            }
        }

        @Test func `an update of a report that is not there is refused`() async throws {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                for draft in [
                    Sample.update(of: Sample.name("sofia-0")),
                    Sample.update(of: report, in: Sample.mitrovica),
                ] {
                    let answer = try await store.publish(
                        draft, by: Sample.client, actor: .client, now: Sample.now)
                    #expect(answer == .unknownReport)
                }
                #expect(try await pool.number("SELECT count(*) FROM \"update\"") == 0)
            }
        }

        @Test func `an older change of the status adds its text and changes nothing`() async throws
        {
            try await withStore { store, _ in
                let report = try await Sample.report(to: store)
                _ = try await store.told(
                    Sample.update("1", of: report, told: 60, .fixed, text: "Done"), at: 60)
                let late = try await store.told(
                    Sample.update("2", of: report, told: 59, .open, text: "Waiting"), at: 120)
                let found = try await store.found(report)
                #expect(found.status == .closed)
                #expect(found.detail == .fixed)
                #expect(found.statusNotes == "Done")
                #expect(found.updated == Sample.now.addingTimeInterval(60))
                let heard = try await store.heard()
                #expect(heard.map(\.detail) == [.fixed, .fixed])
                #expect(heard.last?.id == late)
                #expect(heard.last?.description == "Waiting")
                // A clock of the sender behind ours does not lose its first word.
                let second = try await Sample.report("s", to: store)
                _ = try await store.told(Sample.update(of: second, told: -3600, .fixed))
                #expect(try await store.found(second).status == .closed)
            }
        }

        @Test func `a clock far ahead does not outvote the others for ever`() async throws {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.told(
                    Sample.update("1", of: report, told: 86_400, .fixed), at: 60)
                _ = try await store.told(
                    Sample.update("2", of: report, told: 361, .reopen), at: 361)
                #expect(try await store.found(report).status == .open)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM \"update\" WHERE told_ahead IS NOT NULL") == 1)
            }
        }

        @Test func `windows hold both their ends, in order, and the page asked for`() async throws {
            try await withStore { store, _ in
                let report = try await Sample.report(to: store)
                let second = try await Sample.report("s", to: store)
                var ids: [Update.ID] = []
                for (index, seconds) in [60, 120, 120, 180].enumerated() {
                    let subject = index == 1 ? second : report
                    ids.append(
                        try await store.told(
                            Sample.update("\(index)", of: subject), at: TimeInterval(seconds)))
                }
                #expect(try await store.heard().map(\.id) == ids)
                #expect(try await store.heard(from: 60, to: 180).map(\.id) == ids)
                #expect(try await store.heard(from: 61, to: 179).map(\.id) == Array(ids[1...2]))
                #expect(try await store.heard(from: 61.5, to: 120.9).count == 2)
                #expect(try await store.heard(from: 180, to: 60).isEmpty)
                #expect(try await store.heard(of: [second]).map(\.id) == [ids[1]])
                #expect(
                    try await store.heard(page: .init(size: 2, offset: 1)).map(\.id)
                        == Array(ids[1...2]))
                // Nothing is heard before it is published.
                #expect(try await store.heard(to: 300, at: 119).map(\.id) == [ids[0]])
                let elsewhere = try await store.updates(
                    UpdateFilter(
                        jurisdiction: Sample.mitrovica.id, from: Sample.now,
                        to: Sample.now.addingTimeInterval(600)),
                    now: Sample.now.addingTimeInterval(600))
                #expect(elsewhere.isEmpty)
            }
        }

        @Test func `nothing is published before a time that was read or published`() async throws {
            try await withStore { store, _ in
                let report = try await Sample.report(to: store)
                #expect(try await store.heard(to: 100).isEmpty)
                // A node whose clock is behind.
                _ = try await store.told(Sample.update("1", of: report), at: 60)
                _ = try await store.told(Sample.update("2", of: report), at: 150)
                _ = try await store.told(Sample.update("3", of: report), at: 130)
                let stamps = try await store.heard(to: 150).map {
                    $0.published.timeIntervalSince(Sample.now)
                }
                #expect(stamps == [100, 150, 150])
                // A time that has not come binds nobody.
                #expect(try await store.heard(to: 9000, at: 200).count == 3)
                _ = try await store.told(Sample.update("4", of: report), at: 201)
                #expect(
                    try await store.heard().last?.published == Sample.now.addingTimeInterval(201))
            }
        }

        @Test func `updates of private and unlisted reports are kept and not heard`() async throws {
            try await withStore { store, _ in
                let secret = try await Sample.report(
                    service: Sample.service("ABUSE", visibility: .private), to: store)
                _ = try await store.told(Sample.update(of: secret, .fixed))
                #expect(try await store.heard().isEmpty)
                #expect(try await store.notes(of: [secret]).isEmpty)
            }
        }

        @Test func `an update of a report that is listed later is heard with it`() async throws {
            try await withStore { store, _ in
                let report = try await Sample.report(in: Sample.mitrovica, to: store)
                _ = try await store.told(
                    Sample.update(of: report, in: Sample.mitrovica, .inProgress), at: 10)
                func heard(from: TimeInterval, to: TimeInterval) async throws -> Int {
                    let end = Sample.now.addingTimeInterval(to)
                    return try await store.updates(
                        UpdateFilter(
                            jurisdiction: Sample.mitrovica.id,
                            from: Sample.now.addingTimeInterval(from), to: end), now: end
                    ).count
                }
                #expect(try await heard(from: 0, to: 59) == 0)
                #expect(try await heard(from: 59, to: 60) == 1)
            }
        }

        @Test func `an internal note is for staff only and changes nothing`() async throws {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                let before = try await store.found(report)
                let note = Sample.update(
                    of: report, .fixed, text: "Ask Ivan", visibility: .private,
                    changes: .init(agency: "X"), author: Reporter(email: "clerk@example.org"))
                let id = try await store.told(note, by: .operator, at: 61)
                #expect(try await store.told(note, by: .operator, at: 90) == id)
                #expect(try await store.found(report) == before)
                #expect(try await store.heard().isEmpty)
                #expect(try await store.notes(of: [report])[report]?.map(\.kind) == [.opened])
                #expect(
                    try await store.internalNotes(
                        of: report, in: Sample.sofia.id, stage: .production) == [
                            InternalNote(
                                id: id, time: Sample.now.addingTimeInterval(61),
                                description: "Ask Ivan")
                        ])
                #expect(
                    try await store.internalNotes(
                        of: report, in: Sample.mitrovica.id, stage: .production) == nil)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE kind = 'noted'") == 1)
            }
        }

        @Test func `staff move, assign and date a report; a private service takes it away`()
            async throws
        {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                let due = Sample.now.addingTimeInterval(7200)
                _ = try await store.told(
                    Sample.update(
                        "1", of: report,
                        changes: .init(
                            service: Sample.name("GRAFFITI"), agency: "Parks", expected: due)),
                    by: .operator)
                let found = try await store.found(report)
                #expect(found.service.rawValue == "GRAFFITI")
                #expect(found.agency == "Parks")
                #expect(found.expected == due)
                #expect(try await store.heard().map(\.service) == [Sample.name("GRAFFITI")])
                _ = try await store.told(
                    Sample.update(
                        "2", of: report,
                        changes: .init(service: Sample.name("ABUSE"), visibility: .private)),
                    by: .operator)
                let gone = try await store.report(
                    report, in: Sample.sofia.id, stage: .production, now: Sample.now)
                #expect(gone == nil)
                #expect(try await store.heard().isEmpty)
                #expect(
                    try await pool.number("SELECT count(*) FROM event WHERE kind = 'removed'") == 1)
            }
        }

        @Test func `notes tell the public history in its order`() async throws {
            try await withStore { store, _ in
                let report = try await Sample.report(to: store)
                let other = try await Sample.report("s", to: store)
                let steps: [(Detail?, String?)] = [
                    (.inProgress, "We dig"), (nil, "Still digging"), (.fixed, nil),
                    (.reopen, "Why"),
                ]
                for (index, step) in steps.enumerated() {
                    let seconds = TimeInterval(60 * (index + 1))
                    _ = try await store.told(
                        Sample.update(
                            "\(index)", of: report, told: seconds, step.0, text: step.1),
                        at: seconds)
                }
                let notes = try await store.notes(of: [report, other, Sample.name("sofia-0")])
                #expect(notes.keys.sorted { $0.rawValue < $1.rawValue }.count == 2)
                #expect(notes[other]?.map(\.kind) == [.opened])
                let history = try #require(notes[report])
                #expect(history.map(\.kind) == [.opened, .status, .comment, .closed, .reopened])
                #expect(
                    history.map(\.detail) == [.open, .inProgress, .inProgress, .fixed, .reopen])
                #expect(history.map(\.description) == [nil, "We dig", "Still digging", nil, "Why"])
                #expect(
                    history.map { $0.time.timeIntervalSince(Sample.now) } == [0, 60, 120, 180, 240])
            }
        }

        @Test func `who wrote an update is kept apart and in no other table`() async throws {
            try await withStore { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.told(
                    Sample.update(of: report, text: "Hi", author: Privacy.reporter))
                #expect(
                    try await store.tables(with: "canary1@example.org")
                        == ["sealed contact.author"])
                let tables = try await pool.query(
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                for row in tables {
                    var cells = row.cells
                    let table = try cells.next(String.self)
                    let found = try await pool.number(
                        SQL(
                            verbatim: """
                                SELECT count(*) FROM "\(table)" AS r WHERE r::text LIKE '%canary%'
                                """))
                    #expect(found == 0, "\(table)")
                }
            }
        }
    }
}
