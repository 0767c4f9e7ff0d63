import Federation
import Foundation
import Reports
import Testing

@testable import Redmine

/// What comes back (backoffice.md 4).
@Suite struct `Reading Redmine` {
    private func told(
        _ journals: [String], attachments: [String] = [], isPrivate: Bool = false,
        status: String = #"{"id":10,"name":"Fixed"}"#
    ) async throws -> [String] {
        let town = Town()
        town.put(
            1,
            Sample.issue(
                status: status, isPrivate: isPrivate, journals: journals, attachments: attachments)
        )
        return try await Sample.adapter.collect(after: nil, over: town.wire).told
    }

    @Test func `notes, statuses and photos come in the order of the history`() async throws {
        let told = try await told(
            [
                Sample.entry(
                    2, notes: "Repaired", "attr status_id 7 10", "attachment 5  after.jpg"),
                Sample.entry(1, notes: "We come on Monday", "attr status_id 1 7"),
            ], attachments: [Sample.attachment(5, "after.jpg")])
        #expect(
            told == [
                "1 | Investigating | We come on Monday", "2 | Fixed | Repaired | peer:5",
            ])
    }

    @Test func `an internal note never comes`() async throws {
        let told = try await told([
            Sample.entry(1, notes: "The contractor is ACME", isPrivate: true),
            Sample.entry(2, notes: "Thank you"),
        ])
        #expect(told == ["2 | – | Thank you"])
    }

    @Test func `a status is told by its name, never by what the name sounds like`() async throws {
        // The stock status Resolved is open.
        #expect(
            try await told([Sample.entry(1, "attr status_id 1 3")]) == ["1 | Resolved | –"])
        #expect(
            try await told([Sample.entry(1, "attr status_id 1 99")]) == ["1 | status 99 | –"])
    }

    @Test func `what we told ourselves is no news`() async throws {
        let mark = "[ngo-7F3K2M9Q/u-7F3K2M9QTX]"
        let told = try await told(
            [
                Sample.entry(
                    1, notes: "Sand\n\n\(mark)", user: 5, "attr status_id 1 10",
                    "attachment 5  ours.jpg"),
                // Somebody who uses our account, and somebody who quotes us.
                Sample.entry(2, notes: "By hand", user: 5),
                Sample.entry(3, notes: "As they said:\n\(mark)"),
            ], attachments: [Sample.attachment(5, "ours.jpg", author: 5, description: "Viaduct")])
        #expect(told == ["2 | – | By hand", "3 | – | As they said:\n\(mark)"])
    }

    @Test func `a status that Redmine copied to a duplicate with our note is news`() async throws {
        let told = try await told([
            Sample.entry(
                1, notes: "Sand\n\n[ngo-OTHER/u-7F3K2M9QTX]", user: 5, "attr status_id 1 10")
        ])
        #expect(told == ["1 | Fixed | Sand"])
    }

    @Test func `photos that came with the report are not told again`() async throws {
        let told = try await told(
            [Sample.entry(1, notes: "Look", "attachment 5  ours.jpg")],
            attachments: [Sample.attachment(5, "ours.jpg", author: 5, description: "Viaduct")])
        #expect(told == ["1 | – | Look"])
    }

    @Test func `a file without a note or a status may be meant for staff`() async throws {
        let told = try await told(
            [
                Sample.entry(1, "attachment 5  bill.png"),
                Sample.entry(2, "attr status_id 1 10", "attachment 6  after.png"),
                Sample.entry(3, notes: "Plan", "attachment 7  plan.pdf"),
            ],
            attachments: [
                Sample.attachment(5, "bill.png"), Sample.attachment(6, "after.png"),
                Sample.attachment(7, "plan.pdf"),
            ])
        #expect(told == ["2 | Fixed | – | peer:6", "3 | – | Plan"])
    }

    @Test func `a duplicate, a move and a photo that is gone are words`() async throws {
        let told = try await told([
            Sample.entry(1, "relation duplicates  3"),
            Sample.entry(2, "relation duplicates 3 "),
            Sample.entry(3, "attr project_id 1 2"),
            Sample.entry(4, "attachment 5 after.jpg "),
            // Another ticket is the duplicate of this one.
            Sample.entry(5, "relation duplicated  3"),
        ])
        #expect(
            told == [
                "1-merged | merged | –", "2-back | Fixed | –", "3-moved | moved | –",
                "4-withdrawn | picture withdrawn | –",
            ])
    }

    @Test func `of a ticket that became private nothing is told but that it is gone`()
        async throws
    {
        let journals = [
            Sample.entry(1, notes: "Before"),
            Sample.entry(2, notes: "About Mr Lee", "attr is_private 0 1"),
            Sample.entry(3, notes: "Secret", "attr status_id 1 10"),
        ]
        #expect(
            try await told(journals, isPrivate: true) == ["1 | – | Before", "2-gone | gone | –"])
        let back = journals + [Sample.entry(4, notes: "Open again", "attr is_private 1 0")]
        #expect(
            try await told(back).suffix(2) == ["4-back | Fixed | –", "4 | – | Open again"])
    }

    @Test func `the ticket of a private report is not gone`() async throws {
        #expect(
            try await told([Sample.entry(1, notes: "Thank you")], isPrivate: true)
                == ["1 | – | Thank you"])
    }

    @Test func `tickets of others are reports where reports come in`() async throws {
        let town = Town()
        town.put(
            1,
            Sample.issue(
                reference: nil, journals: [Sample.entry(1, "attr status_id 1 10")],
                attachments: [Sample.attachment(5, "hole.jpg"), Sample.attachment(6, "x.pdf")]))
        #expect(try await Sample.adapter.collect(after: nil, over: town.wire).items.isEmpty)
        let adapter = RedmineAdapter(Sample.settings(flow: [.reportsIn, .updatesIn]))
        let page = try await adapter.collect(after: nil, over: town.wire)
        #expect(page.told == ["report 1 New", "1 | Fixed | –"])
        guard case .report(let report)? = page.items.first else { return }
        #expect(report.service == "POTHOLE")
        #expect(report.place?.coordinate == Coordinate(latitude: 42.7, longitude: 23.3))
        #expect(report.media == ["peer:5"])
        #expect(report.description == "Deep")
    }

    @Test func `an empty list is no news only once the key was taken`() async throws {
        var settings = Sample.settings()
        settings.apiKey = "old"
        let adapter = RedmineAdapter(settings)
        await #expect(throws: PeerError(.forbidden, "answered 401", status: 401)) {
            try await adapter.collect(after: nil, over: Town().wire)
        }
        await #expect(throws: PeerError(.forbidden, "answered 401", status: 401)) {
            try await adapter.look(at: ["1"], over: Town().wire)
        }
    }

    @Test func `a full list is asked for in halves, and no history of it is read`() async throws {
        let town = Town()
        for number in 1...120 { town.put(number, Sample.issue(number, journals: [])) }
        let page = try await Sample.adapter.collect(after: nil, over: town.wire)
        #expect(page.items.isEmpty && !page.isLast)
        #expect(!town.calls.contains { $0.address.contains("include=journals") })
        #expect(town.calls.last?.address.contains("updated_on=%3E%3D") == true)
        _ = try await Sample.adapter.collect(after: page.next, over: town.wire)
        #expect(town.calls.contains { $0.address.contains("updated_on=%3E%3C") })
    }

    @Test func `closed tickets are listed, with times in UTC`() async throws {
        let town = Town()
        _ = try await Sample.adapter.collect(after: Cursor(text: "1776643200"), over: town.wire)
        let list = try #require(town.calls.first { $0.address.contains("issues.json") })
        #expect(
            list.address == Town.base
                + "issues.json?status_id=%2A&cf_1=%2A&updated_on=%3E%3D2026-04-19T23%3A45%3A00Z"
                + "&sort=updated_on%3Aasc%2Cid%3Aasc&limit=100")
    }

    @Test func `a ticket that was deleted or made private is gone, and not closed`() async throws {
        let town = Town()
        town.put(1, Sample.issue(journals: []))
        town.put(2, #"{"id":2,"hidden":true}"#)
        let items = try await Sample.adapter.look(at: ["1", "2", "3"], over: town.wire)
        #expect(
            Page(items: items, next: Cursor(text: ""), isLast: true).told
                == ["report 2 gone", "report 3 gone"])
    }

    @Test func `a duplicate moves no date of the ticket, and is looked for`() async throws {
        let town = Town()
        for (number, other) in [(1, 2), (2, 1)] {
            let relation =
                #"{"id":\#(number),"custom_fields":[],"status":{"id":1},"created_on":"","#
                + #""updated_on":"","relations":[{"issue_id":1,"issue_to_id":2,"#
                + #""relation_type":"duplicates","id":\#(other)}]}"#
            town.put(number, relation)
        }
        let items = try await Sample.adapter.look(at: ["1", "2"], over: town.wire)
        #expect(
            Page(items: items, next: Cursor(text: ""), isLast: true).told == ["report 1 merged"])
    }

    @Test func `a project that is closed to us does not make all its tickets gone`() async throws {
        var settings = Sample.settings()
        settings.project = "nowhere"
        let town = Town()
        town.put(2, #"{"id":2,"hidden":true}"#)
        let adapter = RedmineAdapter(settings)
        let wire = Wire(now: { Sample.now }) { call async throws(PeerError) in
            call.address.contains("projects/") ? Wire.Reply(status: 403) : town.answer(call)
        }
        await #expect(throws: PeerError(.forbidden, "answered 403", status: 403)) {
            try await adapter.look(at: ["2"], over: wire)
        }
    }

    @Test func `a row that cannot be read costs no other`() async throws {
        let town = Town()
        town.put(1, Sample.issue(journals: [Sample.entry(1, notes: "Hello")]))
        town.put(2, #"{"id":2,"custom_fields":[{"id":1,"value":"ngo-1"}]}"#)
        let page = try await Sample.adapter.collect(after: nil, over: town.wire)
        #expect(page.told == ["1 | – | Hello"])
        #expect(page.unreadable == ["1 tickets of a list"])
    }

    @Test func `what a plug-in puts into the history costs none of it`() async throws {
        let odd = Sample.entry(1, notes: "Hello", "attr status_id 1 10").replacing(
            #""details":["#, with: #""details":[{"property":"x","new_value":[1,{"y":null}]},{},"#)
        #expect(try await told([odd]) == ["1 | Fixed | Hello"])
    }

    @Test func `a picture is fetched by its number and by nothing else`() async throws {
        let bytes = try await Sample.adapter.picture("5", over: Town().wire)
        #expect(bytes == [0xFF, 0xD8])
        await #expect(throws: PeerError.self) {
            try await Sample.adapter.picture("../users", over: Town().wire)
        }
    }
}
