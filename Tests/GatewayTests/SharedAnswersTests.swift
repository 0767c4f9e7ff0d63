import CaseStore
import Crypto
import Federation
import FoundationEssentials
import GeoReport
import Reports
import Synchronization
import Testing

@testable import Gateway

@Suite struct SharedAnswersTests {
    @Test func `who asks while an answer is being made is given the next one`() async throws {
        let shared = SharedAnswers<String>(patience: .seconds(3600))
        let kitchen = Kitchen()
        let first = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(1)
        let others = (0..<10).map { _ in
            Task { try await shared.answer(to: "a") { await kitchen.make() } }
        }
        await shared.waits(for: "a", 10)
        #expect(kitchen.count == 1)
        kitchen.finish(1)
        #expect(try await first.value.status == 1)
        await kitchen.begun(2)
        let late = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await shared.waits(for: "a", 1)
        kitchen.finish(2)
        for other in others { #expect(try await other.value.status == 2) }
        await kitchen.begun(3)
        kitchen.finish(3)
        #expect(try await late.value.status == 3)
        #expect(shared.works.withLock { $0.byQuestion.isEmpty })
    }

    @Test func `different questions do not wait for each other`() async throws {
        let shared = SharedAnswers<String>(patience: .seconds(3600))
        let kitchen = Kitchen()
        let first = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(1)
        #expect(try await shared.answer(to: "b") { EdgeResponse(status: 7) }.status == 7)
        kitchen.finish(1)
        #expect(try await first.value.status == 1)
    }

    @Test func `a failure is that of those who share it, and of those who wait for the next one`()
        async throws
    {
        let shared = SharedAnswers<String>(patience: .seconds(3600))
        let kitchen = Kitchen()
        let fault = Fault(.failed, "Broken.")
        let first = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(1)
        let failing = (0..<5).map { _ in
            Task {
                try await shared.answer(to: "a") { () async throws(Fault) in
                    _ = await kitchen.make()
                    throw fault
                }
            }
        }
        await shared.waits(for: "a", 5)
        kitchen.finish(1)
        #expect(try await first.value.status == 1)
        await kitchen.begun(2)
        let late = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await shared.waits(for: "a", 1)
        kitchen.finish(2)
        for task in failing + [late] { await #expect(throws: fault) { try await task.value } }
        let next = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(3)
        kitchen.finish(3)
        #expect(try await next.value.status == 3)
        #expect(shared.works.withLock { $0.byQuestion.isEmpty })
    }

    @Test func `whoever is cancelled harms nobody`() async throws {
        let shared = SharedAnswers<String>(patience: .seconds(3600))
        let kitchen = Kitchen()
        let first = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(1)
        let others = (0..<6).map { _ in
            Task { try await shared.answer(to: "a") { await kitchen.make() } }
        }
        await shared.waits(for: "a", 6)
        first.cancel()
        // One of these makes the next answer; whichever it is, it is cancelled before or meanwhile.
        for other in others.prefix(3) { other.cancel() }
        kitchen.finish(1)
        await kitchen.begun(2)
        for other in others.dropFirst(3).dropLast() { other.cancel() }
        kitchen.finish(2)
        for other in others { #expect(try await other.value.status == 2) }
        #expect(try await first.value.status == 1)
    }

    @Test func `an answer that takes long is not waited for`() async throws {
        let shared = SharedAnswers<String>(patience: .zero)
        let kitchen = Kitchen()
        let first = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(1)
        let second = Task { try await shared.answer(to: "a") { await kitchen.make() } }
        await kitchen.begun(2)
        kitchen.finish(2)
        #expect(try await second.value.status == 2)
        kitchen.finish(1)
        #expect(try await first.value.status == 1)
        #expect(shared.works.withLock { $0.byQuestion.isEmpty })
    }

    @Test func `no two clients ask the same question, nor do two views`() throws {
        let published = Published(try Fixture.catalogue(), changesets: [:], digest: Fixture.digest)
        let path = Fixture.sofia + "/requests.json"
        func client(_ id: String, _ profile: Client.Profile = Client.Profile()) throws -> Client {
            Client(
                id: try #require(Client.ID(rawValue: id)), name: "a test", profile: profile,
                created: Date(timeIntervalSince1970: 0))
        }
        func question(
            _ path: String = path, _ query: String? = "page_size=5", language: String? = nil,
            by client: Client? = nil, peer: PeerCalls.Caller? = nil, of other: Published? = nil
        ) throws -> Question {
            var fields = Fields()
            fields.acceptLanguage = language
            let request = EdgeRequest(method: .get, path: path, query: query, fields: fields)
            let route = try Route(parsing: path)
            let format = try #require(route.format)
            return Question(
                try Call(request, route, format, other ?? published), by: client, peer: peer)
        }
        func peer(_ name: String) throws -> PeerCalls.Caller {
            PeerCalls.Caller(
                name: try #require(Peer.Name(rawValue: name)),
                authority: try #require(Authority(rawValue: name)), secrets: [],
                quiet: [])
        }
        let compact = Client.Profile(absent: .compact)
        let questions = [
            try question(), try question(Fixture.sofia + "/requests.xml"),
            try question("/test" + path),
            try question("/sofia/fixmystreet/open311/v2/requests.json"),
            try question(path, nil), try question(path, "page_size=6"),
            try question(path, "page_size=5&extensions=true"), try question(language: "en"),
            try question(by: client("o311_aaaaaa"), peer: peer("roads")),
            try question(by: client("o311_aaaaaa"), peer: peer("parks")),
            try question(by: client("o311_aaaaaa")), try question(by: client("o311_bbbbbb")),
            try question(by: client("o311_aaaaaa", compact)),
            try question(
                of: Published(try Fixture.catalogue(), changesets: [:], digest: Fixture.digest)),
        ]
        #expect(Set(questions).count == questions.count)
        #expect(try question() == questions[0])
        #expect(try question(by: client("o311_aaaaaa")) == questions[10])
    }
}

extension SharedAnswers {
    /// Returns once so many wait for the next answer to this question.
    fileprivate func waits(for question: Question, _ count: Int) async {
        while works.withLock({ $0.byQuestion[question]?.waiting.count }) != count {
            await Task.yield()
        }
    }
}

/// Answers that are made when the test says so; the status of each is its number.
private final class Kitchen: Sendable {
    private struct State {
        var begun = 0
        var finished: Set<Int> = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock(\.begun) }

    func make() async -> EdgeResponse {
        let number = state.withLock { state in
            state.begun += 1
            return state.begun
        }
        while !state.withLock({ $0.finished.contains(number) }) { await Task.yield() }
        return EdgeResponse(status: number)
    }

    func begun(_ number: Int) async {
        while count < number { await Task.yield() }
    }

    func finish(_ number: Int) {
        state.withLock { _ = $0.finished.insert(number) }
    }
}
