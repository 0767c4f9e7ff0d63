import CaseStore
import Federation
import Foundation
import Logging
import Outbound
import Reports
import Synchronization
import Testing

@testable import Relay

@Suite struct WebhookSenderTests {
    @Test(arguments: [
        (200, Webhook.Attempt.Outcome.delivered, Judgement.Next.onwards),
        (204, .delivered, .onwards), (301, .refused, .again(after: .seconds(60))),
        (400, .refused, .again(after: .seconds(60))), (410, .gone, .never(.gone)),
        (429, .refused, .again(after: .seconds(60))), (502, .refused, .again(after: .seconds(60))),
    ])
    func `only 2xx is told, and 410 ends it`(
        status: Int, outcome: Webhook.Attempt.Outcome, next: Judgement.Next
    ) {
        let judgement = judge(.success(OutboundAnswer(status: status, headers: [])), 2)
        #expect(judgement.outcome == outcome)
        #expect(judgement.status == status)
        #expect(judgement.next == next)
    }

    @Test(arguments: [
        (OutboundError.unreachable(.connection), Webhook.Attempt.Outcome.unreachable),
        (.ambiguous, .broken), (.timedOut, .timedOut),
    ])
    func `what failed is tried again until it is enough`(
        error: OutboundError, outcome: Webhook.Attempt.Outcome
    ) {
        let judgement = judge(.failure(error), 10)
        #expect(judgement.outcome == outcome)
        #expect(judgement.status == nil)
        #expect(judgement.next == .again(after: .seconds(86_400)))
        #expect(judge(.failure(error), 11).next == .never(.failing))
    }

    @Test func `an address that may not be called ends it, unless its name may change`() {
        #expect(judge(.failure(.refused(.port)), 1).next == .never(.blocked))
        #expect(judge(.failure(.refused(.network)), 1).next == .again(after: .seconds(5)))
        #expect(judge(.failure(.refused(.network)), 11).next == .never(.blocked))
    }

    @Test(arguments: [("600", 600), ("1", 60), ("999999999", 86_400)])
    func `a receiver that asks for time gets it, up to a day`(asked: String, seconds: Int) {
        let answer = OutboundAnswer(status: 429, headers: [.init("retry-after", asked)])
        #expect(judge(.success(answer), 2).next == .again(after: .seconds(seconds)))
    }

    typealias Judgement = WebhookSender.Judgement

    private func judge(
        _ result: Result<OutboundAnswer, OutboundError>, _ attempts: Int
    ) -> Judgement {
        Judgement(
            result, by: .standard, afterAttempts: attempts, chance: 0.5,
            now: Date(timeIntervalSince1970: 0))
    }

    @Test func `each webhook is told everything in its order, and only once`() async throws {
        let world = WebhookWorld(webhooks: ["a", "b"], changes: 250)
        await world.run { world in world.told("a").count == 250 && world.told("b").count == 250 }
        #expect(world.told("a") == Array(1...250))
        #expect(world.told("b") == Array(1...250))
    }

    @Test func `a receiver that is down for an hour gets everything in its order`() async throws {
        let world = WebhookWorld(webhooks: ["a", "b"], changes: 40)
        let back = world.start.addingTimeInterval(3600)
        world.judge { webhook, _, now in
            webhook == "a" && now < back ? .failure(.unreachable(.connection)) : WebhookWorld.ok
        }
        await world.run { world in
            // The other one did not wait for it.
            if world.now < back { #expect(world.told("b").count == 40 || world.told("a").isEmpty) }
            return world.told("a").count == 40
        }
        #expect(world.told("a") == Array(1...40))
        #expect(world.told("b") == Array(1...40))
        // 5 s, 1 m, 5 m, 30 m, 2 h: six tries, each with the first change.
        #expect(world.tried("a").prefix(6) == [1, 1, 1, 1, 1, 1])
        #expect(world.tried("a").count == 45)
        #expect(world.now.timeIntervalSince(world.start) < 3 * 3600)
    }

    @Test func `a receiver that stays away is given up, visibly, and goes on where it stopped`()
        async throws
    {
        let world = WebhookWorld(webhooks: ["a"], changes: 3)
        world.judge { _, number, _ in
            number == 2 ? .failure(.unreachable(.connection)) : WebhookWorld.ok
        }
        await world.run { $0.givenUp("a") != nil }
        #expect(world.givenUp("a") == .failing)
        #expect(world.tried("a") == [1] + Array(repeating: 2, count: 11))
        world.judge { _, _, _ in WebhookWorld.ok }
        world.resume("a")
        await world.run { $0.told("a").count == 3 }
        #expect(world.told("a") == [1, 2, 3])
    }

    @Test func `a receiver that is gone hears nothing more`() async throws {
        let world = WebhookWorld(webhooks: ["a"], changes: 3)
        world.judge { _, _, _ in .success(OutboundAnswer(status: 410, headers: [])) }
        await world.run { $0.givenUp("a") != nil }
        #expect(world.givenUp("a") == .gone)
        #expect(world.tried("a") == [1])
    }

    @Test func `a replay tells again from the cursor on, under the same ids`() async throws {
        let world = WebhookWorld(webhooks: ["a"], changes: 5)
        await world.run { $0.told("a").count == 5 }
        world.replay("a", after: 2)
        await world.run { $0.told("a").count == 8 }
        #expect(world.told("a") == [1, 2, 3, 4, 5, 3, 4, 5])
        #expect(world.ids.count == 5)
    }

    @Test func `a turn that somebody else has is left at once`() async throws {
        let world = WebhookWorld(webhooks: ["a"], changes: 5)
        world.judge { webhook, number, _ in
            // Somebody claims it while the second message is under way.
            if number == 2 { world.steal(webhook) }
            return WebhookWorld.ok
        }
        await world.run { $0.tried("a").count >= 6 }
        #expect(world.tried("a") == [1, 2, 2, 3, 4, 5])
    }
}

/// Webhooks and changes in memory, and a clock that each pause moves on by a second.
private final class WebhookWorld: Sendable {
    static let ok = Result<OutboundAnswer, OutboundError>.success(
        OutboundAnswer(status: 200, headers: []))

    typealias Judge = @Sendable (String, Int64, Date) -> Result<OutboundAnswer, OutboundError>

    private struct Row {
        var cursor: Int64 = 0
        var attempts = 0
        var due: Date
        var lease = 0
        var isClaimed = false
        var givenUp: Webhook.GivenUp?
        var tried: [Int64] = []
        var told: [Int64] = []
    }

    private struct State {
        var rows: [String: Row]
        var now: Date
        var ids: Set<String> = []
        var steals = 0
        var judge: Judge = { _, _, _ in WebhookWorld.ok }
    }

    let start = Date(timeIntervalSince1970: 1_700_000_000)
    private let state: Mutex<State>
    private let changes: [Change]

    init(webhooks: [String], changes count: Int64) {
        let start = start
        state = Mutex(
            State(
                rows: Dictionary(uniqueKeysWithValues: webhooks.map { ($0, Row(due: start)) }),
                now: start))
        var source = SystemRandomNumberGenerator()
        changes = (1...count).compactMap { number in
            guard let report = Report.ID(rawValue: "r-\(number)"),
                let town = Jurisdiction.ID(rawValue: "town.example")
            else { return nil }
            return Change(
                cursor: ChangeCursor(transaction: number, sequence: 0),
                event: Event.ID(at: start, using: &source), kind: .updated, recorded: start,
                jurisdiction: town, report: report)
        }
    }

    var now: Date { state.withLock { $0.now } }
    var ids: Set<String> { state.withLock { $0.ids } }

    func told(_ webhook: String) -> [Int64] { state.withLock { $0.rows[webhook]?.told ?? [] } }
    func tried(_ webhook: String) -> [Int64] { state.withLock { $0.rows[webhook]?.tried ?? [] } }
    func givenUp(_ webhook: String) -> Webhook.GivenUp? {
        state.withLock { $0.rows[webhook]?.givenUp }
    }

    func judge(_ judge: @escaping Judge) { state.withLock { $0.judge = judge } }

    func resume(_ webhook: String) {
        change(webhook) { row, now in
            row.givenUp = nil
            row.attempts = 0
            row.due = now
        }
    }

    func replay(_ webhook: String, after cursor: Int64) {
        change(webhook) { row, _ in row.cursor = cursor }
    }

    /// Another node's claim, once, that ends at once.
    func steal(_ webhook: String) {
        state.withLock { state in
            guard state.steals == 0 else { return }
            state.steals = 1
            state.rows[webhook]?.lease += 1
            state.rows[webhook]?.isClaimed = false
        }
    }

    /// Runs a sender until something is so.
    func run(until isEnough: @escaping @Sendable (WebhookWorld) -> Bool) async {
        let enough = AsyncStream.makeStream(of: Void.self)
        let surroundings = WebhookSender.Surroundings(
            due: { limit, now in self.claim(limit, now) },
            message: { Array("{\"report\":\"\($0.report)\"}".utf8) },
            post: { url, headers, body async throws(OutboundError) in
                try self.post(url, headers, body).get()
            },
            now: { self.now }, chance: { 0.5 },
            pause: {
                self.state.withLock { $0.now += 1 }
                if isEnough(self) { enough.continuation.finish() }
                await Task.yield()
            })
        let sender = WebhookSender(
            surroundings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            for await _ in enough.stream {}
            group.cancelAll()
        }
    }

    private func post(
        _ url: String, _ headers: [OutboundRequest.Header], _ body: [UInt8]
    ) -> Result<OutboundAnswer, OutboundError> {
        let text = String(decoding: body, as: UTF8.self)
        let number = Int64(text.filter(\.isNumber)) ?? 0
        let (judge, now) = state.withLock { state in
            state.rows[url]?.tried.append(number)
            state.ids.formUnion(headers.filter { $0.name == "webhook-id" }.map(\.value))
            return (state.judge, state.now)
        }
        let result = judge(url, number, now)
        if case .success(let answer) = result, answer.status == 200 {
            state.withLock { $0.rows[url]?.told.append(number) }
        }
        return result
    }

    private func change(_ webhook: String, _ change: (inout Row, Date) -> Void) {
        state.withLock { state in
            guard var row = state.rows[webhook] else { return }
            change(&row, state.now)
            state.rows[webhook] = row
        }
    }

    private func claim(_ limit: Int, _ now: Date) -> [WebhookSender.Turn] {
        let newest = Int64(changes.count)
        let claimed = state.withLock { state in
            let due = state.rows.filter {
                !$0.value.isClaimed && $0.value.givenUp == nil && $0.value.due <= now
                    && $0.value.cursor < newest
            }
            let names = due.keys.sorted().prefix(limit)
            for name in names {
                state.rows[name]?.isClaimed = true
                state.rows[name]?.lease += 1
            }
            return names.compactMap { name in state.rows[name].map { (name, $0) } }
        }
        return claimed.compactMap { turn($0, $1) }
    }

    private func turn(_ name: String, _ row: Row) -> WebhookSender.Turn? {
        var source = SystemRandomNumberGenerator()
        guard let client = Client.ID(rawValue: "o311_1") else { return nil }
        let webhook = Webhook(
            id: Webhook.ID(using: &source), client: client, url: name,
            filter: ChangeFilter(jurisdictions: nil), created: start,
            cursor: ChangeCursor(transaction: row.cursor, sequence: 0), attempts: row.attempts)
        let finish = { @Sendable (change: (inout Row) -> Void) -> Bool in
            self.state.withLock { state in
                guard var now = state.rows[name], now.lease == row.lease else { return false }
                change(&now)
                state.rows[name] = now
                return true
            }
        }
        return WebhookSender.Turn(
            webhook: webhook, secrets: [WebhookSecret(using: &source)],
            changes: { cursor in self.page(after: cursor) },
            advance: { cursor, _, now in
                finish {
                    $0.cursor = cursor.transaction
                    $0.attempts = 0
                    $0.due = now
                }
            },
            postpone: { until, _ in
                _ = finish {
                    $0.attempts += 1
                    $0.due = until
                    $0.isClaimed = false
                }
            },
            disable: { reason, _, _ in
                _ = finish {
                    $0.givenUp = reason
                    $0.isClaimed = false
                }
            },
            release: { _ = finish { $0.isClaimed = false } })
    }

    private func page(after cursor: ChangeCursor) -> ChangePage {
        let page = Array(changes.filter { cursor < $0.cursor }.prefix(20))
        let next = page.last?.cursor ?? cursor
        return ChangePage(changes: page, next: next, isLast: next == changes.last?.cursor)
    }
}
