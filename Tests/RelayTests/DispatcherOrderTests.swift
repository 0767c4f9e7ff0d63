import CaseStore
import Federation
import Foundation
import Synchronization
import Testing

@testable import Relay

/// Order, leases and stopping.
@Suite struct DispatcherOrderTests {
    private let ticket = Ticket(id: "T")

    /// Forty reports with ten deliveries each to two peers, numbered in their order.
    private func fill(_ world: PeerWorld) throws {
        var number = 0
        for _ in 0..<10 {
            for report in 0..<40 {
                for peer in ["a", "b"] {
                    number += 1
                    try world.add(number, report: report, to: peer)
                }
            }
        }
    }

    private func checkOrder(_ world: PeerWorld, at peer: String) {
        var last: [String: Int] = [:]
        for number in world.accepted(peer) {
            let report = world.delivery(number)?.report.rawValue ?? ""
            #expect(number > last[report] ?? 0)
            last[report] = number
        }
    }

    @Test func `each report's deliveries keep their order, through failures and restarts`()
        async throws
    {
        let world = PeerWorld()
        try fill(world)
        var source = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 1...1_000_000, using: &source)
        let lines = try ["a", "b"].map { name in
            try world.line(name, resend: .idempotent, concurrency: 8) { [ticket] number, _, _ in
                await Task.yield()
                // The same for each run of this seed, another one for each try.
                let tries = UInt64(world.row(number)?.attempts.count ?? 0)
                let dice = (UInt64(number) &* 2_654_435_761 &+ seed &+ tries &* 97) % 10
                switch dice {
                case 0, 1: return .failure(PeerError(.later(nil), "busy \(tries)", status: 503))
                case 2: return .failure(PeerError(.ambiguous, "no answer"))
                default: return .success(ticket)
                }
            }
        }
        // Two relays at a time, stopped and begun anew until all is done.
        for round in 1...1000 where world.open > 0 {
            let enough = 800 - round * 100
            try await world.run(lines, relays: 2) { $0.open == 0 || $0.open <= enough }
        }
        for peer in ["a", "b"] {
            #expect(world.accepted(peer).count == 400, "seed \(seed)")
            checkOrder(world, at: peer)
            #expect(world.state.withLock { $0.widest[peer] ?? 0 } <= 8)
        }
        #expect(world.state.withLock { $0.clashes } == 0)
    }

    @Test(arguments: [(1, 32), (2, 64)])
    func `one relay leaves places for another at a peer that takes many`(
        relays: Int, places: Int
    ) async throws {
        let world = PeerWorld()
        for number in 1...100 { try world.add(number, report: number, to: "a") }
        let line = try world.line("a", concurrency: 64) { [ticket] _, _, _ in
            // Until no more come, or a little after.
            for _ in 0..<2000 where world.state.withLock({ $0.widest["a"] ?? 0 }) < 64 {
                await Task.yield()
            }
            return .success(ticket)
        }
        try await world.run([line], relays: relays) { $0.open == 0 }
        #expect(world.accepted("a").count == 100)
        #expect(world.state.withLock { $0.widest["a"] ?? 0 } == places)
    }

    @Test func `what a dead relay held is looked for by another one`() async throws {
        let world = PeerWorld()
        for number in 1...20 { try world.add(number, report: number, to: "a") }
        let arrived = Mutex<Set<Int>>([])
        let line = try world.line(
            "a", resend: .lookup, concurrency: 20,
            find: { number, _ in
                .success(arrived.withLock { $0.contains(number) } ? Ticket(id: "T\(number)") : nil)
            },
            deliver: { [ticket] number, _, _ in
                _ = arrived.withLock { $0.insert(number) }
                // From now on nothing that this relay does is noted.
                if number == 10 { world.state.withLock { _ = $0.dead.insert(1) } }
                return .success(ticket)
            })
        try await world.run(
            [line], adapting: { $0.grace = {} }, until: { $0.state.withLock { !$0.dead.isEmpty } })
        #expect(world.open > 0)
        try await world.run([line]) { $0.open == 0 }
        #expect(world.calls.filter { $0.kind == .deliver }.count == 20)
        #expect(world.now.timeIntervalSince(PeerWorld.start) <= 35)
    }

    @Test func `a relay that was stopped for too long sends and finishes nothing`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        let sent = Mutex(0)
        let wire = Wire(now: { world.now }) { _ in
            sent.withLock { $0 += 1 }
            return .init(status: 200)
        }
        let errors = Mutex<[PeerError]>([])
        let line = try world.line("a", wire: wire) { [ticket] _, _, wire in
            // As long as it could not run, its lease has ended, and somebody else has got it.
            world.state.withLock { state in
                state.now.addTimeInterval(45)
                state.rows[1]?.lease += 1
                state.rows[1]?.until = state.now.addingTimeInterval(30)
                state.rows[1]?.holder = 99
            }
            do throws(PeerError) {
                _ = try await wire.send(.init("POST", "https://roads.example/"))
                return .success(ticket)
            } catch {
                errors.withLock { $0.append(error) }
                return .failure(error)
            }
        }
        try await world.run([line]) { _ in !errors.withLock { $0.isEmpty } }
        #expect(sent.withLock { $0 } == 0)
        #expect(errors.withLock { $0 }.first?.kind == .later(nil))
        let row = try #require(world.row(1))
        #expect(row.attempts.isEmpty)
        #expect(row.delivery.state == .waiting)
        #expect(row.holder == 99)
        // It is nobody's fault.
        #expect(world.state.withLock { $0.peers["a"]?.failures } == 0)
    }

    @Test func `a heartbeat keeps what is ours and gives up what is not`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        try world.add(2, report: 2, to: "a")
        let beats = AsyncStream.makeStream(of: Void.self)
        let begun = AsyncStream.makeStream(of: Void.self)
        let beaten = Mutex(0)
        let gate = AsyncStream.makeStream(of: Never.self)
        let ends = Mutex<[Int: Bool]>([:])
        let line = try world.line("a") { [ticket] number, _, wire in
            begun.continuation.yield()
            for await _ in gate.stream {}
            do throws(PeerError) {
                _ = try await wire.send(.init("POST", "https://roads.example/"))
                ends.withLock { $0[number] = true }
                return .success(ticket)
            } catch {
                ends.withLock { $0[number] = false }
                return .failure(error)
            }
        }
        let clock: @Sendable () async -> Void = {
            var ready = 0
            for await _ in begun.stream {
                ready += 1
                if ready == 2 { break }
            }
            world.state.withLock { $0.rows[2]?.lease += 1 }
            // Twenty seconds, a beat, twenty more: without it both would have ended.
            world.state.withLock { $0.now.addTimeInterval(20) }
            beats.continuation.yield()
            while beaten.withLock({ $0 }) < 2 { await Task.yield() }
            world.state.withLock { $0.now.addTimeInterval(20) }
            gate.continuation.finish()
        }
        async let ticking: Void = clock()
        try await world.run(
            [line],
            adapting: { surroundings in
                surroundings.beat = {
                    beaten.withLock { $0 += 1 }
                    for await _ in beats.stream { return }
                }
            }, until: { _ in ends.withLock { $0.count } == 2 })
        await ticking
        #expect(ends.withLock { $0 } == [1: true, 2: false])
        #expect(world.delivery(1)?.state == .done)
        #expect(world.row(2)?.attempts.isEmpty == true)
    }

    @Test func `when it stops, what is under way is finished and nothing more is begun`()
        async throws
    {
        let world = PeerWorld()
        for number in 1...50 { try world.add(number, report: number, to: "a") }
        let gate = AsyncStream.makeStream(of: Never.self)
        let line = try world.line("a") { [ticket] _, _, _ in
            for await _ in gate.stream {}
            return Task.isCancelled
                ? .failure(PeerError(.ambiguous, "broken off")) : .success(ticket)
        }
        // Four are under way when it is told to stop; they end a while later.
        try await world.run(
            [line],
            adapting: { surroundings in
                surroundings.grace = {
                    gate.continuation.finish()
                    try? await Task.sleep(for: .seconds(3600))
                }
            }, until: { $0.calls.count == 4 })
        #expect(world.calls.count == 4)
        #expect(world.accepted("a").count == 4)
        #expect(world.open == 46)
        #expect(world.state.withLock { $0.rows.values.allSatisfy { $0.until == nil } })
    }

    @Test func `what takes too long when it stops is broken off, and the doubt is noted`()
        async throws
    {
        let world = PeerWorld()
        for number in 1...50 { try world.add(number, report: number, to: "a") }
        let gate = AsyncStream.makeStream(of: Never.self)
        let line = try world.line("a", resend: .lookup) { _, _, _ in
            for await _ in gate.stream {}
            return .failure(PeerError(.ambiguous, "broken off"))
        }
        try await world.run(
            [line], adapting: { $0.grace = {} }, until: { $0.calls.count == 4 })
        #expect(world.calls.count == 4)
        let doubtful = world.state.withLock { state in
            state.rows.values.filter { $0.delivery.doubt == .ambiguous }.count
        }
        #expect(doubtful == 4)
        #expect(world.state.withLock { $0.rows.values.allSatisfy { $0.until == nil } })
        #expect(world.state.withLock { $0.peers["a"]?.failures } == 0)
    }

    @Test func `an outcome is kept in mind until the database takes it`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        world.state.withLock { $0.troubles = 5 }
        let line = try world.line("a") { [ticket] _, _, _ in .success(ticket) }
        try await world.run([line]) { $0.open == 0 }
        #expect(world.calls.count == 1)
        #expect(world.delivery(1)?.state == .done)
    }

    @Test func `without peers it waits until it is stopped`() async throws {
        let world = PeerWorld()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await world.run([], until: { _ in true }) }
            await Task.yield()
            group.cancelAll()
        }
    }
}
