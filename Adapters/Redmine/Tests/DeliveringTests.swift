import Federation
import Foundation
import Testing

@testable import Redmine

/// What goes out, and what Redmine is seen to make of it (backoffice.md 4).
@Suite struct `Handing over to Redmine` {
    private let picture = OutgoingPicture(
        name: "7f3k2m.jpg", mediaType: "image/jpeg", bytes: [0xFF, 0xD8, 0xFF])
    private let pictureAddress = "https://ngo.example/media/7f3k2m.jpg"

    private func sent(_ town: Town, _ method: String) throws -> [String: Any] {
        let call = try #require(town.calls.last { $0.method == method })
        let body = try JSONSerialization.jsonObject(with: Data(call.body)) as? [String: Any]
        return try #require(body?["issue"] as? [String: Any])
    }

    @Test func `a report becomes a ticket with our id, its place and its service in fields`()
        async throws
    {
        let town = Town()
        let message = try Sample.report(answers: [
            PeerAnswer(code: "6", values: ["high"]), PeerAnswer(code: "count", values: ["3"]),
        ])
        let ticket = try await Sample.adapter.deliver(message, over: town.wire)
        #expect(ticket == Ticket(id: "1"))
        let issue = try sent(town, "POST")
        #expect(issue["project_id"] as? String == "streets")
        #expect(issue["tracker_id"] as? Int == 4)
        #expect(issue["is_private"] == nil)
        let fields = try #require(issue["custom_fields"] as? [[String: Any]])
        let values = Dictionary(
            uniqueKeysWithValues: fields.map { ($0["id"] as? Int, $0["value"] as? String) })
        #expect(
            values == [
                1: "ngo-7F3K2M9Q", 2: "42.6977", 3: "23.3219", 4: "Vitosha Boulevard 15",
                5: "POTHOLE", 6: "high",
            ])
        #expect(
            issue["description"] as? String == """
                A hole

                So deep that a car was lost in it

                count: 3
                ngo-7F3K2M9Q · https://ngo.example/reports/ngo-7F3K2M9Q
                """)
    }

    @Test func `a private report becomes a private ticket`() async throws {
        let town = Town()
        _ = try await Sample.adapter.deliver(
            try Sample.report(visibility: .private), over: town.wire)
        #expect(try sent(town, "POST")["is_private"] as? Bool == true)
    }

    @Test func `a photo is handed over first, as bytes of no type`() async throws {
        let town = Town()
        let wire = town.wire(at: Sample.now, pictures: [pictureAddress: picture])
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(media: [pictureAddress]), over: wire)
        #expect(ticket.remark == nil)
        let upload = try #require(town.calls.first { $0.address.contains("uploads") })
        #expect(upload.address == Town.base + "uploads.json?filename=7f3k2m.jpg")
        #expect(
            upload.headers.contains(Wire.Header("Content-Type", "application/octet-stream")))
        #expect(upload.body == picture.bytes)
        let uploads = try #require(try sent(town, "POST")["uploads"] as? [[String: String]])
        #expect(uploads.map { $0["token"] } == ["1.x"])
        #expect(uploads.map { $0["content_type"] } == ["image/jpeg"])
    }

    @Test(arguments: [413, 422])
    func `a photo that is too large goes as its address, and that is told`(status: Int)
        async throws
    {
        var setup = Town.Setup()
        setup.uploads = status
        let town = Town(setup)
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(media: [pictureAddress]),
            over: town.wire(at: Sample.now, pictures: [pictureAddress: picture]))
        #expect(ticket.remark?.contains("1 pictures were not taken") == true)
        let text = try #require(try sent(town, "POST")["description"] as? String)
        #expect(text.contains(pictureAddress))
    }

    @Test func `a photo without an answer leaves nothing open`() async throws {
        var setup = Town.Setup()
        setup.uploads = 502
        let town = Town(setup)
        let wire = town.wire(at: Sample.now, pictures: [pictureAddress: picture])
        let message = try Sample.report(media: [pictureAddress])
        await #expect(throws: PeerError(.later(nil), "answered 502", status: 502)) {
            try await Sample.adapter.deliver(message, over: wire)
        }
    }

    @Test func `an unknown field is left out with 201, and that is told`() async throws {
        var setup = Town.Setup()
        setup.fields = [2, 3, 4]
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(answers: [PeerAnswer(code: "6", values: ["high"])]),
            over: Town(setup).wire)
        #expect(
            ticket.remark == "the field 1 (external_id) was not kept; "
                + "the field 5 (service) was not kept; the field 6 (an answer) was not kept")
    }

    @Test func `an unknown tracker becomes another one with 201, and that is told`() async throws {
        var setup = Town.Setup()
        setup.tracker = 1
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(), over: Town(setup).wire)
        #expect(ticket.remark == "it went under another tracker than 4")
    }

    @Test func `a subject is cut to 255 code points between two characters`() throws {
        let family = "👨‍👩‍👧‍👦"
        let message = try Sample.report(
            title: String(repeating: "x", count: 251) + family + "end")
        guard case .report(let report) = message.content else { return }
        let subject = RedmineAdapter.subject(of: report)
        #expect(subject == String(repeating: "x", count: 251))
    }

    @Test func `a status, a note and photos go in one call`() async throws {
        let town = Town()
        town.put(1, Sample.issue(status: #"{"id":1,"name":"New"}"#, journals: []))
        let ticket = try await Sample.adapter.deliver(
            try Sample.update(media: [pictureAddress]),
            over: town.wire(at: Sample.now, pictures: [pictureAddress: picture]))
        #expect(ticket == Ticket(id: "1"))
        let change = try sent(town, "PUT")
        #expect(change["status_id"] as? Int == 10)
        #expect(
            change["notes"] as? String
                == "It was filled with sand\n\n[ngo-7F3K2M9Q/u-7F3K2M9QTX]")
        #expect((change["uploads"] as? [Any])?.count == 1)
        #expect(town.calls.filter { $0.method == "PUT" }.count == 1)
    }

    @Test func `a status outside the workflow changes nothing with 204, and that is told`()
        async throws
    {
        var setup = Town.Setup()
        setup.allowed = [7]
        let town = Town(setup)
        town.put(1, Sample.issue(status: #"{"id":1,"name":"New"}"#, journals: []))
        let ticket = try await Sample.adapter.deliver(try Sample.update(), over: town.wire)
        #expect(
            ticket.remark == "the workflow did not let us make it “Fixed”: it is “New”")
    }

    @Test func `a status that is not there changes nothing, and that is told`() async throws {
        let town = Town()
        town.put(1, Sample.issue(status: #"{"id":1,"name":"New"}"#, journals: []))
        let ticket = try await Sample.adapter.deliver(
            try Sample.update(status: "Repaired"), over: town.wire)
        #expect(ticket.remark == "there is no status “Repaired”")
        #expect(try sent(town, "PUT")["status_id"] == nil)
    }

    @Test func `a private ticket stops the update, not the peer`() async throws {
        let town = Town()
        town.put(1, #"{"id":1,"hidden":true}"#)
        let message = try Sample.update()
        await #expect(
            throws: PeerError(.refused, "the ticket is private or deleted there", status: 403)
        ) {
            try await Sample.adapter.deliver(message, over: town.wire)
        }
    }

    @Test func `a project that is not there, or not ours, stops the peer and not the report`()
        async throws
    {
        var settings = Sample.settings()
        settings.project = "nowhere"
        var setup = Town.Setup()
        setup.mayWrite = false
        let message = try Sample.report()
        for (adapter, town) in [
            (RedmineAdapter(settings), Town()), (Sample.adapter, Town(setup)),
        ] {
            do throws(PeerError) {
                _ = try await adapter.deliver(message, over: town.wire)
                Testing.Issue.record("it was taken")
            } catch {
                #expect(error.kind == .forbidden)
                #expect(error.reason.contains("where our account may make tickets"))
            }
        }
    }

    @Test func `a report that lacks something is refused, with what Redmine said`() async throws {
        var setup = Town.Setup()
        setup.required = ["Width cannot be blank"]
        let message = try Sample.report()
        let town = Town(setup)
        await #expect(
            throws: PeerError(
                .refused, #"answered 422: {"errors":["Width cannot be blank"]}"#, status: 422)
        ) {
            try await Sample.adapter.deliver(message, over: town.wire)
        }
    }

    @Test func `a private report that became public there is told`() async throws {
        var setup = Town.Setup()
        setup.mayHide = false
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(visibility: .private), over: Town(setup).wire)
        #expect(ticket.remark == "it is not private there: our account may not make it so")
    }

    @Test func `an erasure is refused, because the history keeps what was said`() async throws {
        let node = try #require(Authority(rawValue: "ngo"))
        let message = Message(
            key: "ngo:1", content: .erasure(.everything), ticket: Ticket(id: "1"),
            provenance: Provenance(origin: node, originID: "ngo-1", path: [node]))
        let town = Town()
        await #expect(throws: PeerError.self) {
            try await Sample.adapter.deliver(message, over: town.wire)
        }
        #expect(town.calls.isEmpty)
    }
}
