import Federation
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

extension CaseStoreTests {
    @Suite struct ClaimPlans {
        /// How 100,000 deliveries wait.
        enum Crowd: CaseIterable {
            case oneOfAHundredIsDue
            /// 10,000 updates wait behind one parked report, and 90,000 reports beside it.
            case manyBehindOne
        }

        @Test(arguments: Crowd.allCases)
        func `a claim looks at few of 100,000 deliveries`(crowd: Crowd) async throws {
            let pace = Peer.Pace(concurrency: 16)
            try await withPeers([Sample.peer("roads", pace: pace)]) { store, pool in
                try await Self.gather(crowd, in: pool)
                let first = try await store.claimed("roads", limit: 16, at: 0)
                #expect(first.count == 16)
                for turn in first {
                    #expect(try await store.deliver(turn, as: "\(turn.report.id)"))
                }
                let claim = Claim(
                    peer: try #require(store.settings.peering[Sample.name("roads")]), limit: 16,
                    lease: .seconds(3600), nextProbe: Sample.now, now: Sample.now)
                let plan = try await Self.plan(of: claim.statement, in: pool)
                for table in ["delivery", "lane", "report"] {
                    #expect(!plan.contains { $0.contains("Seq Scan on \(table)") })
                }
                // Pages, because time depends on what else the machine does.
                let pages = plan.first { $0.contains("Buffers: shared hit=") }
                    .flatMap { $0.split(separator: "hit=").last?.prefix { $0.isNumber } }
                    .flatMap { Int($0) }
                #expect(try #require(pages) < 3000)
                #expect(try await pool.number("SELECT count(*) FROM lane WHERE lease > 0") == 16)
            }
        }

        private static func plan(of statement: SQL, in pool: Pool) async throws -> [String] {
            let rows = try await pool.query("EXPLAIN (ANALYZE, BUFFERS) \(statement)")
            return try rows.map { row in
                var cells = row.cells
                return try cells.next()
            }
        }

        private static func gather(_ crowd: Crowd, in pool: Pool) async throws {
            let (reports, updates, due) =
                switch crowd {
                case .oneOfAHundredIsDue:
                    (100_000, 0, "'2026-04-19'::date + (number % 100 > 0)::int * 2")
                case .manyBehindOne: (90_000, 10_000, "'2026-04-19'")
                }
            try await pool.run(
                script: """
                    SET statement_timeout = '600s';
                    INSERT INTO report (
                        id, jurisdiction, stage, service, status, requested, updated, channel,
                        visibility, published)
                    SELECT 'r-' || number, 'sofia.example', 'production', 'POTHOLE', 'open',
                        '2026-04-19', '2026-04-19', 'open311', 'public', '2026-04-19'
                    FROM generate_series(1, \(reports)) AS number;
                    INSERT INTO delivery (peer, report, event, kind, state, created, due)
                    SELECT 'roads', 'r-' || number, gen_random_uuid(), 'report',
                        CASE number WHEN 1 THEN 'parked' ELSE 'waiting' END,
                        '2026-04-19', \(due)
                    FROM generate_series(1, \(reports)) AS number;
                    INSERT INTO delivery (peer, report, event, kind, "update", created, due)
                    SELECT 'roads', 'r-1', gen_random_uuid(), 'update', 'u-1', '2026-04-19',
                        '2026-04-19'
                    FROM generate_series(1, \(updates));
                    INSERT INTO lane (peer, report, due)
                    SELECT peer, report, min(due) FROM delivery GROUP BY peer, report;
                    ANALYZE;
                    RESET statement_timeout;
                    """)
        }
    }
}
