import Federation
import Foundation
import Testing

@testable import Redmine

/// Looking for what was handed over without an answer (backoffice.md 2, rule 2, and 4).
@Suite struct `Finding at Redmine` {
    @Test func `a ticket that staff closed already is found`() async throws {
        let town = Town()
        town.put(
            7, Sample.issue(7, status: #"{"id":10,"name":"Fixed","is_closed":true}"#, journals: []))
        let ticket = try await Sample.adapter.find(
            try Sample.report(tried: Sample.now), over: town.wire)
        #expect(ticket == Ticket(id: "7"))
    }

    @Test func `a field that is no filter lists all tickets, and only ours is taken`()
        async throws
    {
        var setup = Town.Setup()
        setup.filters = []
        let town = Town(setup)
        for number in 1...250 {
            town.put(number, Sample.issue(number, reference: "ngo-OTHER\(number)", journals: []))
        }
        let message = try Sample.report(tried: Sample.now)
        #expect(try await Sample.adapter.find(message, over: town.wire) == nil)
        #expect(town.calls.filter { $0.address.contains("issues.json") }.count == 3)
        town.put(251, Sample.issue(251, journals: []))
        #expect(try await Sample.adapter.find(message, over: town.wire) == Ticket(id: "251"))
    }

    @Test func `of two tickets the first one is ours, and the other is told`() async throws {
        let town = Town()
        for number in [9, 4] { town.put(number, Sample.issue(number, journals: [])) }
        let ticket = try await Sample.adapter.find(
            try Sample.report(tried: Sample.now), over: town.wire)
        #expect(ticket?.id == "4")
        #expect(ticket?.remark == "others bear our id as well: 9")
    }

    @Test func `a key that is taken no more does not mean that nothing is there`() async throws {
        var settings = Sample.settings()
        settings.apiKey = "old"
        let adapter = RedmineAdapter(settings)
        let message = try Sample.report(tried: Sample.now)
        await #expect(throws: PeerError(.forbidden, "answered 401", status: 401)) {
            try await adapter.find(message, over: Town().wire)
        }
    }

    @Test func `whoever hands over again looks first`() async throws {
        let town = Town()
        let first = try await Sample.adapter.deliver(try Sample.report(), over: town.wire)
        let again = try await Sample.adapter.deliver(
            try Sample.report(tried: Sample.now), over: town.wire)
        #expect(first == again)
        #expect(town.calls.filter { $0.method == "POST" }.count == 1)
    }

    @Test func `an update is found by its mark, and by nobody else's words`() async throws {
        let town = Town()
        let mark = "[ngo-7F3K2M9Q/u-7F3K2M9QTX]"
        town.put(1, Sample.issue(journals: [Sample.entry(1, notes: "See \(mark)\n\(mark)")]))
        let message = try Sample.update(tried: Sample.now)
        #expect(try await Sample.adapter.find(message, over: town.wire) == nil)
        town.put(1, Sample.issue(journals: [Sample.entry(1, notes: "Sand\n\n\(mark)", user: 5)]))
        #expect(try await Sample.adapter.find(message, over: town.wire) == Ticket(id: "1"))
    }
}
