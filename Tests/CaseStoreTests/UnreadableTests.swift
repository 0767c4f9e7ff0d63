import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

/// P3: one row that no key opens keeps nothing else back, and is told of.
extension CaseStoreTests {
    @Suite struct UnreadableRows {
        /// A report and an update of one person, both with something that the public is not shown.
        private static func tell(
            _ store: CaseStore, _ key: String
        ) async throws -> (report: Report.ID, update: Update.ID) {
            let report = try await store.add(
                Sample.draft(
                    in: Sealings.asking, description: "call 0888 123 456 (\(key))",
                    answers: [Answer(code: Sealings.plate, values: ["B 1"])],
                    reporter: Privacy.reporter),
                by: Sample.client, idempotency: Sample.key(key), now: Sample.now
            ).receipt.id
            let update = try await store.told(
                Sample.update(
                    "u\(key)", of: report, told: 10, text: "or 0887 654 321",
                    author: Privacy.reporter), at: 10)
            return (report, update)
        }

        /// Changes the last bits of what is sealed in a column of one row.
        private static func spoil(
            _ table: String, _ key: String, of row: String, on pool: Pool
        ) async throws {
            _ = try await pool.query(
                """
                \(SQL(verbatim: "UPDATE \(table) SET sealed"))
                    = set_byte(sealed, octet_length(sealed) - 1,
                        get_byte(sealed, octet_length(sealed) - 1) # 1)
                \(SQL(verbatim: "WHERE \"\(key)\"")) = \(row)
                """)
        }

        @Test func `staff are shown the rest of a list, and the one row is told of`() async throws {
            try await withStore { store, pool in
                let (one, two) = (try await Self.tell(store, "1"), try await Self.tell(store, "2"))
                let (first, second) = (one.report.rawValue, one.update.rawValue)
                try await Self.spoil("contact.original", "report", of: first, on: pool)
                try await Self.spoil("contact.original", "update", of: second, on: pool)
                let originals = try await store.originals(of: [one.report, two.report])
                #expect(Array(originals.keys) == [two.report])
                #expect(store.untoldUnreadable() == ["contact.original.sealed of \(first)"])
                let filter = UpdateFilter(
                    jurisdiction: Sample.sofia.id, from: Sample.now,
                    to: Sample.now.addingTimeInterval(60))
                let updates = try await store.updates(
                    filter, audience: .staff, now: Sample.now.addingTimeInterval(60))
                #expect(
                    updates.map(\.description).sorted { ($0 ?? "") < ($1 ?? "") }
                        == ["or 0887 654 321", "or •••"])
                #expect(updates.map(\.isOriginal).sorted { !$0 && $1 } == [false, true])
                let notes = try await store.notes(of: [one.report, two.report], for: .staff)
                #expect(notes[one.report]?.last?.description == "or •••")
                #expect(notes[two.report]?.last?.description == "or 0887 654 321")
                // Once each, however often it is met.
                #expect(store.untoldUnreadable() == ["contact.original.sealed of \(second)"])
                _ = try await store.originals(of: [one.report])
                #expect(store.untoldUnreadable().isEmpty)
                #expect(try await store.metUnreadable().count == 2)
                // What was repaired or is gone is forgotten.
                try await Self.spoil("contact.original", "report", of: first, on: pool)
                let left = try await store.metUnreadable()
                #expect(left.examples == ["contact.original.sealed of \(second)"])
                _ = try await pool.query(
                    "DELETE FROM contact.original WHERE \"update\" = \(second)")
                #expect(try await store.metUnreadable() == Unreadable())
                #expect(store.settings.sealer.unreadable.isEmpty)
            }
        }

        @Test(arguments: [
            ("contact.contact", "sealed"), ("contact.contact", "sealed_device"),
            ("contact.author", "sealed"), ("contact.author", "sealed_device"),
        ])
        func `each cell that was met is opened again`(table: String, column: String) async throws {
            try await withStore { store, pool in
                let one = try await Self.tell(store, "1")
                let isReport = table == "contact.contact"
                let row = isReport ? one.report.rawValue : one.update.rawValue
                let spoil = SQL(
                    verbatim: """
                        UPDATE \(table) SET \(column) = set_byte(\(column), octet_length(\(column)) - 1,
                            get_byte(\(column), octet_length(\(column)) - 1) # 1)
                        """)
                _ = try await pool.query(spoil)
                _ = try await store.records(email: "canary1@example.org", phone: nil)
                for _ in 0..<2 {
                    let met = try await store.metUnreadable()
                    #expect(met.examples == ["\(table).\(column) of \(row)"])
                }
                _ = try await pool.query(spoil)
                #expect(try await store.metUnreadable() == Unreadable())
            }
        }

        @Test func `a person is given the rest, and told that there is more`() async throws {
            try await withStore { store, pool in
                let (one, two) = (try await Self.tell(store, "1"), try await Self.tell(store, "2"))
                func records() async throws -> [PersonalRecord] {
                    try await store.records(email: "canary1@example.org", phone: nil)
                }
                #expect(try await records().map(\.isWhole) == [true, true, true, true])
                try await Self.spoil(
                    "contact.original", "report", of: one.report.rawValue, on: pool)
                try await Self.spoil("contact.author", "update", of: two.update.rawValue, on: pool)
                let known = try await records()
                #expect(known.count == 4)
                for record in known {
                    let (isTorn, isNameless) = (
                        record.report == one.report && record.kind == .report,
                        record.report == two.report && record.kind == .update
                    )
                    #expect(record.isWhole == !(isTorn || isNameless))
                    #expect((record.person.email == nil) == isNameless)
                    #expect(record.description?.contains("•••") == isTorn)
                }
                #expect(Set(store.untoldUnreadable()).count == 2)
            }
        }

        @Test func `what no key opens is counted in all columns`() async throws {
            try await withStore { store, pool in
                let one = try await Self.tell(store, "1")
                let friend = try #require(Supporter(Reporter(email: "friend@example.org")))
                _ = try await store.support(
                    one.report, in: Sample.sofia.id, stage: .production, by: friend,
                    client: Sample.client, now: Sample.now)
                let keys = try store.settings.sealer.keys()
                #expect(try await store.unreadable(with: keys) == Unreadable())
                #expect(try await store.unreadable(with: .made()).count == 7)
                try await Self.spoil(
                    "contact.original", "report", of: one.report.rawValue, on: pool)
                let found = try await store.unreadable(with: keys)
                #expect(found.count == 1)
                #expect(found.examples == ["contact.original.sealed of \(one.report)"])
                // Masks are made anew of all the others.
                let masked = try await store.mask(in: Sample.catalogue())
                #expect(masked.unreadable == 1)
            }
        }

        @Test func `nobody judges who gets a report without the answers that decide it`()
            async throws
        {
            let city = Sample.peer(
                "city", rules: [Rule(answers: [Sealings.plate: ["B 1"]])],
                role: .handler(turn: 1))
            try await withPeers([city]) { store, pool in
                let one = try await Self.tell(store, "1")
                func handler(_ settings: CaseStore.Settings) async throws -> Peer.Name? {
                    try await pool.transaction { transaction throws(PostgresError) in
                        let holding = try await Holding(of: one.report, settings, in: transaction)
                        return holding.flatMap {
                            settings.peering.destinations(of: $0.subject(), by: nil, refused: [])
                                .handler
                        }
                    }
                }
                #expect(try await handler(store.settings) == city.name)
                var locked = store.settings
                locked.sealer = Sealer()
                await #expect(throws: PostgresError.unavailable) { try await handler(locked) }
                // What is spoilt for good does not stop the report for ever.
                try await Self.spoil(
                    "contact.original", "report", of: one.report.rawValue, on: pool)
                #expect(try await handler(store.settings) == nil)
                #expect(store.untoldUnreadable().count == 1)
            }
        }
    }
}
