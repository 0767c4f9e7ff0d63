import Foundation
import Reports
import Synchronization
import Testing

@testable import CaseStore

/// Waiting for changes, without a database.
@Suite struct ChangeSignalTests {
    /// What a database would answer, and how often it was asked.
    final class Feed: Sendable {
        let state = Mutex((newest: ChangeCursor.beginning, questions: 0))

        func ask() -> ChangeCursor {
            state.withLock { state in
                state.questions += 1
                return state.newest
            }
        }

        func move(to transaction: Int64) {
            state.withLock { $0.newest = ChangeCursor(transaction: transaction, sequence: 1) }
        }

        var questions: Int { state.withLock { $0.questions } }
    }

    static func with(
        _ body: (ChangeSignal, Feed) async throws -> Void
    ) async throws {
        let feed = Feed()
        let signal = ChangeSignal(interval: .milliseconds(1)) { () async throws(CaseStoreError) in
            feed.ask()
        }
        let running = Task { await signal.run() }
        try await body(signal, feed)
        running.cancel()
        await running.value
    }

    @Test func `all who wait are woken by what comes behind their cursor`() async throws {
        try await Self.with { signal, feed in
            async let woken = withTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 {
                    group.addTask { await signal.wait(behind: .beginning, for: .seconds(600)) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            while feed.questions < 3 { await Task.yield() }
            feed.move(to: 5)
            #expect(await woken == Array(repeating: true, count: 50))
            #expect(await signal.wait(behind: .beginning, for: .seconds(600)))
        }
    }

    @Test func `who waits in vain is sent away when the time is over`() async throws {
        try await Self.with { signal, feed in
            feed.move(to: 5)
            let cursor = ChangeCursor(transaction: 5, sequence: 1)
            #expect(await !signal.wait(behind: cursor, for: .milliseconds(5)))
            #expect(await !signal.wait(behind: cursor, for: .zero))
        }
    }

    @Test func `who is cancelled waits no longer`() async throws {
        try await Self.with { signal, feed in
            let waiting = Task { await signal.wait(behind: .beginning, for: .seconds(600)) }
            while feed.questions < 1 { await Task.yield() }
            waiting.cancel()
            #expect(await !waiting.value)
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                return await signal.wait(behind: .beginning, for: .seconds(600))
            }
            late.cancel()
            #expect(await !late.value)
        }
    }

    @Test func `nobody is asked while nobody waits`() async throws {
        try await Self.with { signal, feed in
            feed.move(to: 5)
            #expect(await signal.wait(behind: .beginning, for: .seconds(600)))
            // One look may be under way when the last one leaves; a thousand turns bring no more.
            let before = feed.questions
            for _ in 0..<1000 { await Task.yield() }
            #expect(feed.questions <= before + 1)
        }
    }

    @Test func `its end sends all away`() async throws {
        let feed = Feed()
        let signal = ChangeSignal(interval: .milliseconds(1)) { () async throws(CaseStoreError) in
            feed.ask()
        }
        let running = Task { await signal.run() }
        async let waiting = signal.wait(behind: .beginning, for: .seconds(600))
        while feed.questions < 1 { await Task.yield() }
        running.cancel()
        #expect(await !waiting)
        await running.value
        #expect(await !signal.wait(behind: .beginning, for: .seconds(600)))
    }

    @Test func `a database out of reach wakes nobody`() async throws {
        let signal = ChangeSignal(interval: .milliseconds(1)) { () async throws(CaseStoreError) in
            throw .unavailable
        }
        let running = Task { await signal.run() }
        #expect(await !signal.wait(behind: .beginning, for: .milliseconds(5)))
        running.cancel()
        await running.value
    }
}
