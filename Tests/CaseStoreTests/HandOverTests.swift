import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct HandingOver {
        private static let first = Sample.peer("first", role: .handler(turn: 1))
        private static let second = Sample.peer("second", role: .handler(turn: 2))
        private static let archive = Sample.peer("archive")

        private static func handler(_ pool: Pool) async throws -> String? {
            var cells = try #require(try await pool.query("SELECT handler FROM report").first)
                .cells
            return try cells.next()
        }

        private static func refuse(
            _ peer: String, at seconds: TimeInterval, in store: CaseStore
        ) async throws {
            let turn = try #require(try await store.claimed(peer, at: seconds).first)
            #expect(
                try await store.finish(
                    turn, as: .refused("not ours"), attempt: Sample.attempt(.refused, at: seconds),
                    now: Sample.now.addingTimeInterval(seconds)))
        }

        @Test func `what one refuses goes to the next, and after the last one to triage`()
            async throws
        {
            try await withPeers([Self.first, Self.second, Self.archive]) { store, pool in
                let report = try await Sample.report(to: store)
                _ = try await store.told(Sample.update(of: report, text: "Hurry"))
                #expect(try await Self.handler(pool) == "first")
                try await Self.refuse("first", at: 1, in: store)
                #expect(try await Self.handler(pool) == "second")
                #expect(try await store.found(report).detail == nil)
                try await Self.refuse("second", at: 2, in: store)
                #expect(try await Self.handler(pool) == nil)
                #expect(try await store.found(report).detail == .forTriage)
                #expect(
                    try await store.ledger(of: report).sorted() == [
                        "archive report waiting", "archive update waiting",
                        "archive update waiting", "first report refused", "first update dropped",
                        "second report refused",
                    ])
                let reasons = try await store.deliveries(
                    DeliveryFilter(report: report, states: [.refused])
                ).map(\.delivery.reason)
                #expect(reasons == ["not ours", "not ours"])
                // Staff read the whole story; the public only that it waits for an owner.
                let kinds = try await Self.kinds(of: report, pool)
                #expect(kinds == ["created", "updated", "handed", "handed", "updated"])
                let told = try await store.changes(
                    ChangeFilter(jurisdictions: nil), after: nil, limit: 10)
                #expect(told.changes.map(\.kind) == [.created, .updated, .updated])
                let shown = try await store.changes(
                    ChangeFilter(jurisdictions: nil, audience: .staff), after: nil, limit: 10)
                #expect(shown.changes.filter { $0.kind == .handed }.count == 2)
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM report WHERE standing_epoch = 2") == 1)
            }
        }

        private static func kinds(
            of report: Report.ID, _ pool: Pool
        ) async throws -> [String] {
            let rows = try await pool.query(
                """
                SELECT kind FROM event WHERE report = \(report.rawValue)
                ORDER BY transaction, sequence
                """)
            return try rows.map { row in
                var cells = row.cells
                return try cells.next()
            }
        }

        @Test func `the new owner's first word counts, whatever its clock says`() async throws {
            let key = Sample.name("o311_second", as: Client.ID.self)
            var second = Self.second
            second.client = key
            try await withPeers([Self.first, second]) { store, _ in
                let report = try await Sample.report(to: store)
                _ = try await store.told(Sample.update(of: report, told: 200, .inProgress))
                try await Self.refuse("first", at: 100, in: store)
                _ = try await store.publish(
                    Sample.update("late", of: report, told: -900, .fixed), by: key,
                    actor: .client, now: Sample.now.addingTimeInterval(300))
                #expect(try await store.found(report).detail == .fixed)
            }
        }

        @Test func `who only gets a copy and refuses it changes nothing else`() async throws {
            try await withPeers([Self.first, Self.archive]) { store, pool in
                let report = try await Sample.report(to: store)
                try await Self.refuse("archive", at: 1, in: store)
                _ = try await store.told(Sample.update(of: report))
                #expect(try await Self.handler(pool) == "first")
                #expect(
                    try await store.ledger(of: report).sorted() == [
                        "archive report refused", "first report waiting", "first update waiting",
                    ])
            }
        }

        @Test func `who takes a report and then says that it is not theirs has refused it`()
            async throws
        {
            try await withPeers([Self.first, Self.second]) { store, pool in
                let report = try await Sample.report(to: store)
                let turn = try #require(try await store.claimed("first").first)
                #expect(try await store.deliver(turn, as: "1"))
                try await store.refuseHandling(
                    report, by: Self.first.name, "NOT_OURS", now: Sample.now)
                #expect(try await Self.handler(pool) == "second")
                _ = try await store.told(Sample.update(of: report))
                #expect(
                    try await store.ledger(of: report) == [
                        "first report refused", "second report waiting", "second update waiting",
                    ])
                // Said twice it is the same.
                try await store.refuseHandling(
                    report, by: Self.first.name, "NOT_OURS", now: Sample.now)
                #expect(try await Self.handler(pool) == "second")
            }
        }

        @Test func `a report moved to another service goes to whoever handles that`() async throws {
            let potholes = Rule(services: [Sample.name("POTHOLE")])
            let graffiti = Rule(services: [Sample.name("GRAFFITI")])
            let peers = [
                Sample.peer("roads", rules: [potholes], role: .handler(turn: 1)),
                Sample.peer("walls", rules: [graffiti], role: .handler(turn: 1)),
                Self.archive,
            ]
            try await withPeers(peers) { store, pool in
                let known = try await Sample.report("known", to: store)
                _ = try await store.deliverAll("roads")
                let fresh = try await Sample.report("fresh", to: store)
                for report in [known, fresh] {
                    _ = try await store.told(
                        Sample.update(
                            of: report, text: "Moved",
                            changes: .init(service: Sample.name("GRAFFITI"))), by: .operator)
                }
                #expect(
                    try await store.ledger(of: known).sorted() == [
                        "archive report waiting", "archive update waiting", "roads report done",
                        "roads update waiting", "walls report waiting",
                    ])
                #expect(
                    try await store.ledger(of: fresh).sorted() == [
                        "archive report waiting", "archive update waiting",
                        "roads report dropped", "roads update dropped", "walls report waiting",
                    ])
                #expect(
                    try await pool.number(
                        "SELECT count(*) FROM report WHERE handler = 'walls'") == 2)
                let turn = try #require(try await store.claimed("walls").first)
                #expect(turn.report.service.rawValue == "GRAFFITI")
            }
        }

        @Test func `what became private is taken back from who may not know of such`() async throws
        {
            let trusted = Sample.peer("trusted", privacy: .init(allowed: [.handlerOnly]))
            try await withPeers([Self.archive, trusted]) { store, _ in
                let known = try await Sample.report("known", to: store)
                _ = try await store.deliverAll("archive")
                let fresh = try await Sample.report("fresh", to: store)
                for report in [known, fresh] {
                    _ = try await store.told(
                        Sample.update(
                            of: report, text: "Moved",
                            changes: .init(
                                service: Sample.name("GRAFFITI"), visibility: .private)),
                        by: .operator)
                }
                #expect(
                    try await store.ledger(of: known).sorted() == [
                        "archive erasure waiting", "archive report done",
                        "trusted report waiting", "trusted update waiting",
                    ])
                #expect(
                    try await store.ledger(of: fresh).sorted() == [
                        "archive report dropped", "trusted report waiting",
                        "trusted update waiting",
                    ])
                let turns = try await store.claimed("archive")
                #expect(turns.map(\.delivery.kind) == [.erasure])
                #expect(turns.first?.ticket == Ticket(id: "t-\(known)"))
                #expect(turns.first?.report.visibility == .private)
            }
        }
    }
}
