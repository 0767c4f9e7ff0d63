import DatabaseKit
import Foundation
import Postgres
import Reports
import Testing

@testable import CaseStore

/// All tests that need a database, one after the other: each has a database of its own, and together
/// they would ask one server for more connections than it has.
@Suite(.serialized) struct CaseStoreTests {
    /// Runs the body with a case store of its own in which the sample catalogue is published.
    static func withStore(
        settings: CaseStore.Settings = CaseStore.Settings(), transactions: Int = 2,
        _ body: (CaseStore, Pool) async throws -> Void
    ) async throws {
        try await TestDatabase.withPool(connections: 4, transactions: transactions) { pool in
            let store = CaseStore(sealing: pool, settings: settings)
            try await store.migrate()
            _ = try await store.publish(Sample.catalogue(), now: Sample.now)
            try await body(store, pool)
        }
    }
}

extension CaseStore {
    /// A case store with a data key of its own, unless it was given some.
    init(sealing pool: Pool, settings: Settings = Settings()) {
        var settings = settings
        if settings.sealer.lock != nil { settings.sealer = Sealer(.made()) }
        self.init(pool: pool, settings: settings)
    }
}

extension SQL {
    /// Takes hold of the end of the audit log, so that nobody can add to it.
    static var auditHead: SQL { "SELECT FROM audit_head FOR UPDATE" }
}

extension Pool {
    /// Does the work while another session holds what `lock` locks, and has that let go once so many
    /// wait for locks, or after a second and a half.
    func holding<R: Sendable>(
        _ lock: SQL, until waiting: Int, _ work: @Sendable () async throws -> R
    ) async throws -> R {
        let (held, holds) = AsyncStream<Void>.makeStream()
        async let holder: Void = transaction { transaction async throws(PostgresError) in
            _ = try await transaction.query(lock)
            holds.finish()
            for _ in 0..<75 {
                _ = try await transaction.query("SELECT pg_stat_clear_snapshot()")
                let rows = try await transaction.query(
                    """
                    SELECT count(*) >= \(waiting) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'
                    """)
                if var cells = rows.first?.cells, try cells.next(Bool.self) { return }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        for await _ in held {}
        let result = try await work()
        try await holder
        return result
    }
}

/// Values of which a test writes only what it is about.
enum Sample {
    static let now = time("2026-04-20T00:00:00Z")

    static func time(_ text: String) -> Date {
        (try? Date(text, strategy: .iso8601)) ?? .distantPast
    }

    static let client = name("o311_4kTz9Q", as: Client.ID.self)
    static let sofia = jurisdiction(
        "sofia.example", slug: "sofia", services: [service("POTHOLE"), service("GRAFFITI")])
    static let mitrovica = jurisdiction(
        "mitrovica.example", slug: "mitrovica",
        services: [service("TRASH", answersWith: .batch(resolvesAfter: .seconds(60)))])

    static func catalogue(
        _ jurisdictions: [Jurisdiction] = [sofia, mitrovica]
    ) throws -> Catalogue {
        try Catalogue(jurisdictions)
    }

    static func name<Name: Identifier>(_ text: String, as _: Name.Type = Name.self) -> Name {
        guard let name = Name(rawValue: text) else { preconditionFailure("no name: \(text)") }
        return name
    }

    static func localized(_ text: String) -> Localized {
        Localized([name("en"): text, name("bg"): "\(text) на български"])
    }

    static func jurisdiction(
        _ id: String, slug: String, services: [Service]
    ) -> Jurisdiction {
        Jurisdiction(
            id: name(id), slug: name(slug), name: localized(slug), contact: "help@example.org",
            languages: [name("bg"), name("en")], timeZone: "Europe/Sofia", services: services)
    }

    static func service(
        _ code: String, name label: String? = nil, answersWith: Service.Receipt = .realtime,
        visibility: Visibility = .public
    ) -> Service {
        Service(
            code: name(code), name: localized(label ?? code), group: localized("Streets"),
            answersWith: answersWith, visibility: visibility)
    }

    static func coordinate(_ latitude: Double, _ longitude: Double) -> Coordinate {
        guard let point = Coordinate(latitude: latitude, longitude: longitude) else {
            preconditionFailure("no point")
        }
        return point
    }

    static func place(
        _ coordinate: Coordinate? = coordinate(42.7, 23.3), address: String? = nil,
        addressID: String? = nil
    ) -> Place {
        guard let place = Place(coordinate: coordinate, address: address, addressID: addressID)
        else { preconditionFailure("no place") }
        return place
    }

    static func draft(
        in jurisdiction: Jurisdiction = sofia, stage: Stage = .production,
        service: Service? = nil, place: Place = place(), description: String? = "A hole",
        answers: [Answer] = [], media: [String] = [], pictures: [StoredPicture] = [],
        addresses: [String] = [], reporter: Reporter = Reporter(),
        unknown: [Report.Draft.Unknown] = []
    ) -> Report.Draft {
        Report.Draft(
            jurisdiction: jurisdiction, stage: stage,
            service: service ?? jurisdiction.services.first ?? Sample.service("ANY"), place: place,
            description: description, answers: answers, media: media, pictures: pictures,
            addresses: addresses, reporter: reporter, unknown: unknown)
    }

    /// A POST named by a key; content is told apart by `content`.
    static func key(_ key: String, content: UInt8 = 1) -> Idempotency {
        Idempotency(source: .key(key), fingerprint: fingerprint(content))
    }

    static func fingerprint(_ byte: UInt8) -> [UInt8] {
        [UInt8](repeating: byte, count: 32)
    }

    static func imported(
        _ sourceID: String, in jurisdiction: Jurisdiction = sofia, stage: Stage = .production,
        service: String = "POTHOLE", status: Status = .open, detail: Detail? = nil,
        statusNotes: String? = nil, title: String? = nil, description: String? = "A hole",
        agency: String? = nil, requested: String = "2026-04-10T10:00:00Z", updated: String? = nil,
        address: String? = nil, coordinate: Coordinate? = nil, media: [String] = [],
        answers: [Answer] = [], visibility: Visibility = .public,
        published: Date? = time("2026-04-10T10:00:00Z")
    ) -> ImportedReport {
        ImportedReport(
            jurisdiction: jurisdiction.id, slug: jurisdiction.slug, stage: stage, source: "old",
            sourceID: sourceID, service: name(service), status: status, detail: detail,
            statusNotes: statusNotes, title: title, description: description, agency: agency,
            requested: time(requested), updated: time(updated ?? requested), address: address,
            coordinate: coordinate, media: media, answers: answers, visibility: visibility,
            published: published)
    }

    static func filter(
        _ change: (inout ReportFilter.Conditions) -> Void = { _ in }
    ) -> ReportFilter {
        var conditions = ReportFilter.Conditions()
        change(&conditions)
        return ReportFilter(jurisdiction: sofia.id, scope: .matching(conditions))
    }
}

extension Pool {
    /// The one number that a statement answers with.
    func number(_ statement: SQL) async throws -> Int {
        guard var cells = try await query(statement).first?.cells else { return -1 }
        return try cells.next()
    }
}
