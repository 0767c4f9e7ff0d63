import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Webhooks {
        /// Runs the body with a client that may follow everything, or these jurisdictions.
        static func withClient(
            jurisdictions: Set<Jurisdiction.ID> = [],
            _ body: (CaseStore, Pool, Client.ID) async throws -> Void
        ) async throws {
            try await withStore { store, pool in
                let client = try await store.create(
                    key: Clients.key(), name: "Follower", jurisdictions: jurisdictions,
                    scopes: [.follow], now: Sample.now)
                try await body(store, pool, client.id)
            }
        }

        static let url = "https://hooks.example/in"

        /// What a receiver got: the event and the report of each message, in order.
        actor Receiver {
            private(set) var got: [Change] = []
            func take(_ change: Change) { got.append(change) }
        }

        /// How long a test's claims last: for ever, or not at all, as if their node had died.
        static let (held, lost) = (Duration.seconds(600), Duration.zero)

        /// Claims the one webhook that is due.
        static func claim(
            _ store: CaseStore, lease: Duration = held, now: Date = Sample.now
        ) async throws -> WebhookTurn? {
            let turns = try await store.dueWebhooks(limit: 10, lease: lease, now: now)
            #expect(turns.count <= 1)
            return turns.first
        }

        /// Tells the receiver all that is due, as a sender does, until it is told to die.
        static func send(
            _ store: CaseStore, to receiver: Receiver, lease: Duration = held,
            now: Date = Sample.now, dyingAfter last: Int = .max
        ) async throws {
            guard let turn = try await claim(store, lease: lease, now: now) else { return }
            var (cursor, sent) = (turn.webhook.cursor, 0)
            while true {
                let page = try await store.changes(turn.filter, after: cursor, limit: 3)
                for change in page.changes {
                    await receiver.take(change)
                    sent += 1
                    if sent == last { return }
                    let attempt = Webhook.Attempt(
                        event: change.event, started: now, outcome: .delivered, status: 200)
                    guard
                        try await store.advance(turn, to: change.cursor, by: attempt, now: now)
                    else { return }
                }
                cursor = page.next
                guard try await store.advance(turn, to: cursor, now: now) else { return }
                if page.isLast { break }
            }
            try await store.release(turn)
        }

        @Test func `a webhook is told of every change from its beginning on, in order`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                _ = try await store.post("before")
                try await pool.settle()
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                #expect(try await Self.claim(store) == nil, "nothing is new")
                var ids: [Report.ID] = []
                for number in 1...7 { ids.append(try await store.post("\(number)")) }
                try await pool.settle()
                let receiver = Receiver()
                try await Self.send(store, to: receiver)
                #expect(await receiver.got.map(\.report) == ids)
                #expect(try await Self.claim(store) == nil)
                let webhook = try await store.webhook(made.webhook.id)
                #expect(try await webhook?.cursor == store.newestChange())
                let log = try await store.attempts(of: made.webhook.id)
                #expect(log.map(\.event) == (await receiver.got.map(\.event).reversed()))
                #expect(log.allSatisfy { $0.outcome == .delivered && $0.status == 200 })
            }
        }

        @Test
        func
            `what was sent before a crash is sent again under the same id, and nothing is left out`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                _ = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                for number in 1...5 { _ = try await store.post("\(number)") }
                try await pool.settle()
                let receiver = Receiver()
                // The third was received, and its sender died before it could note that.
                try await Self.send(store, to: receiver, lease: Self.lost, dyingAfter: 3)
                try await Self.send(store, to: receiver)
                let got = await receiver.got
                let all = try await store.changes(.sofia, after: nil, limit: 10).changes
                #expect(got == Array(all[0..<3]) + Array(all[2..<5]))
            }
        }

        @Test func `senders that die and race leave nothing out and keep the order`() async throws {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                for number in 1...40 { _ = try await store.post("\(number)") }
                try await pool.settle()
                let end = try await store.newestChange()
                let receiver = Receiver()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            while try await store.webhook(made.webhook.id)?.cursor != end {
                                try await Self.send(
                                    store, to: receiver, lease: Self.lost,
                                    dyingAfter: Int.random(in: 1...4))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                var seen: Set<Event.ID> = []
                let first = await receiver.got.filter { seen.insert($0.event).inserted }
                #expect(try await store.changes(.sofia, after: nil, limit: 100).changes == first)
            }
        }

        @Test func `who lost its turn moves nothing and notes nothing`() async throws {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                _ = try await store.post("1")
                try await pool.settle()
                let stale = try #require(try await Self.claim(store, lease: Self.lost))
                let fresh = try #require(try await Self.claim(store))
                #expect(try await Self.claim(store) == nil, "the lease holds")
                let end = try await store.newestChange()
                let attempt = Webhook.Attempt(
                    event: try await store.changes(.sofia, after: nil, limit: 1).changes[0].event,
                    started: Sample.now, outcome: .unreachable)
                #expect(try await !store.advance(stale, to: end, by: attempt, now: Sample.now))
                #expect(try await !store.postpone(stale, until: Sample.now, by: attempt))
                #expect(try await !store.disable(stale, .gone, by: attempt, now: Sample.now))
                try await store.release(stale)
                #expect(try await store.attempts(of: made.webhook.id).isEmpty)
                #expect(try await store.webhook(made.webhook.id)?.state == .active)
                #expect(try await Self.claim(store) == nil, "the fresh lease still holds")
                #expect(try await store.advance(fresh, to: end, now: Sample.now))
                #expect(try await store.webhook(made.webhook.id)?.cursor == end)
            }
        }

        @Test func `of many nodes one gets each webhook`() async throws {
            try await Self.withClient { store, pool, client in
                for _ in 0..<20 {
                    _ = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                }
                _ = try await store.post("1")
                try await pool.settle()
                let turns = try await withThrowingTaskGroup(of: [WebhookTurn].self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await store.dueWebhooks(
                                limit: 5, lease: Self.held, now: Sample.now)
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                let rest = try await store.dueWebhooks(limit: 20, now: Sample.now)
                let all = (turns + rest).map(\.webhook.id)
                #expect(Set(all).count == 20)
                #expect(all.count == 20)
            }
        }

        @Test func `a receiver that was down for an hour gets everything once it is back`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                var ids = [try await store.post("0")]
                try await pool.settle()
                var now = Sample.now
                var tries: [Date] = []
                // As the schedule has it (D8).
                let pauses = [5, 60, 300, 1800, 7200].map { Duration.seconds($0) }
                while now < Sample.now.addingTimeInterval(3600) {
                    let turn = try #require(try await Self.claim(store, now: now))
                    #expect(turn.webhook.attempts == tries.count)
                    tries.append(now)
                    let change = try await store.changes(
                        turn.filter, after: turn.webhook.cursor, limit: 1
                    ).changes[0]
                    #expect(change.report == ids[0])
                    let pause = pauses[turn.webhook.attempts]
                    let attempt = Webhook.Attempt(
                        event: change.event, started: now, outcome: .refused, status: 503)
                    let until = now.advanced(by: pause)
                    #expect(try await store.postpone(turn, until: until, by: attempt))
                    #expect(
                        try await Self.claim(store, now: until.addingTimeInterval(-1)) == nil)
                    ids.append(try await store.post("\(tries.count)"))
                    now = until
                }
                #expect(tries.count == 5)
                let failing = try #require(try await store.webhook(made.webhook.id))
                #expect(failing.attempts == 5)
                #expect(failing.failingSince == Sample.now)
                try await pool.settle()
                let receiver = Receiver()
                try await Self.send(store, to: receiver, now: now)
                #expect(await receiver.got.map(\.report) == ids)
                let healed = try #require(try await store.webhook(made.webhook.id))
                #expect(healed.attempts == 0)
                #expect(healed.failingSince == nil)
            }
        }

        @Test func `a receiver that is gone is told nothing more until it is resumed`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                let id = try await store.post("1")
                try await pool.settle()
                let turn = try #require(try await Self.claim(store))
                let change = try await store.changes(
                    turn.filter, after: turn.webhook.cursor, limit: 1
                ).changes[0]
                let attempt = Webhook.Attempt(
                    event: change.event, started: Sample.now, outcome: .gone, status: 410)
                #expect(try await !store.disable(turn, .gone, by: attempt, now: Sample.now))
                #expect(
                    try await store.webhook(made.webhook.id)?.state
                        == .disabled(since: Sample.now, .gone))
                #expect(try await Self.claim(store) == nil)
                #expect(try await store.attempts(of: made.webhook.id) == [attempt])
                _ = try await store.resume(made.webhook.id, now: Sample.now)
                let receiver = Receiver()
                try await Self.send(store, to: receiver)
                #expect(await receiver.got.map(\.report) == [id])
            }
        }

        @Test func `a pause stops after the change that is on its way, and loses nothing`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                let ids = [try await store.post("1"), try await store.post("2")]
                try await pool.settle()
                let turn = try #require(try await Self.claim(store))
                let first = try await store.changes(.sofia, after: nil, limit: 1).changes[0]
                let paused = try await store.pause(made.webhook.id, now: Sample.now)
                #expect(paused?.state == .paused(since: Sample.now))
                // It is told to stop, and what was received is noted all the same.
                #expect(try await !store.advance(turn, to: first.cursor, now: Sample.now))
                #expect(try await Self.claim(store) == nil)
                let resumed = try await store.resume(made.webhook.id, now: Sample.now)
                #expect(resumed?.cursor == first.cursor)
                try await store.release(turn)
                let receiver = Receiver()
                try await Self.send(store, to: receiver)
                #expect(await receiver.got.map(\.report) == [ids[1]])
            }
        }

        @Test func `a replay tells again from a cursor or a time, and takes the turn away`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                let old = try await store.post("1", now: Sample.now.addingTimeInterval(-7200))
                let new = try await store.post("2")
                try await pool.settle()
                let receiver = Receiver()
                try await Self.send(store, to: receiver)
                let last = try await store.newestChange()
                _ = try await store.post("3")
                try await pool.settle()
                let turn = try #require(try await Self.claim(store))
                _ = try await store.replay(made.webhook.id, after: .beginning, now: Sample.now)
                #expect(try await !store.advance(turn, to: last, now: Sample.now))
                try await Self.send(store, to: receiver)
                #expect(await receiver.got.map(\.report).prefix(4) == [old, new, old, new])
                let since = try await store.replay(
                    made.webhook.id, since: Sample.now, now: Sample.now)
                let first = try await store.changes(.sofia, after: since?.cursor, limit: 1)
                #expect(first.changes.map(\.report) == [new])
                let ahead = Sample.now.addingTimeInterval(86_400)
                #expect(try await store.cursor(since: ahead) == store.newestChange())
                #expect(
                    try await store.replay(
                        Sample.name("wh-none"), after: .beginning, now: Sample.now) == nil)
            }
        }

        @Test func `two secrets are valid during a rotation, and one before and after`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                _ = try await store.post("1")
                try await pool.settle()
                #expect(try await Self.claim(store, lease: Self.lost)?.secrets == [made.secret])
                let rotated = try #require(
                    try await store.rotateSecret(
                        of: made.webhook.id, overlap: .seconds(60), now: Sample.now))
                #expect(rotated.secret != made.secret)
                #expect(
                    try await Self.claim(store, lease: Self.lost)?.secrets
                        == [rotated.secret, made.secret])
                let later = Sample.now.addingTimeInterval(60)
                #expect(
                    try await Self.claim(store, lease: Self.lost, now: later)?.secrets
                        == [rotated.secret])
            }
        }

        @Test func `a webhook is told no more than its client may follow now`() async throws {
            try await Self.withClient(jurisdictions: [Sample.sofia.id, Sample.mitrovica.id]) {
                store, pool, client in
                let wide = ChangeFilter(jurisdictions: nil)
                _ = try await store.subscribe(client, to: Self.url, wide, now: Sample.now)
                let id = try await store.post("1")
                try await pool.tell(.noted, id)
                try await pool.settle()
                func filter() async throws -> ChangeFilter? {
                    try await Self.claim(store, lease: Self.lost)?.filter
                }
                #expect(
                    try await filter()?.jurisdictions == [Sample.sofia.id, Sample.mitrovica.id])
                #expect(try await filter()?.audience == .public)
                _ = try await pool.query(
                    """
                    UPDATE client_key SET jurisdictions = '{mitrovica.example}',
                        scopes = '{follow,staff}'
                    """)
                #expect(try await filter()?.jurisdictions == [Sample.mitrovica.id])
                #expect(try await filter()?.audience == .staff)
                _ = try await pool.query("UPDATE webhook SET jurisdictions = '{sofia.example}'")
                #expect(try await filter()?.jurisdictions == [])
                _ = try await pool.query("UPDATE client_key SET scopes = '{report}'")
                #expect(try await filter() == nil)
                _ = try await pool.query("UPDATE client_key SET scopes = '{follow}'")
                #expect(try await filter() != nil)
                _ = try await store.revoke(client, now: Sample.now)
                #expect(try await filter() == nil)
            }
        }

        @Test func `whose keys are all retired is told nothing, until there is another key`()
            async throws
        {
            try await Self.withClient { store, pool, client in
                _ = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                let ids = [try await store.post("1"), try await store.post("2")]
                try await pool.settle()
                let end = Client.Retirement(
                    date: Sample.now.addingTimeInterval(60), notice: "Use the new key.")
                #expect(try await store.retire(client, end, now: Sample.now))
                let turn = try #require(try await Self.claim(store, lease: Self.lost))
                let page = try await store.changes(
                    turn.filter, after: turn.webhook.cursor, limit: 3)
                let first = try #require(page.changes.first)
                // It ends in the middle of a turn as well.
                #expect(try await !store.advance(turn, to: first.cursor, now: end.date))
                #expect(try await Self.claim(store, lease: Self.lost, now: end.date) == nil)
                _ = try await store.rotate(client, to: Clients.key(), now: end.date)
                let receiver = Receiver()
                try await Self.send(store, to: receiver, now: end.date)
                #expect(await receiver.got.map(\.report) == Array(ids.dropFirst()))
            }
        }

        @Test func `webhooks are listed by client, and go away with their log`() async throws {
            try await Self.withClient { store, pool, client in
                var filter = ChangeFilter.sofia
                filter.services = [Sample.name("POTHOLE"), Sample.name("GRAFFITI")]
                filter.kinds = [.created, .updated]
                let made = try await store.subscribe(
                    client, to: Self.url, filter, after: .beginning, now: Sample.now)
                #expect(made.webhook.filter == filter)
                #expect(made.webhook.cursor == .beginning)
                #expect(try await store.webhooks(of: client) == [made.webhook])
                #expect(try await store.webhooks() == [made.webhook])
                #expect(try await store.webhooks(of: Sample.client).isEmpty)
                _ = try await store.post("1")
                try await pool.settle()
                try await Self.send(store, to: Receiver())
                #expect(try await pool.number("SELECT count(*) FROM webhook_attempt") == 1)
                #expect(try await store.unsubscribe(made.webhook.id))
                #expect(try await !store.unsubscribe(made.webhook.id))
                #expect(try await store.webhook(made.webhook.id) == nil)
                #expect(try await pool.number("SELECT count(*) FROM webhook_attempt") == 0)
            }
        }

        @Test func `the log keeps the last thousand tries, and none for long`() async throws {
            try await Self.withClient { store, pool, client in
                let made = try await store.subscribe(client, to: Self.url, .sofia, now: Sample.now)
                _ = try await pool.query(
                    """
                    INSERT INTO webhook_attempt (webhook, event, started, outcome, status)
                    SELECT \(made.webhook.id.rawValue), gen_random_uuid(),
                        \(Sample.now) - n * interval '1 day', 'refused', 500
                    FROM generate_series(1, 40) AS n
                    UNION ALL
                    SELECT \(made.webhook.id.rawValue), gen_random_uuid(), \(Sample.now),
                        'delivered', 200
                    FROM generate_series(1, 2500)
                    """)
                let pruned = try await store.prune(now: Sample.now)
                #expect(pruned.webhookAttempts == 1540)
                let log = try await store.attempts(of: made.webhook.id, limit: 5000)
                #expect(log.count == 1000)
                #expect(log.allSatisfy { $0.outcome == .delivered })
            }
        }

        @Test func `nobody but the application may read the secrets`() async throws {
            try await withStore { _, pool in
                let readable = try await pool.number(
                    """
                    SELECT count(*) FROM pg_roles, unnest(ARRAY['webhook', 'webhook_attempt']) AS t
                    WHERE rolname IN ('viaduct_reader', 'viaduct_contact')
                        AND has_table_privilege(rolname, t, 'SELECT')
                    """)
                #expect(readable == 0)
            }
        }

        @Test func `who may read what is public may read the change feed`() async throws {
            try await withStore { _, pool in
                let closed = try await pool.number(
                    """
                    SELECT count(*) FROM pg_roles,
                        unnest(ARRAY['change_shift', 'publication_due', 'event', 'report']) AS t
                    WHERE rolname = 'viaduct_reader' AND NOT has_table_privilege(rolname, t, 'SELECT')
                    """)
                #expect(closed == 0)
            }
        }
    }
}
