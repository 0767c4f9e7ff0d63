import Foundation
import Reports
import Testing

@Suite struct RevisionTests {
    static let start = Date(timeIntervalSince1970: 1_776_643_200)

    /// A report that came open, and an update of it; a test writes only what it is about.
    static func report() throws -> Report {
        try Report(
            id: #require(Report.ID(rawValue: "sofia-1")),
            jurisdiction: #require(Jurisdiction.ID(rawValue: "sofia.example")),
            service: #require(Service.Code(rawValue: "POTHOLE")), serviceName: "Hole",
            requested: start, updated: start, published: start)
    }

    static func draft(
        _ detail: Detail?, of report: Report, text: String? = nil, told: TimeInterval = 60,
        changes: Update.Draft.Changes = Update.Draft.Changes()
    ) -> Update.Draft {
        Update.Draft(
            report: report.id, jurisdiction: report.jurisdiction, stage: report.stage,
            foreignID: "1", told: start.addingTimeInterval(told), detail: detail,
            description: text, changes: changes)
    }

    static func standing(of report: Report) -> Standing {
        Standing(
            Standing.StatusChange(
                time: .distantPast, origin: "", event: Event.ID(uuid: UUID()),
                detail: report.detail ?? .open))
    }

    /// The report after all of these, published a minute after each other.
    static func told(
        _ drafts: [Update.Draft], of report: Report, by actor: Event.Actor = .client
    ) throws -> Revision {
        var source = Seeded()
        var (report, standing) = (report, standing(of: report))
        var revision: Revision?
        for (index, draft) in drafts.enumerated() {
            let now = start.addingTimeInterval(TimeInterval(60 * (index + 1)))
            let telling = Telling(
                event: Event.ID(at: now, using: &source), actor: actor, told: draft.told,
                origin: "here \(9 - index)", beginsHere: true)
            let after = report.revised(by: draft, telling, standing: standing, published: now)
            (report, standing, revision) = (after.report, after.standing, after)
        }
        return try #require(revision)
    }

    @Test func `a status that is told closes the report, and one that is older changes nothing`()
        throws
    {
        let report = try Self.report()
        let closed = try Self.told([Self.draft(.fixed, of: report, text: "Done")], of: report)
        #expect(closed.report.status == .closed)
        #expect(closed.report.detail == .fixed)
        #expect(closed.report.statusNotes == "Done")
        #expect(closed.kind == .closed)
        #expect(closed.report.updated == Self.start.addingTimeInterval(60))
        let late = try Self.told(
            [
                Self.draft(.fixed, of: report, text: "Done", told: 60),
                Self.draft(.inProgress, of: report, text: "We dig", told: 59),
            ], of: report)
        #expect(late.report == closed.report)
        #expect(late.kind == .comment)
        #expect(late.events == [.updated])
    }

    @Test func `a comment after the closing does not move its time, and a correction does`()
        throws
    {
        let report = try Self.report()
        let closing = Self.draft(.fixed, of: report, text: "Done", told: 1)
        let thanks = Self.draft(.fixed, of: report, text: "Thanks", told: 2)
        let comment = try Self.told([closing, thanks], of: report)
        #expect(comment.report.updated == Self.start.addingTimeInterval(60))
        #expect(comment.report.statusNotes == "Thanks")
        #expect(comment.kind == .comment)
        let again = try Self.told([closing, thanks], of: report, by: .operator)
        #expect(again.report.updated == Self.start.addingTimeInterval(120))
        let agency = Self.draft(nil, of: report, changes: .init(agency: "Parks"))
        let corrected = try Self.told([closing, agency], of: report)
        #expect(corrected.report.updated == Self.start.addingTimeInterval(120))
        #expect(corrected.report.agency == "Parks")
        #expect(corrected.report.detail == .fixed)
        let other = try Self.told([closing, Self.draft(.closed, of: report)], of: report)
        #expect(other.report.updated == Self.start.addingTimeInterval(120))
        #expect(other.kind == .status)
    }

    @Test func `a comment on an open report moves its time and leaves its status`() throws {
        let report = try Self.report()
        let comment = try Self.told([Self.draft(nil, of: report, text: "Soon")], of: report)
        #expect(comment.report.status == .open)
        #expect(comment.report.detail == nil)
        #expect(comment.report.updated == Self.start.addingTimeInterval(60))
        #expect(comment.report.statusNotes == "Soon")
        let silent = try Self.told([Self.draft(nil, of: report, text: "")], of: report)
        #expect(silent.report.statusNotes == nil)
    }

    @Test func `moved to a private service a report is removed, and never comes back by a move`()
        throws
    {
        let report = try Self.report()
        let code = try #require(Service.Code(rawValue: "ABUSE"))
        let away = Self.draft(
            nil, of: report, changes: .init(service: code, visibility: .private))
        let moved = try Self.told([away], of: report)
        #expect(moved.report.visibility == .private)
        #expect(moved.report.service == code)
        #expect(moved.report.serviceName == nil)
        #expect(moved.events == [.updated, .removed])
        #expect(moved.kind == .moved)
        let back = Self.draft(
            nil, of: report, changes: .init(service: report.service, visibility: .public))
        let returned = try Self.told([away, back], of: report)
        #expect(returned.report.visibility == .private)
        #expect(returned.events == [.updated])
    }

    @Test func `a duplicate names its parent, and parts from it when it is opened again`() throws {
        let report = try Self.report()
        let parent = try #require(Report.ID(rawValue: "sofia-2"))
        let link = Self.draft(nil, of: report, changes: .init(parent: parent))
        let merged = try Self.told([link], of: report, by: .operator)
        #expect(merged.report.parent == parent)
        #expect(merged.report.detail == .duplicate)
        #expect(merged.report.statusNotes == "sofia-2")
        #expect(merged.kind == .duplicate)
        #expect(merged.wordToDuplicates == nil)
        let named = try Self.told(
            [Self.draft(.duplicate, of: report, text: "Same", changes: .init(parent: parent))],
            of: report)
        #expect(named.report.statusNotes == "Same (sofia-2)")
        let opened = try Self.told(
            [link, Self.draft(.reopen, of: report, text: "Not the same", told: 61)], of: report)
        #expect(opened.report.parent == nil)
        #expect(opened.report.status == .open)
        #expect(opened.kind == .reopened)
        let late = try Self.told(
            [
                Self.draft(.inProgress, of: report, told: 100),
                Self.draft(.duplicate, of: report, told: 99, changes: .init(parent: parent)),
            ], of: report)
        #expect(late.report.parent == nil)
    }

    @Test func `only the closing of a report is told to those who reported the same`() throws {
        let report = try Self.report()
        let closing = Self.draft(.fixed, of: report, text: "Done", told: 1)
        #expect(try Self.told([closing], of: report).wordToDuplicates == "sofia-1: Done")
        let silent = Self.draft(.fixed, of: report)
        #expect(try Self.told([silent], of: report).wordToDuplicates == "sofia-1: FIXED")
        #expect(try Self.told([closing, silent], of: report).wordToDuplicates == nil)
        let progress = Self.draft(.inProgress, of: report)
        #expect(try Self.told([progress], of: report).wordToDuplicates == nil)
        var hidden = report
        hidden.visibility = .private
        #expect(try Self.told([closing], of: hidden).wordToDuplicates == nil)
    }

    @Test func `of several changes in one second the last counts, here and wherever it is told`()
        throws
    {
        let report = try Self.report()
        let words: [Detail] = [.inProgress, .fixed, .reopen, .planned]
        let drafts = words.map { Self.draft($0, of: report, told: 60) }
        let end = try Self.told(drafts, of: report)
        #expect(end.report.detail == .planned)
        #expect(end.time == Self.start.addingTimeInterval(63))
        #expect(end.standing.last.told == Self.start.addingTimeInterval(60))
        let next = try Self.told(drafts + [Self.draft(.fixed, of: report, told: 61)], of: report)
        #expect(next.report.detail == .fixed)
        let older = try Self.told(drafts + [Self.draft(.fixed, of: report, told: 59)], of: report)
        #expect(older.report.detail == .planned)
        #expect(older.time == Self.start.addingTimeInterval(59))
    }

    @Test func `a clock that is far ahead is believed for five minutes`() throws {
        let report = try Self.report()
        let limit = Self.start.addingTimeInterval(300)
        #expect(Self.draft(nil, of: report, told: 4000).told(believedAt: Self.start) == limit)
        #expect(Self.draft(nil, of: report, told: 299.5).told(believedAt: Self.start) < limit)
        let old = Self.draft(nil, of: report, told: -1e9)
        #expect(old.told(believedAt: Self.start) == old.told)
    }
}

@Suite struct ConvergenceTests {
    /// A change of the status, as both sides know it.
    private struct Change {
        let draft: Update.Draft
        let origin: String
    }

    /// Up to eight changes from two sides whose clocks are a little apart.
    private static func changes(
        of report: Report, using source: inout Seeded
    ) -> [Change] {
        (0..<Int.random(in: 1...8, using: &source)).map { _ in
            let skew = Bool.random(using: &source) ? 0 : 3.0
            let told = Double(Int.random(in: 0..<10, using: &source)) + skew
            return Change(
                draft: RevisionTests.draft(
                    Detail.allCases.randomElement(using: &source), of: report, told: told),
                origin: "\(skew == 0 ? "one" : "other") \(source.next())")
        }
    }

    /// All of the changes, in any order, some of them twice.
    private static func interleaving(
        _ changes: [Change], using source: inout Seeded
    ) -> [Change] {
        (changes + changes.filter { _ in Bool.random(using: &source) }).shuffled(using: &source)
    }

    @Test func `10,000 interleavings of changes from two sides end in one status on both`() throws {
        var source = Seeded(state: 15)
        let report = try RevisionTests.report()
        let beginning = RevisionTests.standing(of: report)
        for _ in 0..<10_000 {
            let changes = Self.changes(of: report, using: &source)
            let ends = (0..<2).map { _ in
                var (node, standing) = (report, beginning)
                for change in Self.interleaving(changes, using: &source) {
                    // Each node gives its own name to the entry in its history.
                    let telling = Telling(
                        event: Event.ID(at: RevisionTests.start, using: &source), actor: .peer,
                        told: change.draft.told, origin: change.origin, beginsHere: false)
                    let after = node.revised(
                        by: change.draft, telling, standing: standing,
                        published: RevisionTests.start)
                    if node.status == .closed, after.report.status == .open {
                        // Nothing that is older opens a closed report.
                        #expect(change.draft.told >= standing.last.time)
                    }
                    (node, standing) = (after.report, after.standing)
                }
                return (node, standing)
            }
            #expect(ends[0].1.last.time == ends[1].1.last.time)
            #expect(ends[0].1.last.origin == ends[1].1.last.origin)
            #expect(ends[0].0.status == ends[1].0.status)
            #expect(ends[0].0.detail == ends[1].0.detail)
        }
    }
}
