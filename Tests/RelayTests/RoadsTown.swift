import CaseStore
import DatabaseKit
import Federation
import Foundation
import Logging
import LoopbackKit
import Outbound
import Postgres
import Reports
import Synchronization
import Testing

@testable import Relay

/// A town whose reports and updates go to one peer, over a real database and a real socket.
struct RoadsTown: Sendable {
    let store: CaseStore
    let jurisdiction: Jurisdiction
    let client: Client.ID
    let peer: Peer
    let line: PeerLine

    static func with(
        _ server: Server, concurrency: Int = 8, connections: Int = 4,
        _ body: (RoadsTown) async throws -> Void
    ) async throws {
        let guardian = OutboundGuard.Settings(
            ports: [server.port], allow: [try #require(.init("127.0.0.1"))])
        let town = try jurisdiction()
        let peer = try peer(concurrency: concurrency)
        let node = try #require(Authority(rawValue: "town.example"))
        try await OutboundClient.with(.init(guardian)) { outbound in
            try await TestDatabase.withPool(connections: connections, transactions: 2) { pool in
                var settings = CaseStore.Settings()
                settings.peering = Peering(node: node, peers: [peer])
                settings.sealer = Sealer(.made())
                let store = CaseStore(pool: pool, settings: settings)
                try await store.migrate()
                _ = try await store.publish(Catalogue([town]), now: Date())
                try await store.register(settings.peering, now: Date())
                var source = SystemRandomNumberGenerator()
                let client = try await store.create(
                    key: Key(using: &source), name: "a test", scopes: [.report], now: Date())
                let base = "http://127.0.0.1:\(server.port)/"
                let wire = try PeerWire(to: [base], over: outbound).wire
                try await body(
                    RoadsTown(
                        store: store, jurisdiction: town, client: client.id, peer: peer,
                        line: PeerLine(
                            peer: peer, adapter: RoadsAdapter(base: base), wire: wire,
                            secrets: [])))
            }
        }
    }

    private static func jurisdiction() throws -> Jurisdiction {
        let english = try #require(Language(rawValue: "en"))
        let name = Localized([english: "Town"])
        let hole = Service(
            code: try #require(.init(rawValue: "HOLE")), name: name, group: name,
            answersWith: .realtime, visibility: .public)
        return Jurisdiction(
            id: try #require(.init(rawValue: "town.example")),
            slug: try #require(.init(rawValue: "town")), name: name, contact: "help@example.org",
            languages: [english], timeZone: "UTC", services: [hole])
    }

    private static func peer(concurrency: Int) throws -> Peer {
        var mapping = Mapping()
        mapping.servicesOut[try #require(Service.Code(rawValue: "HOLE"))] = "12"
        for detail in Detail.allCases { mapping.statusesOut[detail] = detail.status.rawValue }
        return Peer(
            name: try #require(Peer.Name(rawValue: "roads")),
            authority: try #require(Authority(rawValue: "roads.example")),
            flow: [.reportsOut, .updatesOut], rules: [Rule()], mapping: mapping,
            pace: .init(concurrency: concurrency))
    }

    func add(_ number: Int) async throws -> Report.ID {
        let draft = Report.Draft(
            jurisdiction: jurisdiction, stage: .production,
            service: try #require(jurisdiction.services.first),
            place: try #require(
                Place(
                    coordinate: Coordinate(latitude: 42, longitude: 23), address: nil,
                    addressID: nil)), description: "number 0")
        let digits = String(number)
        let fingerprint = Array((String(repeating: "0", count: 32 - digits.count) + digits).utf8)
        let idempotency = Idempotency(source: .key("k\(number)"), fingerprint: fingerprint)
        return try await store.add(draft, by: client, idempotency: idempotency, now: Date())
            .receipt.id
    }

    func tell(_ number: Int, of report: Report.ID) async throws {
        let draft = Update.Draft(
            report: report, jurisdiction: jurisdiction.id, stage: .production,
            foreignID: "\(number)", told: Date(), detail: nil, description: "number \(number)")
        _ = try await store.publish(draft, by: client, actor: .client, now: Date())
    }

    /// A relay whose time goes by a hundred times as fast, so that a pause of the schedule is short.
    func dispatcher(hurrying: Double = 100) throws -> Dispatcher {
        let (start, began) = (Date(), ContinuousClock.now)
        var surroundings = Dispatcher.Surroundings(store: store, interval: .milliseconds(20))
        surroundings.now = {
            start.addingTimeInterval((ContinuousClock.now - began) / .seconds(1) * hurrying)
        }
        return Dispatcher(
            surroundings, lines: [line], node: try #require(Authority(rawValue: "town.example")),
            addresses: PublicAddresses(
                report: { "https://town.example/\($0.id)" }, picture: { $0 }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Runs relays until nothing waits, or only so many.
    func drain(_ dispatchers: [Dispatcher], until most: Int = 0) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for dispatcher in dispatchers { group.addTask { await dispatcher.run() } }
            while try await waiting() > most { try await Task.sleep(for: .milliseconds(20)) }
            group.cancelAll()
        }
    }

    func waiting() async throws -> Int {
        try await store.deliveries(DeliveryFilter(states: [.waiting], limit: 100_000)).count
    }
}

/// Speaks with a peer that takes one line for each message.
struct RoadsAdapter: Adapter {
    let base: String
    let traits = AdapterTraits(resend: .lookup, carries: [.reports, .updates])

    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket {
        let (report, number) = said(by: message)
        let body = "key=\(message.key)&report=\(report)&\(number)"
        let reply = try await wire.send(.init("POST", base, body: Array(body.utf8)))
        switch reply.status {
        case 200: return Ticket(id: String(decoding: reply.body, as: UTF8.self))
        case 503:
            throw PeerError(.later(reply.retryAfter), "is busy", status: reply.status)
        default: throw PeerError(.refused, "answered \(reply.status)", status: reply.status)
        }
    }

    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let reply = try await wire.send(.init("GET", base + "?key=" + message.key))
        guard reply.status == 200 else {
            throw PeerError(.later(nil), "answered \(reply.status)", status: reply.status)
        }
        return reply.body.isEmpty ? nil : Ticket(id: String(decoding: reply.body, as: UTF8.self))
    }

    private func said(by message: Message) -> (report: String, text: String) {
        switch message.content {
        case .report(let report): (report.id.rawValue, report.description ?? "")
        case .update(let update): (message.ticket?.id ?? "", update.description ?? "")
        case .erasure: ("", "")
        }
    }

    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        Page(items: [], next: Cursor(text: ""), isLast: true)
    }

    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        PeerReport(software: "a test", services: nil)
    }
}

/// What the peer took, and how it fails by chance.
final class RoadsLedger: Sendable {
    private struct State {
        var taken: [(key: String, report: String, number: Int)] = []
        var repeats = 0
    }

    private let state = Mutex(State())
    /// Of ten tries, so many fail.
    private let failing: Int

    init(failing: Int) { self.failing = failing }

    var count: Int { state.withLock { $0.taken.count } }
    var repeats: Int { state.withLock { $0.repeats } }
    /// The numbers that were taken of each report, in their order.
    var numbers: [String: [Int]] {
        state.withLock {
            $0.taken.reduce(into: [:]) { $0[$1.report, default: []].append($1.number) }
        }
    }

    func reply(to request: String) -> LoopbackKit.Reply {
        guard request.hasPrefix("POST") else { return found(request) }
        let body = request.components(separatedBy: "\r\n\r\n").last ?? ""
        let parts = body.components(separatedBy: "&")
        let report = parts[1].replacing("report=T-", with: "").replacing("report=", with: "")
        let number = Int(parts[2].filter(\.isNumber)) ?? -1
        let dice = Int.random(in: 0..<10)
        if dice < failing, dice.isMultiple(of: 3) { return .end(after: "") }
        if dice < failing, dice % 3 == 1 { return .answer(503, "Retry-After: 1", body: "") }
        state.withLock { state in
            if state.taken.contains(where: { $0.key == parts[0] }) { state.repeats += 1 }
            state.taken.append((parts[0], report, number))
        }
        return dice < failing ? .end(after: "") : .answer(body: "T-\(report)")
    }

    private func found(_ request: String) -> LoopbackKit.Reply {
        let key = request.split(separator: " ")[1].replacing("/?", with: "")
        let report = state.withLock { $0.taken.first { $0.key == key }?.report }
        return .answer(body: report.map { "T-\($0)" } ?? "")
    }
}

/// Something that becomes so once: a class, because two tasks share it.
final class Flag: Sendable {
    private let state = Mutex(false)

    var isUp: Bool { state.withLock { $0 } }

    func raise() { state.withLock { $0 = true } }
}
