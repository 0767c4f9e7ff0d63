import CaseStore
import Federation
import Foundation
import Reports
import Synchronization
import Testing

@testable import Relay

/// What becomes of deliveries, with peers that answer as a test says.
@Suite struct DispatcherTests {
    private let ticket = Ticket(id: "T")

    private func later(_ reason: String = "busy", _ asked: Duration? = nil) -> PeerError {
        PeerError(.later(asked), reason, status: 503)
    }

    @Test func `what failed is tried again by the schedule, until a person must look`()
        async throws
    {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        let error = later()
        let line = try world.line("a") { _, _, _ in .failure(error) }
        try await world.run([line]) { $0.delivery(1)?.state == .parked }
        let times = world.calls.map { $0.time.timeIntervalSince(PeerWorld.start) }
        // 0 s, 5 s, 1 m, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: three days are over then.
        let pauses = [5.0, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
        #expect(zip(times, times.dropFirst()).map { $1 - $0 } == pauses)
        let row = try #require(world.row(1))
        #expect(row.delivery.reason == "given up after 11 tries: busy")
        #expect(row.attempts.map(\.outcome) == Array(repeating: .later, count: 11))
        #expect(row.attempts.allSatisfy { $0.reason == "busy" && $0.status == 503 })
    }

    @Test func `each peer is tried again and looked at as its settings say`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "hasty")
        try world.add(2, report: 2, to: "patient")
        let error = later()
        let retry = Peer.Retry(schedule: RetrySchedule(pauses: [.seconds(1)]), attempts: 6)
        let hasty = try world.line(
            "hasty", retry: retry, breaker: Breaker(patience: 3, pause: .seconds(7))
        ) { _, _, _ in .failure(error) }
        let patient = try world.line("patient") { _, _, _ in .failure(error) }
        try await world.run([hasty, patient]) { $0.delivery(1)?.state == .parked }
        func times(_ peer: String) -> [TimeInterval] {
            world.calls.filter { $0.peer == peer }
                .map { $0.time.timeIntervalSince(PeerWorld.start) }
        }
        // From the third failure on, a probe each seven seconds.
        #expect(times("hasty") == [0, 1, 2, 9, 16, 23])
        #expect(times("patient").prefix(2) == [0, 5])
        #expect(world.delivery(1)?.reason == "given up after 6 tries: busy")
    }

    @Test func `a peer that asks for time gets it`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        let error = later("slowly", .seconds(600))
        let line = try world.line("a") { [ticket] _, _, _ in
            world.calls.count < 2 ? .failure(error) : .success(ticket)
        }
        try await world.run([line]) { $0.delivery(1)?.state == .done }
        #expect(world.calls.map { $0.time.timeIntervalSince(PeerWorld.start) } == [0, 600])
    }

    @Test func `a peer that is down costs a probe each half minute, and the others nothing`()
        async throws
    {
        let world = PeerWorld()
        for number in 1...200 { try world.add(number, report: number, to: "down") }
        for number in 201...400 { try world.add(number, report: number, to: "up") }
        let back = PeerWorld.start.addingTimeInterval(3600)
        let error = PeerError(.later(nil), "takes no connection")
        let down = try world.line("down") { [ticket] _, _, _ in
            world.now < back ? .failure(error) : .success(ticket)
        }
        let up = try world.line("up") { [ticket] _, _, _ in .success(ticket) }
        try await world.run([down, up], relays: 2) { world in world.open == 0 }
        let told = world.calls.filter { $0.peer == "up" }
        #expect(told.count == 200)
        #expect(told.allSatisfy { $0.time == PeerWorld.start })
        let tries = world.calls.filter { $0.peer == "down" && $0.time < back }.map(\.time)
        // Those that were under way when it opened, and then one at a time.
        #expect(tries.filter { $0 == PeerWorld.start }.count <= 5 + 4)
        let probes = tries.filter { $0 > PeerWorld.start }
        #expect(probes.count <= 120)
        #expect(zip(probes, probes.dropFirst()).allSatisfy { $1.timeIntervalSince($0) >= 30 })
        #expect(Set(world.accepted("down")).count == 200)
        #expect(world.accepted("down").count == 200)
    }

    @Test func `a delivery without an answer is looked for, and not sent again if it is found`()
        async throws
    {
        let world = PeerWorld()
        for number in 1...100 { try world.add(number, report: number, to: "a") }
        let arrived = Mutex<Set<Int>>([])
        let line = try world.line(
            "a", resend: .lookup,
            find: { number, _ in
                .success(arrived.withLock { $0.contains(number) } ? Ticket(id: "T\(number)") : nil)
            },
            deliver: { number, _, _ in
                // Every second one arrives, and every first answer is lost.
                let isFirst = world.row(number)?.attempts.isEmpty == true
                if isFirst, number.isMultiple(of: 2) {
                    _ = arrived.withLock { $0.insert(number) }
                }
                guard isFirst else { return .success(Ticket(id: "T\(number)")) }
                return .failure(PeerError(.ambiguous, "the answer broke off"))
            })
        try await world.run([line]) { $0.open == 0 }
        let sent = world.calls.filter { $0.kind == .deliver }
        for number in 1...100 {
            #expect(sent.filter { $0.number == number }.count == (number.isMultiple(of: 2) ? 1 : 2))
            let outcomes = world.row(number)?.attempts.map(\.outcome)
            #expect(
                outcomes == [.ambiguous, number.isMultiple(of: 2) ? .found : .accepted])
            #expect(world.delivery(number)?.doubt == Delivery.Doubt.none)
        }
        #expect(world.calls.filter { $0.kind == .find }.count == 100)
    }

    @Test func `where nobody can look, it waits for a person`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        // A relay died with this one in its hands.
        try world.add(2, report: 2, to: "a", doubt: .ambiguous)
        let line = try world.line("a") { _, _, _ in
            .failure(PeerError(.ambiguous, "the answer broke off"))
        }
        try await world.run([line]) { world in
            world.delivery(1)?.state == .parked && world.delivery(2)?.state == .parked
        }
        #expect(world.calls.map(\.number) == [1])
        #expect(world.delivery(1)?.doubt == .ambiguous)
        #expect(world.delivery(1)?.reason == "no answer came: the answer broke off")
        #expect(world.delivery(2)?.doubt == .ambiguous)
    }

    @Test func `where it is sent again, the delivery says that the peer may have it twice`()
        async throws
    {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a")
        try world.add(2, report: 2, to: "a", doubt: .ambiguous)
        try world.add(3, report: 3, to: "a")
        let flags = Mutex<[Int: Delivery.Doubt]>([:])
        let line = try world.line("a", unanswered: .resend) { [ticket] number, _, _ in
            flags.withLock { $0[number] = world.delivery(number)?.doubt }
            guard number == 1, world.row(1)?.attempts.isEmpty == true else {
                return .success(ticket)
            }
            return .failure(PeerError(.ambiguous, "the answer broke off"))
        }
        try await world.run([line]) { $0.open == 0 }
        #expect(flags.withLock { $0 } == [1: .flagged, 2: .flagged, 3: .none])
        #expect(world.delivery(1)?.doubt == .flagged)
        #expect(world.delivery(2)?.doubt == .flagged)
    }

    @Test func `a key that is not accepted pauses the peer, and nothing is lost`() async throws {
        let world = PeerWorld()
        for number in 1...20 { try world.add(number, report: number, to: "a") }
        try world.add(21, report: 21, to: "b")
        let isMended = Mutex(false)
        let a = try world.line("a", concurrency: 1, secrets: ["k3y"]) { [ticket] _, _, _ in
            isMended.withLock { $0 }
                ? .success(ticket) : .failure(PeerError(.forbidden, "k3y is no key", status: 403))
        }
        let b = try world.line("b") { [ticket] _, _, _ in .success(ticket) }
        let isPaused = { @Sendable (world: PeerWorld) in
            world.state.withLock { $0.peers["a"]?.pauseReason != nil }
        }
        try await world.run([a, b]) { isPaused($0) && $0.delivery(21)?.state == .done }
        #expect(world.calls.filter { $0.peer == "a" }.count == 1)
        #expect(world.state.withLock { $0.peers["a"]?.pauseReason } == "••• is no key")
        #expect(world.delivery(1)?.state == .waiting)
        isMended.withLock { $0 = true }
        world.state.withLock { $0.peers["a"]?.pauseReason = nil }
        try await world.run([a, b]) { $0.open == 0 }
        #expect(world.accepted("a").count == 20)
    }

    @Test func `a refusal ends a delivery and no other`() async throws {
        let world = PeerWorld()
        for number in 1...3 { try world.add(number, report: number, to: "a") }
        let line = try world.line("a") { [ticket] number, _, _ in
            number == 2
                ? .failure(PeerError(.refused, "no such place", status: 400)) : .success(ticket)
        }
        try await world.run([line]) { $0.open == 0 }
        #expect(world.delivery(2)?.state == .refused)
        #expect(world.delivery(2)?.reason == "no such place")
        #expect(world.row(2)?.attempts.map(\.status) == [400])
        #expect(world.accepted("a").sorted() == [1, 3])
    }

    @Test func `what has no mapping is parked, and nobody is called`() async throws {
        let world = PeerWorld()
        try world.add(1, report: 1, to: "a", kind: .report, service: "TREE")
        let line = try world.line("a") { [ticket] _, _, _ in .success(ticket) }
        try await world.run([line]) { $0.delivery(1)?.state == .parked }
        #expect(world.delivery(1)?.reason == "no mapping for the service TREE")
        #expect(world.calls.isEmpty)
    }

    @Test func `one report in a hundred at which the peer breaks holds up no other`()
        async throws
    {
        let world = PeerWorld()
        // Two deliveries of each report; those of every hundredth are poison.
        for number in 1...800 { try world.add(number, report: (number - 1) / 2, to: "a") }
        let line = try world.line("a", concurrency: 8) { [ticket] number, message, wire in
            guard ((number - 1) / 2).isMultiple(of: 100) else { return .success(ticket) }
            return .failure(PeerError(.later(nil), "breaks", status: 500))
        }
        try await world.run([line]) { world in
            (0..<4).allSatisfy { world.delivery($0 * 200 + 1)?.state == .parked }
        }
        let others = world.calls.filter { !(($0.number - 1) / 2).isMultiple(of: 100) }
        #expect(others.count == 792)
        // None of them waited: the clock had no reason to move on.
        #expect(others.allSatisfy { $0.time == PeerWorld.start })
        for number in [1, 201, 401, 601] {
            #expect(world.row(number)?.attempts.count == Poison.likeTries)
            #expect(world.delivery(number)?.reason?.hasPrefix("poison: ") == true)
            // What comes later of that report waits behind it.
            #expect(world.delivery(number + 1)?.state == .waiting)
        }
    }

    @Test func `what a peer breaks at by chance is no poison`() async throws {
        let world = PeerWorld()
        for number in 1...200 { try world.add(number, report: number, to: "a") }
        // Of 2,000 calls to a peer that fails at one in twelve, one fails three times in a row.
        let line = try world.line("a", concurrency: 8) { [ticket] number, _, _ in
            let tries = world.row(number)?.attempts.count ?? 0
            return tries < (number.isMultiple(of: 50) ? 4 : number.isMultiple(of: 12) ? 1 : 0)
                ? .failure(PeerError(.later(nil), "breaks", status: 500)) : .success(ticket)
        }
        try await world.run([line]) { world in
            world.open == 0 || (1...200).contains { world.delivery($0)?.state == .parked }
        }
        #expect(world.accepted("a").count == 200)
    }

    @Test func `a peer that breaks at everything is down, and nothing is poison`() async throws {
        let world = PeerWorld()
        for number in 1...3 { try world.add(number, report: number, to: "a") }
        let line = try world.line("a") { [ticket] _, _, _ in
            world.calls.count <= 15
                ? .failure(PeerError(.later(nil), "breaks", status: 500)) : .success(ticket)
        }
        try await world.run([line]) { $0.open == 0 }
        #expect(world.accepted("a").count == 3)
    }
}
