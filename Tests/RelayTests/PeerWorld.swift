import CaseStore
import Federation
import Foundation
import Logging
import Reports
import Synchronization
import Testing

@testable import Relay

/// An outbox in memory, peers that answer as a test says, and a clock that moves on to the next thing
/// that is due whenever nothing is under way.
final class PeerWorld: Sendable {
    struct Call: Equatable {
        let time: Date
        let peer: String
        let number: Int
        let kind: Kind

        enum Kind { case deliver, find }
    }

    struct Row {
        var delivery: Delivery
        var lease = 0
        var until: Date?
        var holder = 0
        var attempts: [Attempt] = []
    }

    struct PeerRow {
        var failures = 0
        var probeDue: Date?
        var pauseReason: String?
    }

    struct State {
        var now: Date
        var rows: [Int: Row] = [:]
        /// What is not finished, by peer, in order.
        var open: [String: [Int]] = [:]
        var peers: [String: PeerRow] = [:]
        var calls: [Call] = []
        var accepted: [String: [Int]] = [:]
        var underway: [String: Set<Int>] = [:]
        var widest: [String: Int] = [:]
        var dead: Set<Int> = []
        var troubles = 0
        var relays = 0
        /// Two deliveries of one report to one peer were under way at once.
        var clashes = 0
    }

    typealias Deliver = @Sendable (Int, Message, Wire) async -> Result<Ticket, PeerError>
    typealias Find = @Sendable (Int, Wire) async -> Result<Ticket?, PeerError>

    static let start = Date(timeIntervalSince1970: 1_700_000_000)
    let state = Mutex(State(now: start))
    private let base = ContinuousClock.now

    var now: Date { state.withLock { $0.now } }
    var calls: [Call] { state.withLock { $0.calls } }

    func accepted(_ peer: String) -> [Int] { state.withLock { $0.accepted[peer] ?? [] } }
    func row(_ number: Int) -> Row? { state.withLock { $0.rows[number] } }
    func delivery(_ number: Int) -> Delivery? { row(number)?.delivery }
    var open: Int { state.withLock { $0.open.values.reduce(0) { $0 + $1.count } } }

    /// Puts a delivery into the outbox; `number` is its id, and tells which event it is about.
    func add(
        _ number: Int, report: Int, to peer: String, kind: Delivery.Kind = .update,
        doubt: Delivery.Doubt = .none, service: String = "HOLE"
    ) throws {
        let delivery = Delivery(
            id: .init(number: number), peer: try #require(Peer.Name(rawValue: peer)),
            report: try #require(Report.ID(rawValue: "\(service)-\(report)")),
            event: Event.ID(uuid: try #require(Self.uuid(number))), kind: kind,
            update: kind == .update ? Update.ID(rawValue: "u-\(number)") : nil, doubt: doubt,
            created: now, due: now)
        state.withLock { state in
            state.rows[number] = Row(delivery: delivery)
            state.open[peer, default: []].append(number)
            state.peers[peer, default: PeerRow()] = state.peers[peer] ?? PeerRow()
        }
    }

    private static func uuid(_ number: Int) -> UUID? {
        let digits = String(number)
        let zeros = String(repeating: "0", count: 12 - digits.count)
        return UUID(uuidString: "018bcfe5-6800-7000-8000-\(zeros)\(digits)")
    }

    /// A peer of this world.
    func line(
        _ name: String, resend: AdapterTraits.Resend = .none, unanswered: Peer.Unanswered = .park,
        concurrency: Int = 4, retry: Peer.Retry = Peer.Retry(), breaker: Breaker = .standard,
        secrets: [String] = [], wire: Wire? = nil,
        find: @escaping Find = { _, _ in .success(nil) },
        deliver: @escaping Deliver
    ) throws -> PeerLine {
        var mapping = Mapping()
        mapping.servicesOut[try #require(Service.Code(rawValue: "HOLE"))] = "1"
        for detail in Detail.allCases { mapping.statusesOut[detail] = detail.rawValue }
        let peer = Peer(
            name: try #require(Peer.Name(rawValue: name)),
            authority: try #require(Authority(rawValue: name)), flow: [.reportsOut, .updatesOut],
            mapping: mapping, pace: .init(concurrency: concurrency), retry: retry, breaker: breaker,
            unanswered: unanswered)
        let adapter = FakeAdapter(
            traits: AdapterTraits(resend: resend, carries: [.reports, .updates]),
            deliver: { message, wire in
                let number = Int(message.key.suffix(12)) ?? 0
                self.begin(number, at: name, .deliver)
                let result = await deliver(number, message, wire)
                self.end(number, at: name, result)
                return result
            },
            find: { message, wire in
                let number = Int(message.key.suffix(12)) ?? 0
                self.state.withLock {
                    $0.calls.append(.init(time: $0.now, peer: name, number: number, kind: .find))
                }
                return await find(number, wire)
            })
        return PeerLine(
            peer: peer, adapter: adapter,
            wire: wire ?? Wire(now: { self.now }) { _ in .init(status: 200) }, secrets: secrets)
    }

    private func begin(_ number: Int, at peer: String, _ kind: Call.Kind) {
        state.withLock { state in
            state.calls.append(.init(time: state.now, peer: peer, number: number, kind: kind))
            let report = state.rows[number]?.delivery.report
            let others = state.underway[peer] ?? []
            if others.contains(where: { state.rows[$0]?.delivery.report == report }) {
                state.clashes += 1
            }
            state.underway[peer] = others.union([number])
            state.widest[peer] = max(state.widest[peer] ?? 0, others.count + 1)
        }
    }

    private func end(_ number: Int, at peer: String, _ result: Result<Ticket, PeerError>) {
        state.withLock { state in
            state.underway[peer]?.remove(number)
            if case .success = result { state.accepted[peer, default: []].append(number) }
        }
    }
}

/// An adapter that does as a test says.
struct FakeAdapter: Adapter {
    let traits: AdapterTraits
    let deliver: @Sendable (Message, Wire) async -> Result<Ticket, PeerError>
    let find: @Sendable (Message, Wire) async -> Result<Ticket?, PeerError>

    func deliver(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket {
        try await deliver(message, wire).get()
    }

    func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        try await find(message, wire).get()
    }

    func collect(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        Page(items: [], next: Cursor(text: ""), isLast: true)
    }

    func resolve(_ token: String, over wire: Wire) async throws(PeerError) -> Ticket? { nil }

    func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        PeerReport(software: "a test", services: nil)
    }
}

extension PeerWorld {
    /// Runs so many relays with these peers until something is so, and stops them cleanly.
    func run(
        _ lines: [PeerLine], relays: Int = 1,
        adapting: (inout Dispatcher.Surroundings) -> Void = { _ in },
        until isEnough: @escaping @Sendable (PeerWorld) -> Bool
    ) async throws {
        let enough = AsyncStream.makeStream(of: Void.self)
        let node = try #require(Authority(rawValue: "town.example"))
        var dispatchers: [Dispatcher] = []
        for _ in 0..<relays {
            var surroundings = surroundings {
                if isEnough(self) { enough.continuation.finish() }
            }
            adapting(&surroundings)
            dispatchers.append(
                Dispatcher(
                    surroundings, lines: lines, node: node,
                    addresses: PublicAddresses(report: { "\($0.id)" }, picture: { $0 }),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        }
        await withTaskGroup(of: Void.self) { group in
            for dispatcher in dispatchers { group.addTask { await dispatcher.run() } }
            for await _ in enough.stream {}
            group.cancelAll()
        }
    }

    /// The surroundings of one relay; `look` is called with each pause.
    private func surroundings(_ look: @escaping @Sendable () -> Void) -> Dispatcher.Surroundings {
        let relay = state.withLock { state in
            state.relays += 1
            return state.relays
        }
        return Dispatcher.Surroundings(
            due: { _ in self.due() },
            claim: { peer, limit, _ in self.claim(peer, limit, for: relay) },
            keep: { turns async throws(CaseStoreError) in
                guard !self.state.withLock({ $0.dead.contains(relay) }) else { throw .unavailable }
                return self.keep(turns)
            },
            finish: { turn, step, attempt, _ async throws(CaseStoreError) in
                try self.finish(turn, step, attempt)
            },
            attempts: { id in self.row(id.number)?.attempts ?? [] },
            noteFailure: { peer, probe, _ in
                self.state.withLock { state in
                    var row = state.peers[peer.name.rawValue] ?? PeerRow()
                    row.failures += 1
                    if row.failures >= peer.breaker.patience { row.probeDue = probe }
                    state.peers[peer.name.rawValue] = row
                }
            },
            pausePeer: { name, reason, _ in
                self.state.withLock { $0.peers[name.rawValue]?.pauseReason = reason }
            },
            now: { self.now },
            instant: {
                self.base.advanced(by: .seconds(self.now.timeIntervalSince(Self.start)))
            },
            chance: { 0.5 },
            pause: {
                self.moveOn()
                look()
                await Task.yield()
            },
            // Until it is cancelled.
            beat: { try? await Task.sleep(for: .seconds(3600)) },
            grace: { try? await Task.sleep(for: .seconds(3600)) })
    }

    /// Moves the clock to what is due next, if nothing is under way or could be claimed.
    private func moveOn() {
        state.withLock { state in
            var next: Date?
            for (peer, numbers) in state.open {
                guard let row = state.peers[peer], row.pauseReason == nil else { continue }
                var seen: Set<Report.ID> = []
                for number in numbers {
                    guard let row = state.rows[number] else { continue }
                    if row.until != nil, !state.dead.contains(row.holder) { return }
                    guard seen.insert(row.delivery.report).inserted,
                        row.delivery.state == .waiting
                    else { continue }
                    let due = max(
                        row.until ?? row.delivery.due, row.delivery.due,
                        state.peers[peer]?.probeDue ?? row.delivery.due)
                    next = min(next ?? due, due)
                }
            }
            if let next, next > state.now { state.now = next }
        }
    }

    private func due() -> Set<Peer.Name> {
        state.withLock { state in
            Set(state.open.filter { !$0.value.isEmpty }.keys.compactMap { Peer.Name(rawValue: $0) })
        }
    }

    private func claim(_ peer: Peer, _ limit: Int, for relay: Int) -> [DeliveryTurn] {
        let name = peer.name.rawValue
        return state.withLock { state in
            guard let shared = state.peers[name], shared.pauseReason == nil,
                !state.dead.contains(relay)
            else { return [] }
            let numbers = state.open[name] ?? []
            let held = numbers.filter { number in
                state.rows[number]?.until.map { $0 > state.now } ?? false
            }
            var room = min(limit, peer.pace.concurrency - held.count)
            if let probe = shared.probeDue {
                guard probe <= state.now, held.isEmpty else { return [] }
                room = 1
            }
            var turns: [DeliveryTurn] = []
            var seen: Set<Report.ID> = []
            for number in numbers where turns.count < room {
                guard var row = state.rows[number], seen.insert(row.delivery.report).inserted,
                    row.delivery.state == .waiting, row.delivery.due <= state.now,
                    row.until.map({ $0 <= state.now }) ?? true
                else { continue }
                if row.until != nil, row.delivery.doubt == .none { row.delivery.doubt = .ambiguous }
                row.lease += 1
                row.until = state.now.addingTimeInterval(30)
                row.holder = relay
                state.rows[number] = row
                if let turn = turn(row) { turns.append(turn) }
            }
            if !turns.isEmpty, shared.probeDue != nil {
                state.peers[name]?.probeDue = peer.breaker.probe(after: state.now)
            }
            return turns
        }
    }

    private func turn(_ row: Row) -> DeliveryTurn? {
        let delivery = row.delivery
        let service = delivery.report.rawValue.prefix { $0 != "-" }
        guard let code = Service.Code(rawValue: String(service)),
            let town = Jurisdiction.ID(rawValue: "town.example"),
            let node = Authority(rawValue: "town.example")
        else { return nil }
        let report = Report(
            id: delivery.report, jurisdiction: town, service: code,
            description: "What Ann wrote of a hole", requested: Self.start, updated: Self.start,
            coordinate: Coordinate(latitude: 42, longitude: 23), published: Self.start)
        let update = delivery.update.map {
            Update(
                id: $0, report: report.id, detail: .open, description: "What Ann added",
                published: Self.start)
        }
        let subject = Translation.Subject(
            delivery: delivery, report: report, update: update,
            provenance: Provenance(origin: node, originID: report.id.rawValue, path: [node]),
            ticket: delivery.kind == .report ? nil : Ticket(id: "T\(report.id)"))
        return DeliveryTurn(subject, lease: row.lease)
    }

    private func keep(_ turns: [DeliveryTurn]) -> Set<Delivery.ID> {
        state.withLock { state in
            let ours = turns.map(\.delivery.id).filter { id in
                turns.contains {
                    $0.delivery.id == id && $0.lease == state.rows[id.number]?.lease
                }
            }
            for id in ours { state.rows[id.number]?.until = state.now.addingTimeInterval(30) }
            return Set(ours)
        }
    }

    private func finish(
        _ turn: DeliveryTurn, _ step: DeliveryStep, _ attempt: Attempt?
    ) throws(CaseStoreError) -> Bool {
        let number = turn.delivery.id.number
        let result: Result<Bool, CaseStoreError> = state.withLock { state in
            guard var row = state.rows[number] else { return .success(false) }
            guard state.troubles == 0, !state.dead.contains(row.holder) else {
                state.troubles = max(0, state.troubles - 1)
                return .failure(.unavailable)
            }
            guard row.lease == turn.lease, row.until != nil else { return .success(false) }
            row.until = nil
            if let attempt {
                row.attempts.append(attempt)
                row.delivery.attempts += 1
                row.delivery.firstTried = row.delivery.firstTried ?? attempt.started
            }
            let peer = row.delivery.peer.rawValue
            switch step {
            case .done:
                row.delivery.state = .done

                if row.delivery.doubt == .ambiguous { row.delivery.doubt = .none }
                state.peers[peer]?.failures = 0
                state.peers[peer]?.probeDue = nil
            case .postponed(let due, let doubt):
                (row.delivery.due, row.delivery.doubt) = (due, doubt)
            case .parked(let reason, let doubt):
                (row.delivery.state, row.delivery.reason) = (.parked, reason)
                row.delivery.doubt = doubt
            case .refused(let reason):
                (row.delivery.state, row.delivery.reason) = (.refused, reason)
            case .dropped(let reason):
                (row.delivery.state, row.delivery.reason) = (.dropped, reason)
            }
            if case .refused = step {
                state.peers[peer]?.failures = 0
                state.peers[peer]?.probeDue = nil
            }
            state.rows[number] = row
            if ![.waiting, .parked].contains(row.delivery.state) {
                state.open[peer]?.removeAll { $0 == number }
            }
            return .success(true)
        }
        return try result.get()
    }
}
