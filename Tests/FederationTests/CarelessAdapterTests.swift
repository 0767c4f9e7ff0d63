import AdapterKit
import Federation
import Foundation
import Reports
import Testing

/// The kit finds what a careless author forgot: otherwise it would prove nothing.
@Suite struct CarelessAdapterTests {
    private func findings(of adapter: CarelessAdapter) async throws -> [String] {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        let message = Message(
            key: "town:1",
            content: .report(
                OutgoingReport(
                    id: try #require(Report.ID(rawValue: "town-1")), address: "https://town/1",
                    service: "12", description: "A deep hole", place: nil, requested: now,
                    reporter: Reporter(email: "ann@example.org"))),
            provenance: Provenance(
                origin: try #require(Authority(rawValue: "town")), originID: "1", path: []))
        return await AdapterConformance(
            of: adapter, at: CarelessAdapter.base, secrets: ["s3cret"], messages: [message],
            now: now
        ) {
            { call in
                Wire.Reply(status: 200, body: Array((call.method == "GET" ? "[]" : "T-1").utf8))
            }
        }.findings()
    }

    @Test(arguments: [
        (CarelessAdapter.Fault.resends, "it was sent again by itself"),
        (.believesAnything, "is believed to have it"), (.believesAnything, "is not ambiguous"),
        (.tellsSecrets, "tells a secret"), (.readsAnything, "read as a list without changes"),
        (.readsAnything, "a log-in page passes the check"),
        (.readsAnything, "is believed to have nothing new"),
        (.hastens, "should be one of"), (.forgetsKey, "goes without its key"),
        (.goesElsewhere, "another address than the peer's"), (.findsNothing, "is not found"),
    ])
    func `what an author forgets is found`(fault: CarelessAdapter.Fault, told: String) async throws
    {
        let findings = try await findings(of: CarelessAdapter(fault: fault))
        #expect(findings.contains { $0.contains(told) }, "\(findings)")
    }

    @Test func `an adapter that forgets nothing is found fault with by nobody`() async throws {
        let findings = try await findings(of: CarelessAdapter(fault: .none))
        #expect(findings == [])
    }
}

/// An adapter with one fault.
struct CarelessAdapter: Adapter {
    static let base = "https://peer.example/"
    let fault: Fault

    enum Fault: Sendable {
        case none, resends, believesAnything, tellsSecrets, readsAnything, hastens, forgetsKey
        case goesElsewhere, findsNothing
    }

    var traits: AdapterTraits {
        AdapterTraits(resend: fault == .findsNothing ? .lookup : .idempotent, carries: [.reports])
    }

    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket {
        let base = fault == .goesElsewhere ? "https://other.example/" : Self.base
        let key = fault == .forgetsKey ? "" : message.key
        let call = Wire.Call(
            "POST", base, headers: [.init("X-Key", "s3cret"), .init("Idempotency-Key", key)])
        do throws(PeerError) {
            return try ticket(in: try await wire.send(call))
        } catch {
            guard fault == .resends else { throw error }
            return try ticket(in: try await wire.send(call))
        }
    }

    private func ticket(in reply: Wire.Reply) throws(PeerError) -> Ticket {
        let text = String(decoding: reply.body, as: UTF8.self)
        if fault == .believesAnything { return Ticket(id: "T-1") }
        let reason = fault == .tellsSecrets ? text : "answered \(reply.status)"
        switch reply.status {
        case 200 where text == "T-1": return Ticket(id: text)
        case 401: throw PeerError(.forbidden, reason)
        case 429, 500...:
            throw PeerError(.later(fault == .hastens ? nil : reply.retryAfter), reason)
        case 400..<500: throw PeerError(.refused, reason)
        default: throw PeerError(.ambiguous, reason)
        }
    }

    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        let reply = try await wire.send(Wire.Call("GET", Self.base))
        let isList = reply.status == 200 && reply.body == Array("[]".utf8)
        guard isList || fault == .readsAnything else { throw PeerError(.later(nil), "no list") }
        return Page(items: [], next: Cursor(text: "1"), isLast: true)
    }

    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        _ = try await collect(after: nil, over: wire)
        return PeerReport(software: "a test", services: nil)
    }
}
