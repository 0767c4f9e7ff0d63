import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

/// Writers whose transactions take up to 30 ms, and readers that look every 10 ms (D13).
private struct Race: Sendable {
    /// What a reader saw under one name.
    struct Sighting: Sendable, Hashable {
        let name: String
        let stamp: Date
    }

    /// What a race came to, summed over the readers.
    struct Outcome {
        var written = 0
        var missed = 0
        /// Seen again under another stamp.
        var restamped = 0
    }

    let duration: Duration
    var writers = 6
    var readers = 2

    /// Runs it: `write` gives the name of what it wrote, `read` all that is new to its reader, as far
    /// as that knows where it stopped.
    func run<Place: Sendable>(
        from start: Place, write: @escaping @Sendable (Int) async throws -> String,
        read: @escaping @Sendable (inout Place) async throws -> [Sighting]
    ) async throws -> Outcome {
        let end = ContinuousClock.now + duration
        async let names = written(until: end, write)
        var readings: [Reading<Place>] = []
        try await withThrowingTaskGroup(of: Reading<Place>.self) { group in
            for _ in 0..<readers {
                group.addTask {
                    var reading = Reading(place: start)
                    while ContinuousClock.now < end {
                        reading.seen.formUnion(try await read(&reading.place))
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    return reading
                }
            }
            for try await reading in group { readings.append(reading) }
        }
        // The last rows become visible when the last writer is done.
        var outcome = Outcome(written: try await names.count)
        for var reading in readings {
            reading.seen.formUnion(try await read(&reading.place))
            let found = Set(reading.seen.map(\.name))
            outcome.missed += try await names.subtracting(found).count
            outcome.restamped += reading.seen.count - found.count
        }
        return outcome
    }

    /// How far one reader is, and what it saw until there.
    private struct Reading<Place: Sendable>: Sendable {
        var place: Place
        var seen: Set<Sighting> = []
    }

    private func written(
        until end: ContinuousClock.Instant,
        _ write: @escaping @Sendable (Int) async throws -> String
    ) async throws -> Set<String> {
        try await withThrowingTaskGroup(of: [String].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var names: [String] = []
                    while ContinuousClock.now < end { names.append(try await write(writer)) }
                    return names
                }
            }
            return try await group.reduce(into: []) { $0.formUnion($1) }
        }
    }
}

extension CaseStoreTests {
    @Suite struct Following {
        /// Lets each insertion into the table take 0 to 30 ms.
        static func slow(_ table: String, on pool: Pool) async throws {
            try await pool.run(
                script: """
                    CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        PERFORM pg_sleep(random() * 0.03);
                        RETURN NEW;
                    END
                    $$;
                    CREATE TRIGGER dawdle BEFORE INSERT ON \(table)
                        FOR EACH ROW EXECUTE FUNCTION dawdle();
                    """)
        }

        static func withRace(
            _ body: @Sendable (CaseStore, Pool) async throws -> Void
        ) async throws {
            try await TestDatabase.withPool(connections: 4, transactions: 10) { pool in
                let store = CaseStore(sealing: pool)
                try await store.migrate()
                _ = try await store.publish(Sample.catalogue(), now: Sample.now)
                try await body(store, pool)
            }
        }

        @Test func `no update is missed, whoever writes and reads at once`() async throws {
            try await Self.withRace { store, pool in
                var reports: [Report.ID] = []
                for index in 0..<6 {
                    reports.append(try await Sample.report("r\(index)", to: store))
                }
                try await Self.slow("event", on: pool)
                let subjects = reports
                let outcome = try await Race(duration: .seconds(10)).run(from: Date()) { writer in
                    let draft = Sample.update(UUID().uuidString, of: subjects[writer])
                    return try await store.publish(
                        draft, by: Sample.client, actor: .client, now: Date()
                    ).id?.rawValue ?? "none"
                } read: { end in
                    let start = end
                    end = Date()
                    return try await store.updates(
                        UpdateFilter(jurisdiction: Sample.sofia.id, from: start, to: end), now: end
                    ).map { Race.Sighting(name: $0.id.rawValue, stamp: $0.published) }
                }
                #expect(outcome.written > 20)
                #expect(outcome.missed == 0)
                #expect(outcome.restamped == 0)
            }
        }

        /// Cursors that others use; each must lose rows, or the race proves nothing.
        enum Naive: String, CaseIterable {
            case id = "id > last"
            case time = "time > last"
            case window = "windows on the time of writing"
        }

        @Test(arguments: Naive.allCases)
        func `the usual cursors lose rows in the same race`(cursor: Naive) async throws {
            try await Self.withRace { _, pool in
                try await pool.run(
                    script: """
                        CREATE TABLE naive (
                            id bigint GENERATED ALWAYS AS IDENTITY,
                            time timestamptz NOT NULL DEFAULT now());
                        """)
                try await Self.slow("naive", on: pool)
                // Until it has lost one: how soon is chance.
                for _ in 0..<10 {
                    let outcome = try await Race(duration: .seconds(2)).run(
                        from: (id: 0, time: Date())
                    ) { _ in
                        let rows = try await pool.transaction {
                            transaction async throws(PostgresError) in
                            try await transaction.query(
                                "INSERT INTO naive DEFAULT VALUES RETURNING id::text")
                        }
                        guard var cells = rows.first?.cells else { return "none" }
                        return try cells.next()
                    } read: { place in
                        try await Self.rows(behind: &place, cursor, on: pool)
                    }
                    #expect(outcome.written > 5)
                    if outcome.missed > 0 { return }
                }
                Issue.record("nothing was lost")
            }
        }

        private static func rows(
            behind place: inout (id: Int, time: Date), _ cursor: Naive, on pool: Pool
        ) async throws -> [Race.Sighting] {
            let now = Date()
            let condition: SQL =
                switch cursor {
                case .id: "id > \(place.id)"
                case .time: "time > \(place.time)"
                case .window:
                    "date_trunc('second', time) BETWEEN \(place.time.wholeSeconds) AND \(now)"
                }
            let rows = try await pool.query("SELECT id, time FROM naive WHERE \(condition)")
            if cursor == .window { place.time = now }
            var sightings: [Race.Sighting] = []
            for row in rows {
                var cells = row.cells
                let (id, time) = try (cells.next(Int.self), cells.next(Date.self))
                sightings.append(Race.Sighting(name: "\(id)", stamp: time))
                place.id = max(place.id, id)
                if cursor == .time { place.time = max(place.time, time) }
            }
            return sightings
        }
    }
}
