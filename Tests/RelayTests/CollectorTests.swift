import CaseStore
import Federation
import Foundation
import Logging
import Reports
import Synchronization
import Testing

@testable import Relay

@Suite struct CollectorTests {
    /// The start of a day in which Europe's clocks go back, at one in the morning (UTC).
    static let autumn = Date(timeIntervalSince1970: 1_792_886_400)

    static let summer: @Sendable (Date) -> TimeInterval = { time in
        time < autumn.addingTimeInterval(3600) ? 7200 : 3600
    }

    static let manners: [(String, FakePeer.Manners)] = [
        ("no fault", .init()),
        ("15 minutes ahead, told", .init(lead: 900)),
        ("15 minutes behind, told", .init(lead: -900)),
        ("15 minutes ahead, not told", .init(lead: 900, tellsDate: false)),
        ("15 minutes behind, not told", .init(lead: -900, tellsDate: false)),
        ("a day ahead", .init(lead: 86_400)),
        ("a day behind", .init(lead: -86_400)),
        ("a day ahead, not told", .init(lead: 86_400, tellsDate: false)),
        ("a day behind, not told", .init(lead: -86_400, tellsDate: false)),
        ("pages", .init(paging: .numbered)),
        // An end that is left open holds all of the hour that comes twice, so a peer that cuts off
        // without pages must show as much.
        ("a clock on the wall", .init(limit: 4000, wall: summer)),
        ("a clock on the wall, and pages", .init(paging: .numbered, wall: summer)),
        (
            "a clock that is set back by a day",
            .init(lead: 86_400, isSet: (autumn.addingTimeInterval(9000), 0))
        ),
    ]

    /// 10,000 updates over six hours in which the clocks go back; a hundred of each thousand have
    /// one time, and each is listed up to half a minute late.
    static func entries(limit: Int) -> [FakePeer.Entry] {
        var source = SystemRandomNumberGenerator()
        return (0..<10_000).map { id in
            let group = id / 1000
            let isTied = id % 1000 < 100
            let offset =
                isTied
                ? Double(group) * 2160 + 7 : Double(Int.random(in: 0..<21_600, using: &source))
            let time = autumn.addingTimeInterval(offset)
            return FakePeer.Entry(
                id: id, report: id % 100, time: time,
                listed: time.addingTimeInterval(.random(in: 0...30, using: &source)))
        }
    }

    /// D12.
    @Test(.timeLimit(.minutes(10)), arguments: manners)
    func `of 10,000 updates none is missed`(
        name: String, manners: FakePeer.Manners
    ) async throws {
        var manners = manners
        // A peer that cuts off, and has more of one second than it shows, cannot be read whole.
        if manners.paging == .none { manners.limit = max(manners.limit, 150) }
        let peer = FakePeer(
            Self.entries(limit: manners.limit), manners,
            polling: Peer.Polling(sweep: .seconds(2 * 86_400)))
        let world = World(
            from: Self.autumn, to: Self.autumn.addingTimeInterval(21_600 + 60), readsUp: true)
        await world.run(peer)
        let (taken, read) = world.taken
        #expect(taken.count == 10_000)
        #expect(world.unreadable == 0)
        #expect(read >= 10_000)
        // About a reading a minute, of nine parts; to find their width costs some.
        if name == "no fault" { #expect(peer.asked < 376 * 20) }
    }

    @Test func `a page that fails is read again from where it began`() async throws {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(600))
        let asked = Mutex<[Cursor?]>([])
        await world.run { cursor, _ throws(PeerError) in
            let turn = asked.withLock {
                $0.append(cursor)
                return $0.count
            }
            switch turn {
            case 1: return Page(items: [], next: Cursor(text: "one"), isLast: false)
            // A page to log in where a list should be (block F, 116).
            case 2: throw PeerError(.later(nil), "it is HTML", status: 200)
            default: return Page(items: [], next: Cursor(text: "two"), isLast: true)
            }
        }
        let cursors = asked.withLock { $0.map { $0?.text } }
        #expect(cursors.prefix(4) == [nil, "one", "one", "two"])
        #expect(world.failures == ["it is HTML"])
    }

    @Test func `a reading that does not get on is a failure`() async throws {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(60))
        await world.run { _, _ in
            Page(items: [], next: Cursor(text: "same"), isLast: false)
        }
        #expect(world.failures.first == "its reading does not get on")
    }

    @Test(arguments: [
        (PeerError.Kind.later(nil), 1, 5.0), (.later(nil), 3, 60), (.later(nil), 50, 900),
        (.later(.seconds(1800)), 1, 1800), (.ambiguous, 2, 30), (.forbidden, 1, 900),
    ])
    func `after a failure it is read again soon, and not too often`(
        kind: PeerError.Kind, failures: Int, pause: Double
    ) async throws {
        let world = World(
            from: Self.autumn, to: Self.autumn.addingTimeInterval(1), failed: failures - 1)
        await world.run { _, _ throws(PeerError) in throw PeerError(kind, "no") }
        #expect(world.pauses.first == pause)
    }

    @Test(.timeLimit(.minutes(5))) func `a reading that takes long keeps its turn`() async {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(1))
        world.stop()
        await world.run { _, _ in
            while world.kept < 3 { await Task.yield() }
            world.goOn()
            return Page(items: [], next: Cursor(text: "x"), isLast: true)
        }
        #expect(world.kept >= 3)
    }

    @Test(.timeLimit(.minutes(5))) func `a turn that is somebody else's is kept no more`() async {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(1))
        world.stop()
        world.lose()
        await world.run { _, _ in
            while world.kept < 1 { await Task.yield() }
            for _ in 0..<20 { await Task.yield() }
            world.goOn()
            return Page(items: [], next: Cursor(text: "x"), isLast: true)
        }
        #expect(world.kept == 1)
    }

    @Test func `tickets of a peer that tells nothing by itself are looked at`() async throws {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(300))
        world.expect(tickets: (0..<120).map { "T\($0)" })
        await world.run { _, _ in Page(items: [], next: Cursor(text: "x"), isLast: true) }
        #expect(world.looked == [50, 50, 20])
    }

    @Test func `a token is asked for until it is a ticket, ever more seldom`() async throws {
        let world = World(from: Self.autumn, to: Self.autumn.addingTimeInterval(1200))
        world.expect(token: "t-1", ticket: "77", after: Self.autumn.addingTimeInterval(300))
        await world.run { _, _ in
            Page(items: [], next: Cursor(text: "x"), isLast: true)
        }
        #expect(world.resolved == ["t-1": "77"])
        let times = world.askedForToken
        let pauses = zip(times.dropFirst(), times).map { $0.timeIntervalSince($1) }
        #expect((2...4).contains(pauses.count))
        #expect(pauses == pauses.sorted())
    }
}

/// A world whose clock goes on by a minute whenever the collector waits and reads nothing, with one
/// peer in it.
final class World: Sendable {
    private struct State {
        var now: Date
        var cursor: Cursor?
        var due: Date
        var failed: Int
        var taken: Set<String> = []
        var read = 0
        var unreadable = 0
        var failures: [String] = []
        var pauses: [TimeInterval] = []
        var token: (token: DueToken, ticket: String, from: Date, due: Date)?
        var resolved: [String: String] = [:]
        var asked: [Date] = []
        var tickets: [String] = []
        var looked: [Int] = []
        var isLost = false
        var isStopped = false
        /// Ends with the reading that is under way.
        var reading: AsyncStream<Void>?
        var readingEnds: AsyncStream<Void>.Continuation?
        /// When the reading began of which the last page is yet to come, and the one that is done.
        var began: Date?
        var done: Date?
        var kept = 0
    }

    private let state: Mutex<State>
    private let end: Date
    private let readsUp: Bool
    private let peer = Peer.Name(rawValue: "roads")

    /// A world that ends at a time, or, if it is to read up, with the first reading from then on.
    init(from start: Date, to end: Date, failed: Int = 0, readsUp: Bool = false) {
        state = Mutex(State(now: start, due: start, failed: failed))
        self.end = end
        self.readsUp = readsUp
    }

    var taken: (Set<String>, Int) { state.withLock { ($0.taken, $0.read) } }
    var unreadable: Int { state.withLock { $0.unreadable } }
    var failures: [String] { state.withLock { $0.failures } }
    var pauses: [TimeInterval] { state.withLock { $0.pauses } }
    var resolved: [String: String] { state.withLock { $0.resolved } }
    var askedForToken: [Date] { state.withLock { $0.asked } }

    /// How many tickets were seen at a time.
    var looked: [Int] { state.withLock { $0.looked } }

    /// How often turns were to be kept.
    var kept: Int { state.withLock { $0.kept } }

    /// Stops the clock, with which the world would end.
    func stop() { state.withLock { $0.isStopped = true } }

    func goOn() { state.withLock { $0.isStopped = false } }

    /// From now on somebody else has the turns.
    func lose() { state.withLock { $0.isLost = true } }

    func expect(tickets: [String]) {
        state.withLock { $0.tickets = tickets }
    }

    private static func report(_ id: String, at now: Date) -> IncomingReport {
        IncomingReport(id: id, status: "open", requested: now, updated: now)
    }

    func expect(token: String, ticket: String, after time: Date) {
        guard let peer, let report = Report.ID(rawValue: "sofia-1") else { return }
        let due = DueToken(peer: peer, report: report, token: token, attempts: 0, recorded: time)
        state.withLock { $0.token = (due, ticket, time, $0.now) }
    }

    func run(_ fake: FakePeer) async {
        await run { cursor, now in fake.collect(after: cursor, now: now) }
    }

    /// Runs a collector until the world ends.
    func run(
        _ collect: @escaping @Sendable (Cursor?, Date) async throws(PeerError) -> Page
    ) async {
        let ending = AsyncStream.makeStream(of: Void.self)
        let collector = Collector(
            surroundings(collect, ending: ending.continuation), breadth: 1,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await withTaskGroup { group in
            group.addTask { await collector.run() }
            for await _ in ending.stream {}
            group.cancelAll()
        }
    }

    private func surroundings(
        _ collect: @escaping @Sendable (Cursor?, Date) async throws(PeerError) -> Page,
        ending: AsyncStream<Void>.Continuation
    ) -> Collector.Surroundings {
        Collector.Surroundings(
            due: { _, now in
                let isDue = self.state.withLock { state in
                    guard state.due <= now else { return false }
                    (state.reading, state.readingEnds) = AsyncStream.makeStream()
                    state.began = state.began ?? now
                    return true
                }
                return isDue ? self.turns() : []
            },
            collect: { _, cursor async throws(PeerError) in
                try await collect(cursor, self.state.withLock { $0.now })
            },
            resolve: { _, _ in
                self.state.withLock { state in
                    state.asked.append(state.now)
                    guard let token = state.token, token.from <= state.now else { return nil }
                    return Ticket(id: token.ticket)
                }
            },
            look: { _, tickets in
                tickets.map { .report(Self.report($0, at: self.state.withLock { $0.now })) }
            },
            now: { self.state.withLock { $0.now } }, chance: { 0.5 },
            pause: {
                while self.state.withLock({ $0.isStopped }) { await Task.yield() }
                if let reading = self.state.withLock({ $0.reading }) { for await _ in reading {} }
                let isOver = self.state.withLock { state in
                    state.now.addTimeInterval(60)
                    guard state.now > self.end else { return false }
                    return !self.readsUp || state.done.map { $0 >= self.end } ?? false
                }
                if isOver {
                    ending.finish()
                    // The end is on its way: nothing more happens here.
                    let never = AsyncStream<Void> { _ in }
                    for await _ in never {}
                }
            },
            beat: {
                guard self.state.withLock({ $0.isStopped }) else {
                    // The reading ends before there is time for a beat.
                    let never = AsyncStream<Void> { _ in }
                    for await _ in never {}
                    return
                }
                await Task.yield()
            })
    }

    private func turns() -> [Collector.Turn] {
        guard let peer else { return [] }
        let (cursor, failed) = state.withLock { ($0.cursor, $0.failed) }
        return [
            Collector.Turn(
                peer: peer, looks: 50, cursor: cursor, failures: failed,
                tokens: { _, now in
                    self.state.withLock { state in
                        guard let token = state.token, token.due <= now else { return [] }
                        return [token.token]
                    }
                },
                resolved: { token, ticket, _ in
                    self.state.withLock { state in
                        state.resolved[token.token] = ticket.id
                        state.token = nil
                    }
                },
                postpone: { token, until in
                    self.state.withLock { state in
                        guard let old = state.token else { return }
                        let next = DueToken(
                            peer: token.peer, report: token.report, token: token.token,
                            attempts: token.attempts + 1, recorded: token.recorded)
                        state.token = (next, old.ticket, old.from, until)
                    }
                },
                tickets: { limit, _ in
                    self.state.withLock { state in
                        let due = Array(state.tickets.prefix(limit))
                        state.tickets.removeFirst(due.count)
                        return due
                    }
                },
                seen: { items, _ in
                    self.state.withLock { $0.looked.append(items.count) }
                    return Reception()
                },
                receive: { page, now in self.take(page, now: now) },
                keep: {
                    self.state.withLock { state in
                        state.kept += 1
                        return !state.isLost
                    }
                },
                fail: { reason, until in
                    self.state.withLock { state in
                        state.readingEnds?.finish()
                        state.failures.append(reason)
                        state.pauses.append(until.timeIntervalSince(state.now))
                        state.due = until
                    }
                },
                release: { _ in self.state.withLock { $0.readingEnds }?.finish() })
        ]
    }

    /// What the case store does: each thing once, and the cursor with it.
    private func take(_ page: Page, now: Date) -> Reception {
        state.withLock { state in
            for case .update(let update) in page.items {
                state.read += 1
                state.taken.insert("\(update.report)/\(update.id)")
            }
            state.unreadable += page.unreadable.count
            state.cursor = page.next
            if page.isLast {
                state.due = now.addingTimeInterval(60)
                (state.done, state.began) = (state.began, nil)
            }
            return Reception()
        }
    }
}
