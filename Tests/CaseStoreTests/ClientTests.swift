import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct Clients {
        static func key() -> Key {
            var source = SystemRandomNumberGenerator()
            return Key(using: &source)
        }

        @Test func `a client is known by its key until it is revoked`() async throws {
            try await withStore { store, _ in
                let key = Self.key()
                let profile = Client.Profile(
                    absent: .compact, created: .created, dialects: [.fixmystreet, .base64])
                let made = try await store.create(
                    key: key, name: "Phone app", jurisdictions: [Sample.sofia.id],
                    scopes: [.update, .staff],
                    profile: profile, now: Sample.now)
                #expect(made.id.rawValue == key.clientID)
                #expect(made.scopes == [.update, .staff])
                #expect(made.profile == profile)
                #expect(try await store.client(of: key.secret) == made)
                #expect(try await store.client(of: Self.key().secret) == nil)
                #expect(try await store.clients() == [KeyDigest(of: key.secret): made])
                let later = Sample.now.addingTimeInterval(60)
                #expect(try await store.revoke(made.id, now: later))
                #expect(try await store.revoke(made.id, now: later.addingTimeInterval(60)))
                #expect(try await store.client(of: key.secret) == nil)
                #expect(try await store.clients().isEmpty)
                #expect(try await store.list().map(\.revoked) == [later])
                #expect(try await !store.revoke(Sample.client, now: later))
            }
        }

        @Test func `a client may have two keys that count, and is the same by both`() async throws {
            try await withStore { store, _ in
                let (first, second, third) = (Self.key(), Self.key(), Self.key())
                let made = try await store.create(
                    key: first, name: "App", scopes: [.report], now: Sample.now)
                let later = Sample.now.addingTimeInterval(3600)
                let end = Client.Retirement(date: later, notice: "Use the key of Monday.")
                #expect(
                    try await store.rotate(made.id, to: second, retiring: end, now: Sample.now)
                        == .made(made.id))
                #expect(try await store.client(of: second.secret) == made)
                var old = made
                old.retirement = end
                #expect(try await store.client(of: first.secret) == old)
                #expect(try await store.list() == [made])
                let ids = try await store.keys().map(\.id.rawValue)
                #expect(Set(ids) == [first.clientID, second.clientID])
                #expect(
                    try await store.rotate(made.id, to: third, now: Sample.now) == .tooMany)
                // The old one has retired by then; any of a client's keys names it.
                let newer = Sample.name(second.clientID, as: Client.ID.self)
                #expect(try await store.rotate(newer, to: third, now: later) == .made(made.id))
                // What is retired does not come back as a third one.
                let far = Client.Retirement(date: later.addingTimeInterval(60), notice: "Soon.")
                #expect(try await !store.retire(made.id, far, now: later))
                #expect(try await store.client(of: first.secret) == old)
                #expect(try await store.revoke(newer, now: later))
                #expect(try await store.client(of: second.secret) == nil)
                #expect(try await store.client(of: third.secret) == made)
                #expect(try await store.list().first?.revoked == nil)
                let newest = Sample.name(third.clientID, as: Client.ID.self)
                for id in [newest, made.id] { #expect(try await store.revoke(id, now: later)) }
                #expect(try await store.list().first?.revoked == later)
                #expect(try await store.rotate(made.id, to: Self.key(), now: later) == .unknown)
                #expect(try await !store.retire(made.id, end, now: later))
                let actions = try await store.entries(AuditFilter()).map(\.entry.action)
                #expect(
                    actions == [
                        .keyRevoked, .keyRevoked, .keyRevoked, .keyRotated, .keyRotated,
                        .keyCreated,
                    ])
            }
        }

        @Test func `two rotations at once never make three keys that count`() async throws {
            try await withStore(transactions: 4) { store, pool in
                let made = try await store.create(
                    key: Self.key(), name: "App", scopes: [.report], now: Sample.now)
                try await pool.holding(.auditHead, until: 2) {
                    async let one = store.rotate(made.id, to: Self.key(), now: Sample.now)
                    async let two = store.rotate(made.id, to: Self.key(), now: Sample.now)
                    let both = try await [one, two]
                    #expect(both.contains(.made(made.id)) && both.contains(.tooMany))
                }
                #expect(try await store.keys().count == 2)
            }
        }

        @Test func `two revocations at once leave no client whose keys are all revoked`()
            async throws
        {
            try await withStore(transactions: 4) { store, pool in
                let (first, second) = (Self.key(), Self.key())
                let made = try await store.create(key: first, name: "App", now: Sample.now)
                _ = try await store.rotate(made.id, to: second, now: Sample.now)
                let newer = Sample.name(second.clientID, as: Client.ID.self)
                let later = Sample.now.addingTimeInterval(60)
                try await pool.holding(.auditHead, until: 2) {
                    async let one = store.revoke(made.id, now: later)
                    async let two = store.revoke(newer, now: later)
                    let both = try await [one, two]
                    #expect(both == [true, true])
                }
                #expect(try await store.list().map(\.revoked) == [later])
            }
        }

        @Test func `whoever listens hears of each change of keys`() async throws {
            try await withStore { store, _ in
                var changes = store.keyChanges().makeAsyncIterator()
                // The first is said when listening begins.
                #expect(await changes.next() != nil)
                let made = try await store.create(key: Self.key(), name: "App", now: Sample.now)
                #expect(await changes.next() != nil)
                _ = try await store.revoke(made.id, now: Sample.now)
                #expect(await changes.next() != nil)
            }
        }

        @Test func `a supervisor is staff`() async throws {
            try await withStore { store, _ in
                let key = Self.key()
                _ = try await store.create(
                    key: key, name: "Head", scopes: [.supervisor], now: Sample.now)
                #expect(try await store.client(of: key.secret)?.scopes == [.supervisor, .staff])
            }
        }

        @Test func `keys are stored nowhere, and a prefix is given once`() async throws {
            try await withStore { store, pool in
                let key = Self.key()
                let plain = try await store.create(key: key, name: "One", now: Sample.now)
                #expect(try await store.client(of: key.secret) == plain)
                #expect(plain.scopes == [.report])
                await #expect(throws: CaseStoreError.taken) {
                    try await store.create(key: key, name: "Two", now: Sample.now)
                }
                let found = try await pool.number(
                    """
                    SELECT count(*) FROM client_key AS r
                    WHERE r::text LIKE \("%" + key.secret.dropFirst(11) + "%")
                    """)
                #expect(found == 0)
            }
        }
    }

    @Suite struct Publishing {
        @Test func `a changeset moves only when the catalogue changes, and then forward`()
            async throws
        {
            try await withStore { store, _ in
                let now = Sample.now.addingTimeInterval(3600)
                let same = try await store.publish(Sample.catalogue(), now: now)
                #expect(same == [Sample.sofia.id: Sample.now, Sample.mitrovica.id: Sample.now])
                let renamed = Sample.jurisdiction(
                    "sofia.example", slug: "sofia",
                    services: [Sample.service("POTHOLE", name: "Hole")])
                let changed = try await store.publish(
                    Sample.catalogue([renamed, Sample.mitrovica]), now: now)
                #expect(changed == [Sample.sofia.id: now, Sample.mitrovica.id: Sample.now])
                // A clock that went back, and two changes in one second, still move forward.
                let back = try await store.publish(Sample.catalogue(), now: Sample.now)
                #expect(back[Sample.sofia.id] == now.addingTimeInterval(1))
            }
        }

        @Test func `a withdrawn service keeps its last name`() async throws {
            try await withStore { store, _ in
                let fewer = Sample.jurisdiction(
                    "sofia.example", slug: "sofia", services: [Sample.service("POTHOLE")])
                _ = try await store.publish(Sample.catalogue([fewer]), now: Sample.now)
                #expect(
                    try await store.withdrawnServices(of: Sample.sofia.id)
                        == [Sample.name("GRAFFITI"): Sample.localized("GRAFFITI")])
                _ = try await store.publish(Sample.catalogue(), now: Sample.now)
                #expect(try await store.withdrawnServices(of: Sample.sofia.id).isEmpty)
            }
        }

        @Test func `nodes may publish at once`() async throws {
            try await withStore { store, pool in
                let now = Sample.now.addingTimeInterval(10)
                let renamed = Sample.jurisdiction(
                    "sofia.example", slug: "sofia",
                    services: [Sample.service("POTHOLE", name: "Hole")])
                let catalogue = try Sample.catalogue([Sample.mitrovica, renamed])
                try await withThrowingTaskGroup(of: [Jurisdiction.ID: Date].self) { group in
                    for _ in 0..<8 {
                        group.addTask { try await store.publish(catalogue, now: now) }
                    }
                    for try await changesets in group {
                        #expect(changesets[Sample.sofia.id] == now)
                    }
                }
                #expect(try await pool.number("SELECT count(*) FROM jurisdiction") == 2)
            }
        }
    }
}
