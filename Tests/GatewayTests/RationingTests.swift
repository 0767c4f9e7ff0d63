import CaseStore
import DatabaseKit
import FoundationEssentials
import Postgres
import Synchronization
import Testing

@testable import Gateway

@Suite struct RationingTests {
    @Test(arguments: [
        ("20/h", Rate(20, in: .hour)), ("600/m", Rate(600, in: .minute)),
        ("10/s", Rate(10, in: .second)), ("1/d", Rate(1, in: .day)),
        ("1000000000/s", Rate(1_000_000_000, in: .second)),
    ])
    func `a rate is so much in so much time`(text: String, rate: Rate) {
        #expect(Rate(text) == rate)
    }

    @Test(arguments: [
        "", "20", "20/", "/h", "20/w", "20/2h", "-1/h", "0/h", "1.5/h", "+1/h", "1000000001/h",
        "99999999999999999999/h", "20 /h", "20/h/h",
    ])
    func `anything else is none`(text: String) {
        #expect(Rate(text) == nil)
    }

    private static let hourly = Rate(20, in: .hour)

    @Test func `a bucket is filled again piece by piece`() {
        var bucket = Bucket()
        #expect(bucket.left(at: 1000, Self.hourly) == 20)
        bucket.take(20, at: 1000, Self.hourly)
        #expect(bucket.left(at: 1000, Self.hourly) == 0)
        #expect(bucket.wait(for: 1, at: 1000, Self.hourly) == 180)
        #expect(bucket.wait(for: 6, at: 1000, Self.hourly) == 1080)
        #expect(bucket.left(at: 1179.9, Self.hourly) == 0)
        #expect(bucket.left(at: 1180, Self.hourly) == 1)
        #expect(bucket.wait(for: 1, at: 1180, Self.hourly) == 0)
        #expect(bucket.left(at: 4600, Self.hourly) == 20)
        #expect(bucket.left(at: 1e9, Self.hourly) == 20)
    }

    @Test func `more than a bucket holds is all of it`() {
        var bucket = Bucket()
        #expect(bucket.wait(for: 25, at: 0, Self.hourly) == 0)
        bucket.take(1, at: 0, Self.hourly)
        #expect(bucket.wait(for: 25, at: 0, Self.hourly) == 180)
    }

    @Test func `what others took and what was not told yet adds up`() {
        var bucket = Bucket()
        bucket.take(3, at: 0, Self.hourly)
        // Two were told, others had taken five.
        bucket.learn(7 * 180, told: 2, at: 10, Self.hourly)
        #expect(bucket.untold == 1)
        #expect(bucket.left(at: 10, Self.hourly) == 12)
    }

    @Test func `what is there again need not be told`() {
        var bucket = Bucket()
        bucket.take(5, at: 0, Self.hourly)
        bucket.settle(at: 3.5 * 180, Self.hourly)
        #expect(bucket.untold == 2)
        bucket.settle(at: 900, Self.hourly)
        #expect(bucket.untold == 0)
    }

    /// A clock that the test moves.
    private final class Hand: Sendable {
        private let seconds = Mutex(0.0)

        var clock: @Sendable () -> Double { { self.seconds.withLock { $0 } } }

        func move(_ by: Double) { seconds.withLock { $0 += by } }
    }

    @Test func `each caller and each ration counts for itself`() async throws {
        let hand = Hand()
        let rationing = Rationing([.reportsOfKey: Rate(2, in: .minute)], clock: hand.clock)
        func take(_ caller: String) async -> Remainder? {
            await rationing.take(1, of: .reportsOfKey, for: caller)
        }
        #expect(await take("a")?.left == 1)
        #expect(await take("a")?.left == 0)
        let refused = try #require(await take("a"))
        #expect(!refused.isGranted && refused.wait == 30 && refused.retryAfter == .seconds(30))
        #expect(await take("b")?.isGranted == true)
        #expect(await rationing.take(1, of: .photosOfKey, for: "a") == nil)
        #expect(rationing.remainder(of: .reportsOfKey, for: "a")?.isGranted == false)
        hand.move(30)
        #expect(await take("a")?.isGranted == true)
        #expect(await take("a")?.isGranted == false)
    }

    @Test func `the fields say what there is and when there is more`() async throws {
        let rationing = Rationing(
            [.photosOfKey: Rate(2, in: .hour), .reportsOfKey: Rate(20, in: .hour)], clock: { 7 })
        var remainders = [
            try #require(await rationing.take(1, of: .reportsOfKey, for: "a")),
            try #require(await rationing.take(2, of: .photosOfKey, for: "a")),
        ]
        #expect(remainders.fields.map(\.name) == ["RateLimit-Policy", "RateLimit"])
        #expect(
            remainders.fields.map(\.value) == [
                "\"reports_of_key\";q=20;w=3600, \"photos_of_key\";q=2;qu=\"photos\";w=3600",
                "\"reports_of_key\";r=19;t=180, \"photos_of_key\";r=0;t=3600",
            ])
        remainders = [try #require(await rationing.take(1, of: .photosOfKey, for: "a"))]
        #expect(remainders.fields.last?.value == "\"photos_of_key\";r=0;t=1800")
        #expect([Remainder]().fields.isEmpty)
    }

    /// Two nodes that share a database, as long as it is there.
    private static func withTwoNodes(
        _ rate: Rate, _ body: (Rationing, Rationing, CaseStore) async throws -> Void
    ) async throws {
        try await TestDatabase.withPool { pool in
            let store = CaseStore(pool: pool)
            try await store.migrate()
            let nodes = (0..<2).map { _ in Rationing([.listsOfAddress: rate], store: store) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes { group.addTask { await node.run() } }
                for node in nodes {
                    while node.isAlone { try await Task.sleep(for: .milliseconds(10)) }
                }
                try await body(nodes[0], nodes[1], store)
                group.cancelAll()
            }
        }
    }

    @Test(arguments: [20, 60, 1000])
    func `nodes together grant what one may, within a tenth`(count: Int) async throws {
        try await Self.withTwoNodes(Rate(count, in: .day)) { one, other, _ in
            var (granted, isJudged) = (0, false)
            // While the database is slow each node counts for itself, and that proves nothing.
            for caller in 1...5 where !isJudged {
                (granted, isJudged) = (0, true)
                for turn in 0..<3 * count {
                    let node = turn % 2 == 0 ? one : other
                    let remainder = await node.take(
                        1, of: .listsOfAddress, for: "203.0.113.\(caller)")
                    if remainder?.isGranted == true { granted += 1 }
                    if one.isAlone || other.isAlone { isJudged = false }
                }
            }
            #expect(isJudged && granted >= count && granted <= count + max(1, count / 10))
        }
    }

    @Test func `what one node knows another learns`() async throws {
        try await Self.withTwoNodes(Rate(100, in: .day)) { one, other, _ in
            var (left, isJudged) = (100, false)
            for caller in ["a", "b", "c", "d", "e"] where !isJudged {
                (left, isJudged) = (100, true)
                for _ in 0..<90 { _ = await one.take(1, of: .listsOfAddress, for: caller) }
                _ = await other.take(1, of: .listsOfAddress, for: caller)
                for _ in 0..<40 where left > 9 && isJudged {
                    try await Task.sleep(for: .milliseconds(100))
                    left = other.remainder(of: .listsOfAddress, for: caller)?.left ?? 0
                    if one.isAlone || other.isAlone { isJudged = false }
                }
            }
            #expect(isJudged && left == 9)
        }
    }

    @Test func `without the database each node counts for itself, and nobody waits`() async throws {
        let nowhere = Pool(
            Pool.Settings(address: "host=/nowhere/at/all", deadline: .milliseconds(1500)))
        let node = Rationing(
            [.listsOfAddress: Rate(50, in: .hour)], store: CaseStore(pool: nowhere))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await node.run() }
            let start = ContinuousClock.now
            var granted = 0
            for _ in 0..<200 {
                let remainder = await node.take(1, of: .listsOfAddress, for: "a")
                if remainder?.isGranted == true { granted += 1 }
            }
            #expect(granted == 50)
            #expect(start.duration(to: .now) < .seconds(3))
            group.cancelAll()
        }
    }

    @Test func `a database that answers nothing holds nobody up`() async throws {
        let node = Rationing(
            [.listsOfAddress: Rate(50, in: .hour)],
            sharing: { _ async throws(CaseStoreError) in
                // Cancelled as soon as patience is at its end.
                try? await Task.sleep(for: .seconds(60))
                throw .timeout
            })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await node.run() }
            let start = ContinuousClock.now
            for _ in 0..<60 { _ = await node.take(1, of: .listsOfAddress, for: "a") }
            #expect(start.duration(to: .now) < .seconds(3))
            #expect(node.remainder(of: .listsOfAddress, for: "a")?.left == 0)
            group.cancelAll()
        }
    }

    @Test func `what is taken costs no statement each`() async throws {
        let statements = Mutex(0)
        let node = Rationing(
            [.listsOfAddress: Rate(1_000_000, in: .hour)],
            sharing: { taken async throws(CaseStoreError) in
                statements.withLock { $0 += 1 }
                return taken
            })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await node.run() }
            let start = ContinuousClock.now
            for number in 0..<20_000 {
                _ = await node.take(1, of: .listsOfAddress, for: "\(number % 500)")
            }
            let seconds = Int(start.duration(to: .now) / .seconds(1))
            #expect(statements.withLock { $0 } <= seconds + 1)
            group.cancelAll()
        }
    }

    @Test func `whoever has all of it again is forgotten`() async throws {
        try await TestDatabase.withPool { pool in
            let store = CaseStore(pool: pool)
            try await store.migrate()
            #expect(
                try await store.share(["a": 3600, "b": 0.001])["a"].map { $0.rounded() } == 3600)
            #expect(try await store.share(["a": 60])["a"].map { $0.rounded() } == 3660)
            try await Task.sleep(for: .milliseconds(10))
            #expect(try await store.prune(now: Date()).rations == 1)
            #expect(try await store.share(["b": 1])["b"].map { $0 <= 1 } == true)
        }
    }
}
