import DatabaseKit
import Foundation
import Postgres
import Reports
import Synchronization
import Testing

@testable import CaseStore

extension CaseStore {
    /// Cuts off what is older than this moment.
    func cutAudit(before early: Date, tries: Int = 10) async throws(CaseStoreError) -> Int {
        try await cutAudit(keeping: .seconds(Date().timeIntervalSince(early)), tries: tries)
    }
}

extension CaseStoreTests {
    /// B10: the audit log lies in months, of which the next are always there and old ones go at once.
    @Suite struct Months {
        /// The beginning of the month so many months before this one.
        static func month(before count: Int) throws -> Date {
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = .gmt
            let parts = calendar.dateComponents([.year, .month], from: Date())
            let begin = try #require(calendar.date(from: parts))
            return try #require(calendar.date(byAdding: .month, value: -count, to: begin))
        }

        static func name(before count: Int) throws -> String {
            let text = try month(before: count).formatted(.iso8601)
            return "audit_entry_" + text.prefix(7).replacing("-", with: "_")
        }

        static func has(_ pool: Pool, _ count: Int) async throws -> Bool {
            let month = try month(before: count)
            return try await pool.number(
                """
                SELECT count(*) FROM audit_months()
                WHERE starts <= \(month)::timestamptz AND ends > \(month)::timestamptz
                """) == 1
        }

        @Test func `this month and the next three are there, and made again`() async throws {
            try await withStore { store, pool in
                for count in -3...0 { #expect(try await Self.has(pool, count), "\(count)") }
                let fine = AuditMonths(missing: [], strays: 0)
                #expect(try await store.auditMonths(now: Date()) == fine)
                #expect(try await store.makeAuditMonths() == 0)
                for count in [-3, -1] {
                    try await pool.run(script: "DROP TABLE \(Self.name(before: count))")
                }
                let next = try Self.month(before: -1).formatted(.iso8601).prefix(7)
                let told = try await store.auditMonths(now: Date())
                #expect(told == AuditMonths(missing: [String(next)], strays: 0))
                // Two nodes at once make each month once.
                async let here = store.makeAuditMonths()
                async let there = store.makeAuditMonths()
                #expect(try await here + there == 2)
                for count in -3...0 { #expect(try await Self.has(pool, count), "\(count)") }
                #expect(try await store.auditMonths(now: Date()) == fine)
            }
        }

        @Test func `an entry that fits nowhere is kept, told of, and moved to its month`()
            async throws
        {
            try await withStore { store, pool in
                let times = try [Self.month(before: 5), Date(), Self.month(before: -9)]
                for time in times { try await store.audit([Audit.entry()], now: time) }
                let before = try await store.entries(AuditFilter())
                #expect(before.map(\.number) == [3, 2, 1])
                #expect(try await store.auditMonths(now: Date()).strays == 2)
                #expect(try await store.makeAuditMonths() == 0)
                #expect(try await store.moveAuditStrays() == 2)
                #expect(try await store.auditMonths(now: Date()).strays == 0)
                for count in [5, -9] { #expect(try await Self.has(pool, count), "\(count)") }
                #expect(try await store.entries(AuditFilter()) == before)
                #expect(try await store.verifyAudit(.whole).flaw == nil)
                // What comes to lie there later is as well guarded.
                try await store.audit([Audit.entry()], now: Self.month(before: 7))
                for statement in ["DELETE FROM", "TRUNCATE", "UPDATE"] {
                    let rest = statement == "UPDATE" ? "SET name = ''" : ""
                    for part in try [Self.name(before: 5), "audit_entry_default"] {
                        await #expect(throws: PostgresError.refused(state: "P0001")) {
                            try await pool.run(script: "\(statement) \(part) \(rest)")
                        }
                    }
                }
            }
        }

        @Test func `whoever names a part may do no more than with the whole`() async throws {
            try await withStore { store, pool in
                try await store.audit([Audit.entry()], now: Date())
                let part = try Self.name(before: 0)
                for statement in [
                    "UPDATE \(part) SET name = 'nobody'", "DELETE FROM \(part)", "TRUNCATE \(part)",
                    "TRUNCATE audit_entry_default",
                ] {
                    await #expect(throws: PostgresError.refused(state: "P0001"), "\(statement)") {
                        try await pool.run(script: statement)
                    }
                }
                for statement in ["DELETE FROM \(part)", "TRUNCATE \(part)"] {
                    // Refused as well where our user may set this.
                    await #expect(throws: PostgresError.self, "\(statement)") {
                        try await pool.run(
                            script: "SET session_replication_role = 'replica'; \(statement)")
                    }
                }
                // Its place in the chain is not his to choose there either.
                try await pool.run(
                    script: """
                        INSERT INTO \(part) (number, hash, recorded, actor, name, action, reports)
                        VALUES (1, sha256(''), now(), 'system', 'viaduct', 'report.read', '{}')
                        """)
                #expect(try await store.verifyAudit(.whole).checked == 2)
                guard
                    try await pool.number(
                        "SELECT count(*) FROM pg_roles WHERE rolname = 'viaduct_application'") == 1
                else { return }
                // The parts that are made later are as well guarded as the first.
                try await pool.run(script: "DROP TABLE \(Self.name(before: -3))")
                try await store.makeAuditMonths()
                let open = try await pool.number(
                    """
                    SELECT count(*) FROM pg_inherits, unnest(ARRAY[
                        'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS deed
                    WHERE inhparent = 'audit_entry'::regclass
                        AND has_table_privilege('viaduct_application', inhrelid, deed)
                    """)
                #expect(open == 0)
                try await Audit.asMember(pool) {
                    for statement in [
                        "DROP TABLE \(part)", "ALTER TABLE audit_entry DETACH PARTITION \(part)",
                        "SELECT audit_make_part(now(), now())", "DELETE FROM \(part)",
                    ] {
                        await #expect(
                            throws: PostgresError.refused(state: "42501"), "\(statement)"
                        ) {
                            try await pool.run(
                                script: "SET LOCAL ROLE viaduct_application; \(statement)")
                        }
                    }
                    try await pool.run(
                        script: """
                            SET LOCAL ROLE viaduct_application;
                            SELECT audit_make_months(4), audit_move_strays(1),
                                audit_drop_month(), audit_remove(1);
                            SELECT FROM audit_months(); SELECT FROM audit_entry_default
                            """)
                }
                #expect(try await Self.has(pool, -4))
            }
        }

        @Test func `the last of a month may come behind the first of the next`() async throws {
            try await withStore { store, pool in
                let month = try Self.month(before: 5)
                let times = [-3600, 1, -1, 86_400 * 20].map { month.addingTimeInterval($0) }
                for time in times { try await store.audit([Audit.entry()], now: time) }
                #expect(try await store.moveAuditStrays() == 4)
                let early = month.addingTimeInterval(86_400 * 10)
                #expect(try await store.cutAudit(before: early) == 3)
                #expect(try await store.entries(AuditFilter()).map(\.number) == [5, 4])
                #expect(try await !Self.has(pool, 6))
                #expect(try await Self.has(pool, 5))
                #expect(try await store.verifyAudit(.whole).flaw == nil)
                // Nothing more is old enough before the month is over.
                #expect(try await store.cutAudit(before: early) == 0)
                #expect(try await store.entries(AuditFilter()).count == 2)
            }
        }

        @Test func `a filled log becomes one of months as it is`() async throws {
            try await TestDatabase.withPool { pool in
                let migrations = CaseStore.migrations
                let months = try #require(migrations.firstIndex { $0.name == "m0016-months" })
                _ = try await Migrator.migrate(Array(migrations[..<months]), on: pool)
                let store = CaseStore(sealing: pool)
                let old = try Self.month(before: 30)
                for time in [old, Date(), old] { try await store.audit([Audit.entry()], now: time) }
                let rights: SQL =
                    "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relname = 'audit_entry'"
                let held = try await pool.number(rights)
                try await store.migrate()
                #expect(try await pool.number(rights) == held)
                #expect(try await store.entries(AuditFilter()).map(\.number) == [3, 2, 1])
                #expect(try await store.verifyAudit(.whole).flaw == nil)
                let fine = AuditMonths(missing: [], strays: 0)
                #expect(try await store.auditMonths(now: Date()) == fine)
                for count in -3...0 { #expect(try await Self.has(pool, count), "\(count)") }
                for statement in ["DELETE FROM", "TRUNCATE"] {
                    await #expect(throws: PostgresError.refused(state: "P0001")) {
                        try await pool.run(script: "\(statement) audit_entry_before")
                    }
                }
                // What is old in it goes entry by entry, as it did.
                // Sessions that knew the table of before go on.
                for _ in 0..<8 { try await store.audit([Audit.entry()], now: Date()) }
                let early = Date(timeIntervalSinceNow: -730 * 86_400)
                #expect(try await store.cutAudit(before: early) == 1)
                let left = try await store.entries(AuditFilter()).map(\.number)
                #expect(left == Array((2...12).reversed()))
                #expect(try await store.verifyAudit(.whole).flaw == nil)
            }
        }

        /// So many entries of a month, a second apart, into the part for it or where what fits nowhere
        /// lies; their hashes are none.
        static func add(_ count: Int, to month: Date, _ pool: Pool) async throws {
            try await Audit.tamper(
                pool,
                """
                INSERT INTO audit_entry (
                    number, recorded, actor, name, source, action, jurisdiction, reports, hash)
                SELECT head.number + n, timestamptz '\(month.formatted(.iso8601))'
                    + n * interval '1 s', 'client', 'o311_4kTz9Q', '192.0.2.0/24', 'report.read',
                    'sofia.example', ARRAY['sofia-' || n, 'sofia-' || n % 77],
                    sha256(n::text::bytea)
                FROM audit_head AS head, generate_series(1, \(count)) AS n
                """,
                """
                UPDATE audit_head SET (number, hash) = (
                    SELECT number, hash FROM audit_entry ORDER BY number DESC LIMIT 1)
                """)
        }

        /// 20,000 entries in each of these months, which will be cut off; nobody else looks at them.
        static func fill(_ pool: Pool, _ months: ClosedRange<Int>) async throws {
            for count in months.reversed() {
                let (month, next) = try (month(before: count), month(before: count - 1))
                _ = try await pool.query("SELECT audit_make_part(\(month), \(next))")
                try await pool.run(
                    script: "ALTER TABLE \(name(before: count)) SET (autovacuum_enabled = off)")
                try await add(20_000, to: month, pool)
            }
        }

        @Test func `strays are moved however long it takes, and the next month is there before`()
            async throws
        {
            try await withStore { store, pool in
                for count in [0, -1] {
                    try await pool.run(script: "DROP TABLE \(Self.name(before: count))")
                }
                try await pool.run(
                    script: "ALTER TABLE audit_entry_default SET (autovacuum_enabled = off)")
                let month = try Self.month(before: 0)
                try await Self.add(60_000, to: month, pool)
                // A server that ends soon what does not ask for more time.
                let hurried = Pool(
                    Pool.Settings(
                        address: pool.settings.address, deadline: .seconds(60),
                        statementTimeout: .milliseconds(300)))
                let running = Task { await hurried.run() }
                defer { running.cancel() }
                let node = CaseStore(sealing: hurried)
                #expect(try await node.makeAuditMonths() == 1)
                #expect(try await Self.has(pool, -1))
                let name = month.formatted(.iso8601).prefix(7)
                #expect(
                    try await store.auditMonths(now: Date())
                        == AuditMonths(missing: [String(name)], strays: 1000))
                #expect(try await node.moveAuditStrays(portion: 25_000) == 60_000)
                let fine = AuditMonths(missing: [], strays: 0)
                #expect(try await store.auditMonths(now: Date()) == fine)
                let next = try Self.month(before: -1)
                let parts = try await pool.number(
                    """
                    SELECT count(*) FROM audit_months()
                    WHERE starts >= \(month)::timestamptz AND ends <= \(next)::timestamptz
                    """)
                #expect(parts == 3)
                try await store.audit([Audit.entry()], now: Date())
                #expect(try await store.auditMonths(now: Date()) == fine)
                let (first, count) = try await (
                    pool.number("SELECT min(number) FROM audit_entry"),
                    pool.number("SELECT count(DISTINCT number) FROM audit_entry")
                )
                #expect(first == 1 && count == 60_001)
            }
        }

        @Test func `entries of one moment are moved together`() async throws {
            try await withStore { store, pool in
                let month = try Self.month(before: 5)
                let times = [0, 1, 1, 1, 1, 2, 2].map { month.addingTimeInterval($0) }
                for time in times { try await store.audit([Audit.entry()], now: time) }
                #expect(try await pool.number("SELECT audit_move_strays(2)") == 1)
                #expect(try await pool.number("SELECT audit_move_strays(2)") == 4)
                // What comes to a stretch that has its part goes there, and before it nothing is lost.
                try await store.audit([Audit.entry()], now: month.addingTimeInterval(0.5))
                #expect(try await store.auditMonths(now: Date()).strays == 2)
                #expect(try await store.moveAuditStrays(portion: 1) == 2)
                #expect(try await store.auditMonths(now: Date()).strays == 0)
                #expect(try await Self.has(pool, 5))
                let verdict = try await store.verifyAudit(.whole)
                #expect(verdict.flaw == nil && verdict.checked == 8)
                // The stretches go one after the other, as months do.
                let later = try Self.month(before: 4).addingTimeInterval(86_400)
                #expect(try await store.cutAudit(before: later) == 8)
                #expect(try await !Self.has(pool, 5))
                #expect(try await store.entries(AuditFilter()).map(\.number) == [9])
            }
        }

        @Test func `months are made while somebody writes, and strays are moved after him`()
            async throws
        {
            try await withStore { store, pool in
                try await store.audit([Audit.entry()], now: Self.month(before: 5))
                try await pool.run(script: "DROP TABLE \(Self.name(before: -3))")
                try await pool.transaction { writer async throws(PostgresError) in
                    _ = try await writer.query(AuditRow.adding([Audit.entry()], now: Date()))
                    _ = try await pool.query("SELECT audit_make_months(3)")
                    do throws(PostgresError) {
                        _ = try await pool.query("SELECT audit_move_strays(100)")
                        Issue.record("moved beside somebody who writes")
                    } catch {
                        #expect(error == .locked)
                    }
                }
                #expect(try await Self.has(pool, -3))
                #expect(try await store.moveAuditStrays() == 1)
                #expect(try await store.verifyAudit(.whole).checked == 2)
            }
        }

        @Test func `who looks for what to cut and finds nothing holds up nobody`() async throws {
            try await withStore { store, pool in
                try await store.audit([Audit.entry()], now: Date())
                try await pool.transaction { writer async throws(PostgresError) in
                    _ = try await writer.query(SQL.auditHead)
                    try await pool.run(
                        script: """
                            SET LOCAL lock_timeout = '1s';
                            SELECT audit_cut_off(clock_timestamp() - interval '100 days')
                            """)
                }
                // Whose clock is a little ahead is not refused, and cuts nothing younger for it.
                let young = Date(timeIntervalSinceNow: -90 * 86_400 + 600)
                try await store.audit([Audit.entry()], now: young)
                _ = try await pool.query("SELECT audit_cut_off(\(young.addingTimeInterval(300)))")
                #expect(try await pool.number("SELECT count(*) FROM audit_cut") == 0)
            }
        }

        @Test func `a clock that jumped two years ahead takes nothing away`() async throws {
            try await withStore { store, pool in
                let day = 86_400.0
                let early = Date(timeIntervalSinceNow: -730 * day)
                // Two months, and five days, before the clock jumped.
                for time in [-800, -735] {
                    try await store.audit(
                        [Audit.entry()], now: Date(timeIntervalSinceNow: Double(time) * day))
                }
                // What the log believed, when it last looked, since when there was no jump: days ago.
                func set(_ shown: Double, _ moved: Double, _ steady: Double) async throws {
                    let times = [shown, moved, steady].map { Date(timeIntervalSinceNow: -$0 * day) }
                    _ = try await pool.query(
                        """
                        UPDATE audit_clock
                        SET shown = \(times[0]), moved = \(times[1]), steady = \(times[2])
                        """)
                }
                let behind: SQL = """
                    SELECT round(extract(epoch FROM now() - shown) / 86400)::bigint FROM audit_clock
                    """
                // Just now, and not for being asked again; and not within 30 days.
                try await set(730, 730, 900)
                for _ in 0..<2 {
                    #expect(try await store.cutAudit(before: early) == 0)
                    #expect(try await pool.number(behind) == 730)
                }
                try await set(730, 0.1, 29)
                #expect(try await store.cutAudit(before: early) == 0)
                #expect(try await pool.number(behind) == 730)
                #expect(try await store.entries(AuditFilter()).count == 2)
                // Set back, it counts at once; and so it does where the server was off for some days.
                for shown in [-20.0, 5] {
                    try await set(shown, shown < 0 ? -730 : 5, 5)
                    _ = try await pool.query("SELECT audit_cut_off('2001-01-01')")
                    #expect(try await pool.number(behind) == 0)
                }
                // Who goes on like that for a month is believed.
                try await set(730, 0.1, 31)
                #expect(try await store.cutAudit(before: early) >= 1)
                #expect(try await pool.number(behind) == 0)
            }
        }

        @Test func `what cannot go as a month goes entry by entry`() async throws {
            try await withStore { store, pool in
                try await Self.fill(pool, 30...30)
                let early = Date(timeIntervalSinceNow: -730 * 86_400)
                try await pool.transaction { reader async throws(PostgresError) in
                    _ = try await reader.query("SELECT count(*) FROM audit_entry")
                    await #expect(throws: CaseStoreError.timeout) {
                        try await store.cutAudit(before: early, tries: 1)
                    }
                }
                #expect(try await pool.number("SELECT min(number) FROM audit_entry") == 20_001)
                #expect(try await Self.has(pool, 30))
                #expect(try await store.cutAudit(before: early) == 0)
                #expect(try await !Self.has(pool, 30))
                #expect(try await store.verifyAudit(.whole).flaw == nil)
            }
        }

        @Test func `who reads for long keeps a month, and others from waiting`() async throws {
            try await withStore { store, pool in
                try await Self.fill(pool, 30...30)
                let early = Date(timeIntervalSinceNow: -730 * 86_400)
                _ = try await pool.query("SELECT audit_cut_off(\(early))")
                try await pool.run(script: "DROP TABLE \(Self.name(before: -3))")
                try await store.audit([Audit.entry()], now: Self.month(before: 5))
                let refused = try await pool.transaction { reader async throws(PostgresError) in
                    _ = try await reader.query("SELECT count(*) FROM audit_entry")
                    var refused: [PostgresError] = []
                    for work in [
                        "SELECT audit_drop_month()", "SELECT audit_make_months(3)",
                        "SELECT audit_move_strays(100)",
                    ] {
                        do throws(PostgresError) {
                            _ = try await pool.query(SQL(verbatim: work))
                        } catch {
                            refused.append(error)
                        }
                    }
                    return refused
                }
                #expect(refused == [.locked, .locked, .locked])
                #expect(try await store.dropAuditMonth() == 20_000)
                #expect(try await store.makeAuditMonths() == 1)
                #expect(try await store.moveAuditStrays() == 1)
                #expect(try await store.verifyAudit(.whole).flaw == nil)
            }
        }

        @Test func `two nodes drop each month once, and as a whole`() async throws {
            try await withStore { store, pool in
                try await Self.fill(pool, 28...30)
                let early = Date(timeIntervalSinceNow: -730 * 86_400)
                async let here = store.cutAudit(before: early)
                async let there = store.cutAudit(before: early)
                #expect(try await here + there == 60_000)
                for count in 28...30 { #expect(try await !Self.has(pool, count), "\(count)") }
                #expect(try await store.verifyAudit(.whole).flaw == nil)
            }
        }

        /// Who writes until it is over. A class for the longest time that one entry took, under a mutex.
        final class Writers: Sendable {
            let isOver = Atomic(false)
            let longest = Mutex(Duration.zero)

            func write(to store: CaseStore) async throws {
                while !isOver.load(ordering: .relaxed) {
                    let wait = try await ContinuousClock().measure {
                        try await store.audit([Audit.entry()], now: Date())
                    }
                    longest.withLock { $0 = max($0, wait) }
                }
            }
        }

        @Test func `twelve old months go while others write, and nothing younger`() async throws {
            try await withStore { store, pool in
                try await Self.fill(pool, 25...36)
                for _ in 0..<5 { try await store.audit([Audit.entry()], now: Date()) }
                let first = 12 * 20_000 + 1
                let writers = Writers()
                var drops: [Duration] = []
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 { group.addTask { try await writers.write(to: store) } }
                    defer { writers.isOver.store(true, ordering: .relaxed) }
                    let early = Date(timeIntervalSinceNow: -730 * 86_400)
                    _ = try await pool.query("SELECT audit_cut_off(\(early))")
                    while true {
                        let begin = ContinuousClock.now
                        guard let gone = try await store.dropAuditMonth() else { break }
                        drops.append(begin.duration(to: .now))
                        #expect(gone == 20_000)
                    }
                }
                let wait = writers.longest.withLock { $0 }
                print("B10: \(drops.count) months dropped, each within", drops.max() ?? .zero)
                print("B10: the longest that somebody waited who wrote:", wait)
                #expect(drops.count == 12)
                // How long it takes is the disk's and the processors' affair; what counts is who waits.
                #expect(wait < .seconds(5))
                let verdict = try await store.verifyAudit(.whole)
                #expect(verdict.flaw == nil && verdict.checked > 5)
                let left = try await pool.number("SELECT count(*) FROM audit_entry")
                #expect(left == verdict.checked)
                #expect(try await pool.number("SELECT min(number) FROM audit_entry") == first)
                #expect(try await store.cutAudit(before: Date(timeIntervalSinceNow: -1e8)) == 0)
                for count in -3...0 { #expect(try await Self.has(pool, count), "\(count)") }
            }
        }
    }
}
