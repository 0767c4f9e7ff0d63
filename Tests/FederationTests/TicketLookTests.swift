import Federation
import Foundation
import Testing

/// A peer that tells of no change: who wants to know has to look.
private struct Silent: Adapter {
    var looks = 2
    var failing: Set<String> = []

    var traits: AdapterTraits { AdapterTraits(resend: .none, carries: [], looks: looks) }

    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket {
        throw PeerError(.refused, "no")
    }

    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        let count = (cursor.flatMap { Int($0.text) } ?? 0) + 1
        return Page(items: [], next: Cursor(text: "\(count)"), isLast: count % 2 == 0)
    }

    func look(at tickets: [String], over wire: Wire) async throws(PeerError) -> [Incoming] {
        guard failing.isDisjoint(with: tickets) else { throw PeerError(.later(nil), "down") }
        return tickets.map { id in
            .report(
                IncomingReport(
                    id: id, status: "open", requested: wire.now(), updated: wire.now()))
        }
    }

    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        PeerReport(software: "x", services: nil)
    }
}

@Suite struct `A look at tickets` {
    private let wire = Wire(now: { Date(timeIntervalSince1970: 0) }) { _ throws(PeerError) in
        throw PeerError(.refused, "nobody is called")
    }

    private func look(_ silent: Silent, _ open: [String]) -> TicketLook {
        TicketLook(by: silent) { last, limit throws(PeerError) in
            Array(open.filter { $0 > last }.prefix(limit))
        }
    }

    private func ids(_ page: Page) -> [String] {
        page.items.compactMap { item in
            if case .report(let report) = item { report.id } else { nil }
        }
    }

    @Test func `follows what the adapter has read`() async throws {
        let look = look(Silent(), ["a", "b", "c"])
        let first = try await look.page(after: nil, over: wire)
        #expect(ids(first) == [] && !first.isLast && first.next.text == "1")
        let second = try await look.page(after: first.next, over: wire)
        #expect(ids(second) == ["a", "b", "c"] && second.isLast)
        #expect(second.next.text == "2", "the round begins anew")
    }

    @Test func `goes on where the reading before ended`() async throws {
        let open = (100..<150).map(String.init)
        let look = look(Silent(), open)
        var cursor: Cursor?
        var seen: [String] = []
        for _ in 0..<6 {
            let page = try await look.page(after: cursor, over: wire)
            cursor = page.next
            seen += ids(page)
        }
        #expect(seen == open)
        #expect(cursor?.text == "6")
    }

    @Test func `leaves out what the peer fails at, until the next round`() async throws {
        let look = look(Silent(failing: ["a"]), ["a", "b", "c", "d"])
        let page = try await look.page(after: Cursor(text: "1"), over: wire)
        #expect(ids(page) == [] && page.unreadable == ["tickets from a on: down"])
        let next = try await look.page(
            after: Cursor(text: page.next.text.replacing("2", with: "3")), over: wire)
        #expect(ids(next) == ["c", "d"])
    }

    @Test func `is not had where every change is told`() async throws {
        let page = try await look(Silent(looks: 0), ["a"]).page(
            after: Cursor(text: "1"), over: wire)
        #expect(page == Page(items: [], next: Cursor(text: "2"), isLast: true))
    }
}
