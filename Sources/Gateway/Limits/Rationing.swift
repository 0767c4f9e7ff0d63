import CaseStore
import Synchronization

/// What callers have taken of their rations, on this node and, a moment later, on all (A9).
///
/// A request only looks here. What was taken is told to the other nodes once a second, and earlier
/// if a bucket has lost a fortieth; who has taken a twentieth that nobody else knows of waits for
/// that. So nodes together grant at most a twentieth more for each node beyond the first. While the
/// database is away each node counts for itself.
///
/// A class, because every connection shares it; a mutex guards the buckets.
package final class Rationing: Sendable {
    /// Tells what was taken, in seconds of each bucket's filling, and answers how many seconds each
    /// takes to be full.
    package typealias Sharing =
        @Sendable (_ taken: [String: Double]) async throws(CaseStoreError) -> [String: Double]

    private let rates: [Ration: Rate]
    private let sharing: Sharing?
    private let clock: @Sendable () -> Double
    private let state = Mutex(State())
    private let bells: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// Callers that are counted; who comes when there are as many is not.
    private static let mostBuckets = 200_000
    /// Buckets that one exchange tells of.
    private static let mostTold = 1000
    /// Between two exchanges, however much is taken.
    private static let pause = Duration.milliseconds(20)
    /// After so long the database counts as away.
    private static let patience = Duration.milliseconds(500)

    private struct State {
        var buckets: [Name: Bucket] = [:]
        /// Those of whom something is untold.
        var untold: Set<Name> = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Whether nobody else is told.
        var isAlone = true
    }

    /// A bucket: the ration, and whose it is.
    private struct Name: Hashable {
        let ration: Ration
        let caller: String

        /// What it is called among nodes.
        var shared: String { ration.rawValue + " " + caller }
    }

    /// Rations without a rate are not limited; without `sharing` this node is the only one. The clock
    /// tells seconds.
    package init(
        _ rates: [Ration: Rate], sharing: Sharing? = nil,
        clock: @escaping @Sendable () -> Double = Rationing.uptime()
    ) {
        self.rates = rates
        self.sharing = sharing
        self.clock = clock
        (bells, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What the nodes of one case store count together.
    package convenience init(_ rates: [Ration: Rate], store: CaseStore) {
        self.init(
            rates,
            sharing: { taken async throws(CaseStoreError) in try await store.share(taken) })
    }

    /// Seconds since now, by a clock that nobody sets.
    package static func uptime() -> @Sendable () -> Double {
        let start = ContinuousClock.now
        return { start.duration(to: .now) / .seconds(1) }
    }

    /// Takes so much from a caller's bucket if it is there; `nil`: that is not limited.
    func take(_ count: Int, of ration: Ration, for caller: String) async -> Remainder? {
        guard let rate = rates[ration], count > 0 else { return nil }
        let name = Name(ration: ration, caller: caller)
        for _ in 0..<3 {
            switch attempt(count, name, rate, .ifTold) {
            case .done(let remainder): return remainder
            case .untold: await told()
            }
        }
        guard case .done(let remainder) = attempt(count, name, rate, .anyway) else { return nil }
        return remainder
    }

    /// Where a caller stands, without taking anything.
    func remainder(of ration: Ration, for caller: String) -> Remainder? {
        guard let rate = rates[ration] else { return nil }
        let name = Name(ration: ration, caller: caller)
        let bucket = state.withLock { $0.buckets[name] } ?? Bucket()
        return remainder(bucket, ration, rate, asked: 1, at: clock())
    }

    private enum Attempt {
        case done(Remainder?)
        /// Too much is untold already.
        case untold
    }

    private enum Wish { case ifTold, anyway }

    private func attempt(_ count: Int, _ name: Name, _ rate: Rate, _ wish: Wish) -> Attempt {
        let now = clock()
        let (attempt, isUrgent) = state.withLock { state -> (Attempt, Bool) in
            guard state.buckets[name] != nil || state.buckets.count < Self.mostBuckets else {
                return (.done(nil), false)
            }
            var bucket = state.buckets[name] ?? Bucket()
            let before = remainder(bucket, name.ration, rate, asked: count, at: now)
            guard before.isGranted else { return (.done(before), false) }
            let credit = max(1, rate.count / 20)
            let isTold = state.isAlone || bucket.untold == 0 || bucket.untold + count <= credit
            guard isTold || wish == .anyway else { return (.untold, true) }
            bucket.take(min(count, rate.count), at: now, rate)
            state.buckets[name] = bucket
            if sharing != nil { state.untold.insert(name) }
            let after = remainder(bucket, name.ration, rate, asked: 0, at: now)
            return (.done(after), bucket.untold * 2 >= credit && !state.isAlone)
        }
        if isUrgent { bell.yield() }
        return attempt
    }

    private func remainder(
        _ bucket: Bucket, _ ration: Ration, _ rate: Rate, asked count: Int, at now: Double
    ) -> Remainder {
        Remainder(
            ration: ration, rate: rate, left: bucket.left(at: now, rate),
            wait: bucket.wait(for: count, at: now, rate), full: bucket.wait(at: now))
    }

    // Among nodes.

    /// Whether this node counts for itself just now.
    var isAlone: Bool { state.withLock(\.isAlone) }

    /// Waits until the other nodes were told, or cannot be.
    private func told() async {
        await withCheckedContinuation { continuation in
            let isAlone = state.withLock { state in
                if !state.isAlone { state.waiting.append(continuation) }
                return state.isAlone
            }
            if isAlone { continuation.resume() } else { bell.yield() }
        }
    }

    /// Tells the other nodes until it is cancelled.
    package func run() async {
        guard sharing != nil else { return await pruneAlone() }
        state.withLock { $0.isAlone = false }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.ring() }
            group.addTask {
                for await _ in self.bells {
                    await self.exchange()
                    try? await Task.sleep(for: Self.pause)
                }
            }
            await group.waitForAll()
        }
        becomeAlone()
    }

    private func pruneAlone() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(10))
            prune()
        }
    }

    private func ring() async {
        var turns = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            turns += 1
            if turns % 10 == 0 { prune() }
            bell.yield()
        }
    }

    /// Forgets who has all of his ration again.
    private func prune() {
        let now = clock()
        state.withLock { state in
            for (name, bucket) in state.buckets where bucket.wait(at: now) <= 0 {
                state.buckets[name] = nil
                state.untold.remove(name)
            }
        }
    }

    private func exchange() async {
        let taken = collect()
        guard !taken.isEmpty, let sharing else { return wake() }
        let request = Dictionary(
            taken.map { ($0.key.shared, $0.value.seconds) }, uniquingKeysWith: { first, _ in first }
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(CaseStoreError) {
                    let known = try await sharing(request)
                    self.learn(known, of: taken)
                } catch {
                    self.becomeAlone()
                }
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                if !Task.isCancelled { self.becomeAlone() }
            }
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// What is told now of one bucket.
    private struct Taken: Sendable {
        let count: Int
        let seconds: Double
    }

    private func collect() -> [Name: Taken] {
        let now = clock()
        return state.withLock { state in
            var taken: [Name: Taken] = [:]
            for name in state.untold.prefix(Self.mostTold) {
                state.untold.remove(name)
                guard var bucket = state.buckets[name], let rate = rates[name.ration] else {
                    continue
                }
                bucket.settle(at: now, rate)
                state.buckets[name] = bucket
                guard bucket.untold > 0 else { continue }
                taken[name] = Taken(
                    count: bucket.untold, seconds: Double(bucket.untold) * rate.interval)
            }
            return taken
        }
    }

    private func learn(_ known: [String: Double], of taken: [Name: Taken]) {
        let now = clock()
        state.withLock { state in
            for (name, told) in taken {
                guard var bucket = state.buckets[name], let rate = rates[name.ration],
                    let wait = known[name.shared]
                else { continue }
                bucket.learn(wait, told: told.count, at: now, rate)
                state.buckets[name] = bucket
            }
            state.isAlone = false
        }
        wake()
    }

    /// Counts for itself from now on; what was not told is told later.
    private func becomeAlone() {
        state.withLock { state in
            state.isAlone = true
            state.untold.formUnion(state.buckets.filter { $0.value.untold > 0 }.keys)
        }
        wake()
    }

    private func wake() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
