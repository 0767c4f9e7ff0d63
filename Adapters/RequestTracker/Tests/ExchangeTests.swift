import Federation
import Foundation
import Reports
import Synchronization
import Testing

@testable import RequestTracker

/// The traps of Request Tracker that were seen (backoffice.md 3).
@Suite struct `What Request Tracker does` {
    private func wire(
        _ answer: @escaping @Sendable (Wire.Call) -> Wire.Reply,
        picture: OutgoingPicture? = nil
    ) -> Wire {
        Wire(now: { Sample.now }, pictures: { _ in picture }) { call in answer(call) }
    }

    private func fields(of call: Wire.Call?) throws -> [String: Any] {
        let body = try #require(call?.body)
        return try #require(
            try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    /// Answers by the beginning of the path below the interface, the longest first.
    private func answers(_ answers: [String: String]) -> @Sendable (Wire.Call) -> Wire.Reply {
        { call in
            let path = call.address.dropFirst((Sample.base + "REST/2.0/").count)
            let key = answers.keys.filter { path.hasPrefix($0) }.max { $0.count < $1.count }
            let date = Wire.Header("Date", "Mon, 20 Apr 2026 00:00:00 GMT")
            guard let key, let text = answers[key] else {
                return Wire.Reply(status: 200, headers: [date], body: Array(#"{"items":[]}"#.utf8))
            }
            return Wire.Reply(status: 200, headers: [date], body: Array(text.utf8))
        }
    }

    private func told(_ rows: String..., more: [String: String] = [:]) async throws
        -> [IncomingUpdate]
    {
        let list = #"{"items":["# + rows.joined(separator: ",") + "]}"
        let base = [
            "queue/": #"{"id":3,"Name":"Streets"}"#,
            "transactions?query=TicketQueue": list,
        ]
        let wire = wire(answers(base.merging(more) { $1 }))
        let page = try await Sample.adapter.collect(after: nil, over: wire)
        #expect(page.unreadable == [] && page.isLast)
        return page.items.compactMap { if case .update(let update) = $0 { update } else { nil } }
    }

    private func row(
        _ id: Int, _ type: String, from old: String = "", to new: String = "", field: String = "",
        ticket: Int = 1, at second: Int = 0
    ) -> String {
        """
        {"id":"\(id)","Type":"\(type)","Field":"\(field)","OldValue":"\(old)","NewValue":"\(new)",\
        "ObjectId":"\(ticket)","Created":"2026-04-19T23:50:\(second + 10)Z"}
        """
    }

    @Test func `a report becomes a ticket with its fields and photos`() async throws {
        let tracker = Tracker()
        let calls = Mutex<[Wire.Call]>([])
        let picture = OutgoingPicture(name: "a.jpg", mediaType: "image/jpeg", bytes: [1, 2, 3])
        let wire = wire(
            { call in
                calls.withLock { $0.append(call) }
                return tracker.answer(call)
            }, picture: picture)
        let message = try Sample.report { $0.media = ["https://ngo.example/a.jpg"] }
        let ticket = try await Sample.adapter.deliver(message, over: wire)
        #expect(ticket == Ticket(id: "1"))
        let form = try fields(of: calls.withLock { $0.first })
        #expect(form["Queue"] as? String == "Streets" && form["Requestor"] == nil)
        #expect(
            form["CustomFields"] as? [String: String] == [
                "External ID": "ngo-7F3K2M9Q", "Latitude": "42.6977", "Longitude": "-0.1278",
                "Address": "Vitosha Boulevard 15", "Service Code": "POTHOLE",
            ])
        let file = try #require((form["Attachments"] as? [[String: String]])?.first)
        #expect(file == ["FileName": "a.jpg", "FileType": "image/jpeg", "FileContent": "AQID"])
        #expect(calls.withLock { $0.first?.headers.first?.value } == "token 1-27-s3cret")
    }

    @Test func `an unknown custom field is dropped with a success, and told as a remark`()
        async throws
    {
        let tracker = Tracker()
        tracker.state.withLock { $0.known = $0.known.dropLast() }
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(), over: wire { tracker.answer($0) })
        #expect(ticket.id == "1" && ticket.remark?.contains("Service Code") == true)
    }

    @Test func `a status that is none is answered with a success, and told as a remark`()
        async throws
    {
        let tracker = Tracker()
        for text in ["It flies", nil] {
            let ticket = try await Sample.adapter.deliver(
                try Sample.update(text, status: "flying"), over: wire { tracker.answer($0) })
            #expect(ticket.remark?.contains("“new” and not “flying”") == true)
        }
    }

    @Test func `our comment leaves a closed ticket closed`() async throws {
        let tracker = Tracker()
        tracker.state.withLock { $0.tickets[1] = ["Status": "resolved", "Subject": "A hole"] }
        let ticket = try await Sample.adapter.deliver(
            try Sample.update(status: nil), over: wire { tracker.answer($0) })
        #expect(ticket.remark == nil)
        #expect(tracker.state.withLock { $0.tickets[1]?["Status"] } == "resolved")
    }

    @Test func `a report that was tried before is looked for, and never by its words alone`()
        async throws
    {
        let tracker = Tracker()
        let wire = wire { tracker.answer($0) }
        _ = try await Sample.adapter.deliver(try Sample.report(), over: wire)
        let again = try Sample.report(firstTried: Sample.now)
        #expect(try await Sample.adapter.deliver(again, over: wire).id == "1")
        // A search that means nothing to RT finds every ticket.
        let other = #"{"items":[{"id":"9"}]}"#
        let answer = answers([
            "tickets?": other, "ticket/9": #"{"id":9,"CustomFields":[]}"#,
            "ticket/9/attachments": #"{"items":[{"id":"1","Content":"A hole"}]}"#,
        ])
        #expect(try await Sample.adapter.find(again, over: self.wire(answer)) == nil)
    }

    @Test
    func `a ticket that was moved to a queue without our field is found by our id in its text`()
        async throws
    {
        let tracker = Tracker()
        let adapter = Sample.adapter
        let wire = wire { tracker.answer($0) }
        let message = try Sample.report(firstTried: Sample.now)
        _ = try await adapter.deliver(message, over: wire)
        tracker.state.withLock { state in
            state.fields[1] = [:]
            // Somebody else's of the same words.
            state.tickets[2] = state.tickets[1]
            state.fields[2] = [:]
            state.texts[2] = "A hole"
        }
        #expect(try await adapter.find(message, over: wire)?.id == "1")
        #expect(try await adapter.deliver(message, over: wire).id == "1")
    }

    @Test func `two tickets of one report: the first, and the other in the remark`() async throws {
        let tracker = Tracker()
        let wire = wire { tracker.answer($0) }
        for _ in 1...2 { _ = try await Sample.adapter.deliver(try Sample.report(), over: wire) }
        let found = try await Sample.adapter.find(try Sample.report(), over: wire)
        #expect(found?.id == "1" && found?.remark?.contains("1, 2") == true)
    }

    @Test func `a ticket that was merged into another says so, and the other does not`()
        async throws
    {
        let into = "fsck.com-rt://rt.example/ticket/4"
        let updates = try await told(
            row(74, "AddLink", to: into, field: "MergedInto", ticket: 3),
            row(75, "AddLink", to: into, field: "MergedInto", ticket: 4))
        #expect(updates.map(\.report) == ["3"] && updates.first?.status == "merged")
    }

    @Test func `a ticket that left the queue has moved, and a deleted one says so`() async throws {
        let moved = #"{"items":["# + row(92, "Set", from: "3", to: "4", field: "Queue") + "]}"
        let updates = try await told(
            row(76, "Status", from: "new", to: "deleted", ticket: 2),
            more: ["transactions?query=Type%20%3D%20%27Set": moved])
        #expect(updates.map(\.status) == ["deleted", "moved"])
    }

    @Test func `auto-reopen by our own words is no news`() async throws {
        let updates = try await told(
            row(69, "Status", from: "resolved", to: "open"),
            row(70, "Status", from: "open", to: "resolved", at: 1),
            row(72, "Status", from: "resolved", to: "open", ticket: 2),
            row(73, "Status", from: "open", to: "planned", ticket: 2, at: 1),
            row(80, "Status", from: "planned", to: "open", ticket: 2, at: 30))
        #expect(updates.map(\.id) == ["73", "80"] && updates.first?.status == "planned")
    }

    @Test func `what was said comes as plain text with its photos`() async throws {
        let parts = """
            {"items":[{"id":"6","ContentType":"multipart/mixed","Filename":"","Subject":"A hole"},
            {"id":"7","ContentType":"text/plain","Filename":""},
            {"id":"8","ContentType":"image/png","Filename":"after.png"}]}
            """
        let text = Data("Painted over.\n\nOn 20 April 2026, Ann wrote:\n> A hole\n".utf8)
        let updates = try await told(
            row(47, "Correspond"),
            more: [
                "transaction/47/attachments": parts,
                "attachment/7": #"{"id":7,"Content":"\#(text.base64EncodedString())\n"}"#,
            ])
        #expect(updates.first?.description == "Painted over.")
        #expect(updates.first?.media == [PeerPicture.named("8")])
    }

    @Test func `a reply in HTML only is read as text`() async throws {
        let page = Data(
            "<head><style>p{}</style></head><p>See <b>plan</b> &amp; <a href='>'>link</a></p>".utf8)
        let updates = try await told(
            row(47, "Correspond"),
            more: [
                "transaction/47/attachments": #"{"items":[{"id":7,"ContentType":"text/html"}]}"#,
                "attachment/7": #"{"id":7,"Content":"\#(page.base64EncodedString())"}"#,
            ])
        #expect(updates.first?.description == "See plan & link")
    }

    @Test func `what we said ourselves does not come back, and an answer to it does`()
        async throws
    {
        func parts(_ subject: String, _ interface: String) -> String {
            """
            {"items":[{"id":"7","ContentType":"text/plain","Subject":"\(subject)",\
            "Headers":"X-RT-Interface: \(interface)"}]}
            """
        }
        let content = #"{"id":7,"Content":"\#(Data("Thanks".utf8).base64EncodedString())"}"#
        let ours = "ref:u-7F3K2M9QTX A hole"
        for (subject, interface, count) in [
            (ours, "REST", 0), (ours, "Email", 1), ("Re: \(ours)", "Email", 1), ("", "REST", 1),
        ] {
            let updates = try await told(
                row(47, "Correspond"),
                more: [
                    "transaction/47/attachments": parts(subject, interface),
                    "attachment/7": content,
                ])
            #expect(updates.count == count)
        }
    }

    @Test func `a queue that we may not see is no empty list`() async throws {
        await #expect(throws: PeerError.self) {
            try await Sample.adapter.collect(
                after: nil,
                over: wire { call in
                    call.address.contains("/queue/")
                        ? Wire.Reply(status: 403) : Wire.Reply(status: 200)
                })
        }
    }

    @Test func `times are asked for in UTC without a zone, and values cannot end their quotes`() {
        #expect(SearchQuery.time(Sample.now) == "'2026-04-20 00:00:00'")
        #expect(SearchQuery.quoted(#"a' OR \"#) == #"'a\' OR \\'"#)
        #expect(!SearchQuery.isFieldName("a} = 1") && SearchQuery.isFieldName("External ID"))
    }
}
