import Federation
import Foundation
import Reports
import Testing

@testable import Roundup

enum Sample {
    static let now = Date(timeIntervalSince1970: 1_776_643_200)

    static func settings(flow: Peer.Flow = [.reportsOut, .updatesOut, .updatesIn])
        -> RoundupSettings
    {
        RoundupSettings(
            address: City.base, user: "gateway", password: "s3cret-word",
            fields: RoundupSettings.Fields(
                externalID: "external_id", latitude: "latitude", longitude: "longitude",
                address: "address", service: "service_code", public: "public"),
            flow: flow)
    }

    static let adapter = RoundupAdapter(settings())

    static func report(media: [String] = [], tried: Date? = nil) throws -> Message {
        let report = OutgoingReport(
            id: try #require(Report.ID(rawValue: "ngo-7F3K2M9Q")),
            address: "https://ngo.example/reports/ngo-7F3K2M9Q", service: "POTHOLE",
            title: "A hole", description: "So deep that a car was lost in it",
            place: Place(
                coordinate: Coordinate(latitude: 42.6977, longitude: 23.3219),
                address: "Vitosha Boulevard 15", addressID: nil),
            media: media, requested: now,
            reporter: Reporter(email: "ann@example.org", firstName: "Annabel"))
        return try message(.report(report), tried: tried)
    }

    static func update(
        status: String? = "fixed", ticket: String = "1", tried: Date? = nil
    ) throws -> Message {
        let update = OutgoingUpdate(
            id: try #require(Update.ID(rawValue: "u-7F3K2M9QTX")), status: status,
            detail: .fixed, description: "It was filled with sand", told: now,
            report: Report.ID(rawValue: "ngo-7F3K2M9Q"))
        return try message(.update(update), ticket: Ticket(id: ticket), tried: tried)
    }

    private static func message(
        _ content: Message.Content, ticket: Ticket? = nil, tried: Date?
    ) throws -> Message {
        let node = try #require(Authority(rawValue: "ngo"))
        return Message(
            key: "ngo:0198-1", content: content, ticket: ticket,
            provenance: Provenance(origin: node, originID: "ngo-7F3K2M9Q", path: [node]),
            firstTried: tried)
    }

    /// A tracker with one issue of ours and these messages.
    static func city(
        _ messages: [[String: Any]] = [], superseder: [String] = [],
        reference: String = "ngo-7F3K2M9Q"
    ) -> City {
        var state = City.State()
        let numbered = messages.enumerated().map { index, message in
            message.merging(["id": "\(index + 1)"]) { $1 }
        }
        state.messages = numbered.map(City.data)
        state.files = [
            City.data(["id": "1", "type": "image/png"]),
            City.data(["id": "2", "type": "text/plain"]),
        ]
        let links = numbered.map { ["id": $0["id"] ?? ""] }
        state.issues = [
            City.data([
                "id": "1", "title": "A hole", "external_id": reference, "messages": links,
                "status": ["id": "2", "name": "fixed"], "superseder": superseder.map { ["id": $0] },
                "creation": "2026-04-19.00:00:00", "activity": "2026-04-20.00:00:00.123",
            ])
        ]
        return City(state)
    }

    static func said(
        _ text: String, author: String = "4", isPublic: Bool = true, name: String = "",
        files: [String] = []
    ) -> [String: Any] {
        [
            "content": text, "author": ["id": author], "public": isPublic ? 1 : 0,
            "messageid": name, "date": "2026-04-19.12:00:00", "files": files.map { ["id": $0] },
        ]
    }
}

extension Page {
    var told: [String] {
        items.map { item in
            switch item {
            case .update(let update):
                ([update.id, update.description ?? "–"] + update.media).joined(separator: " | ")
            case .report(let report): "report \(report.id) \(report.status)"
            }
        }
    }
}

@Suite struct `Handing over to Roundup` {
    private func body(_ city: City, _ method: String, _ end: String) throws -> [String: Any] {
        let call = try #require(
            city.calls.last { $0.method == method && $0.address.hasSuffix(end) })
        return City.object(Data(call.body))
    }

    @Test func `a report is a message first, with an author, and then an issue`() async throws {
        let city = City()
        let picture = OutgoingPicture(
            name: "7f3k2m.jpg", mediaType: "image/jpeg", bytes: [0xFF, 0xD8])
        let address = "https://ngo.example/media/7f3k2m.jpg"
        let ticket = try await Sample.adapter.deliver(
            try Sample.report(media: [address]), over: city.wire(pictures: [address: picture]))
        #expect(ticket == Ticket(id: "1"))
        let message = try body(city, "POST", "msg")
        #expect(message["author"] as? String == "gateway")
        #expect(message["files"] as? [String] == ["1"])
        #expect(message["messageid"] as? String == "ngo-7F3K2M9Q@viaduct")
        let issue = try body(city, "POST", "issue")
        #expect(issue["messages"] as? [String] == ["1"])
        #expect(issue["external_id"] as? String == "ngo-7F3K2M9Q")
        #expect(issue["latitude"] as? Double == 42.6977)
    }

    @Test func `whoever asks for a pause gets it`() async throws {
        var state = City.State()
        state.pauses = 1
        let message = try Sample.report()
        await #expect(throws: PeerError(.later(.seconds(20)), "answered 429", status: 429)) {
            try await Sample.adapter.deliver(message, over: City(state).wire)
        }
    }

    @Test func `a wrong password is tried once, before the account is locked`() async throws {
        var settings = Sample.settings()
        settings.password = "wrong"
        let city = City()
        let message = try Sample.report()
        await #expect(
            throws: PeerError(.forbidden, "answered 401: Invalid Login", status: 401)
        ) {
            try await RoundupAdapter(settings).deliver(message, over: city.wire)
        }
        #expect(city.calls.count == 1)
    }

    @Test func `an update adds its message and sets the status in one change`() async throws {
        let city = Sample.city([Sample.said("Before")])
        let ticket = try await Sample.adapter.deliver(try Sample.update(), over: city.wire)
        #expect(ticket == Ticket(id: "1"))
        let change = try body(city, "PATCH", "issue/1")
        #expect(change["messages"] as? [String] == ["1", "2"])
        #expect(change["status"] as? String == "fixed")
        #expect(try body(city, "POST", "msg")["public"] as? Bool == true)
    }

    @Test func `an update without a status does not make the issue chatting`() async throws {
        let city = Sample.city()
        _ = try await Sample.adapter.deliver(try Sample.update(status: nil), over: city.wire)
        #expect(try body(city, "PATCH", "issue/1")["status"] as? String == "2")
    }

    @Test(arguments: [(1, true), (2, false)])
    func `somebody who was quicker makes it read the issue again, once`(
        races: Int, isTaken: Bool
    ) async throws {
        let city = Sample.city()
        city.change { $0.races = races }
        let message = try Sample.update()
        let ticket = try? await Sample.adapter.deliver(message, over: city.wire)
        #expect((ticket != nil) == isTaken)
        #expect(city.calls.filter { $0.method == "PATCH" }.count == 2)
        #expect(city.calls.filter { $0.method == "POST" }.count == 1)
    }

    @Test func `a status that is not there is refused`() async throws {
        let city = Sample.city()
        let message = try Sample.update(status: "flying")
        await #expect(throws: PeerError.self) {
            try await Sample.adapter.deliver(message, over: city.wire)
        }
    }
}

@Suite struct `Finding at Roundup` {
    @Test func `an id is looked for as it is, and not as a part of another one`() async throws {
        let city = Sample.city(reference: "ngo-7F3K2M9Q")
        let ticket = try await Sample.adapter.find(
            try Sample.report(tried: Sample.now), over: city.wire)
        #expect(ticket == Ticket(id: "1"))
        #expect(city.calls.last?.address.contains("external_id:=ngo-7F3K2M9Q") == true)
    }

    @Test func `a message that no issue names is nobody's`() async throws {
        let city = Sample.city([])
        let message = try Sample.update(tried: Sample.now)
        city.change {
            $0.messages = [
                City.data(["id": "9", "messageid": "ngo-7F3K2M9Q/u-7F3K2M9QTX@viaduct"])
            ]
        }
        #expect(try await Sample.adapter.find(message, over: city.wire) == nil)
    }

    @Test func `an update that was added is found`() async throws {
        let city = Sample.city()
        _ = try await Sample.adapter.deliver(try Sample.update(), over: city.wire)
        let message = try Sample.update(tried: Sample.now)
        #expect(try await Sample.adapter.find(message, over: city.wire) == Ticket(id: "1"))
    }
}

@Suite struct `Reading Roundup` {
    @Test func `what is public comes as it was said, then how the issue stands`() async throws {
        let city = Sample.city([
            Sample.said("We come on Monday", files: ["1", "2"]),
            Sample.said("The contractor is ACME", isPublic: false),
            Sample.said("Ours", author: "3", name: "ngo-7F3K2M9Q/u-1@viaduct"),
            Sample.said("By hand, with our account", author: "3"),
        ])
        let page = try await Sample.adapter.collect(after: nil, over: city.wire)
        #expect(
            page.told == [
                "msg1 | We come on Monday | peer:1", "msg4 | By hand, with our account",
                "report 1 fixed",
            ])
        #expect(page.isLast)
    }

    @Test func `without a flag nothing is public`() async throws {
        var settings = Sample.settings()
        settings.fields.public = nil
        let page = try await RoundupAdapter(settings).collect(
            after: nil, over: Sample.city([Sample.said("Hello")]).wire)
        #expect(page.told == ["report 1 fixed"])
    }

    @Test func `an issue that another one supersedes is merged`() async throws {
        let page = try await Sample.adapter.collect(
            after: nil, over: Sample.city(superseder: ["2"]).wire)
        #expect(page.told == ["report 1 merged"])
    }

    @Test func `times are asked for in UTC, and in no other zone`() async throws {
        let city = Sample.city()
        _ = try await Sample.adapter.collect(after: Cursor(text: "1776643200"), over: city.wire)
        #expect(
            city.calls.contains {
                $0.address.contains("activity=from%202026-04-19.23%3A45%3A00&")
            })
        city.change { $0.zone = "Europe/Zurich" }
        await #expect(
            throws: PeerError(
                .forbidden, "the account's time zone is Europe/Zurich: make it UTC")
        ) {
            try await Sample.adapter.collect(after: nil, over: city.wire)
        }
    }

    @Test func `an issue that a filter should have left out is left out`() async throws {
        let page = try await Sample.adapter.collect(
            after: Cursor(text: "1776729600"), over: Sample.city().wire)
        #expect(page.items.isEmpty)
    }

    @Test func `an issue that was retired is gone`() async throws {
        let city = Sample.city()
        #expect(try await Sample.adapter.look(at: ["1"], over: city.wire).isEmpty)
        city.change { $0.retired = ["1"] }
        let items = try await Sample.adapter.look(at: ["1"], over: city.wire)
        #expect(
            Page(items: items, next: Cursor(text: ""), isLast: true).told == ["report 1 gone"])
    }

    @Test func `a picture is asked for as bytes`() async throws {
        let city = Sample.city()
        #expect(try await Sample.adapter.picture("1", over: city.wire) == [0xFF, 0xD8])
        #expect(city.calls.last?.headers.contains(Wire.Header("Accept", "*/*")) == true)
        await #expect(throws: PeerError.self) {
            try await Sample.adapter.picture("1/../2", over: city.wire)
        }
    }
}

@Suite struct `Checking a Roundup` {
    @Test func `the zone, the properties and the right to write are proven`() async throws {
        let city = Sample.city()
        let report = try await Sample.adapter.check(over: city.wire)
        #expect(report.obstacles == [])
        #expect(report.software == "Roundup as gateway; statuses: unread, fixed")
        city.change { $0.zone = nil }
        #expect(try await Sample.adapter.check(over: city.wire).obstacles.count == 1)
        var settings = Sample.settings()
        settings.fields.service = "nothing"
        let obstacles = try await RoundupAdapter(settings).check(over: Sample.city().wire).obstacles
        #expect(obstacles.count == 1 && obstacles[0].hasPrefix("issue has no nothing"))
    }
}
