import CaseStore
import Logging
import Synchronization
import Testing

@testable import Relay

@Suite struct WorkLoopTests {
    /// Numbers to work through, and which of them are done.
    private final class Pile: Sendable {
        private struct State {
            var waiting: [Int]
            var running = 0
            var widest = 0
            var done: [Int] = []
        }

        private let state: Mutex<State>
        let finished = AsyncStream.makeStream(of: Void.self)

        init(_ waiting: [Int]) {
            state = Mutex(State(waiting: waiting))
        }

        var done: [Int] { state.withLock { $0.done } }
        var widest: Int { state.withLock { $0.widest } }

        func claim(_ limit: Int) -> [Int] {
            state.withLock { state in
                let taken = Array(state.waiting.prefix(limit))
                state.waiting.removeFirst(taken.count)
                state.running += taken.count
                state.widest = max(state.widest, state.running)
                return taken
            }
        }

        func finish(_ piece: Int, when enough: Int) {
            let count = state.withLock { state in
                state.running -= 1
                state.done.append(piece)
                return state.done.count
            }
            if count == enough { finished.continuation.yield() }
        }
    }

    @Test func `one piece that takes long holds up no other, and no more than allowed run`() async {
        let pile = Pile(Array(0..<20))
        let gate = AsyncStream.makeStream(of: Void.self)
        let loop = WorkLoop(
            breadth: 3, complaint: "", logger: Self.silence, pause: { await Task.yield() },
            claim: { pile.claim($0) }
        ) { piece in
            // The first one waits until all others are done.
            if piece == 0 { for await _ in gate.stream { break } }
            pile.finish(piece, when: piece == 0 ? 20 : 19)
            if pile.done.count == 19 { gate.continuation.yield() }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await loop.run() }
            for await _ in pile.finished.stream where pile.done.count == 20 { break }
            group.cancelAll()
        }
        #expect(pile.done.last == 0)
        #expect(Set(pile.done) == Set(0..<20))
        #expect(pile.widest == 3)
    }

    private static let silence = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `it looks again after each pause and each failure, and ends when it is cancelled`()
        async
    {
        let looks = Mutex(0)
        let enough = AsyncStream.makeStream(of: Void.self)
        let loop = WorkLoop<Int>(
            breadth: 2, complaint: "", logger: Self.silence, pause: { await Task.yield() },
            claim: { _ async throws(CaseStoreError) in
                let look = looks.withLock {
                    $0 += 1
                    return $0
                }
                if look == 2 { throw .unavailable }
                if look == 5 { enough.continuation.yield() }
                return []
            },
            work: { _ in })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await loop.run() }
            for await _ in enough.stream { break }
            group.cancelAll()
        }
        #expect(looks.withLock { $0 } >= 5)
    }
}
