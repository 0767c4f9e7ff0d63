import CaseStore
import Conformance
import Crypto
import DatabaseKit
import Foundation
import GeoReport
import Logging
import NIOHTTP1
import Postgres
import Reports
import Synchronization
import Testing

@testable import Gateway
@testable import viaduct

/// A gateway in process that holds `Specs/GeoReport/Fixture`: settings and history as an operator
/// would load them.
struct FixtureGateway: Sendable {
    private let gateway: Gateway
    private let publication: Publication
    private let catalogue: Catalogue
    private let store: CaseStore
    private let pool: Pool
    private let clock: TestClock
    private let key: Key

    /// Loads the fixture into an empty database.
    static func open(on pool: Pool) async throws -> FixtureGateway {
        let store = CaseStore(pool: pool)
        try await store.migrate()
        let (directory, problems) = JurisdictionDirectory.read(Folder.fixture + "/jurisdictions")
        guard problems.isEmpty else { throw Unusable(problems: problems.map(String.init)) }
        let catalogue = directory.catalogue
        let changesets = try await store.publish(catalogue, now: Date())
        for slug in ["sofia", "workshop"] {
            let history = try Self.history(slug, in: catalogue)
            let taken = try await store.take(history, now: Date())
            guard taken.allSatisfy({ if case .added = $0 { true } else { false } }) else {
                throw Unusable(problems: ["\(slug).json was not taken in: \(taken)"])
            }
        }
        var source = SystemRandomNumberGenerator()
        let key = Key(using: &source)
        _ = try await store.create(key: key, name: "vectors", now: Date())
        return FixtureGateway(
            pool: pool, store: store, catalogue: catalogue, changesets: changesets, key: key)
    }

    /// The fixture cannot be loaded.
    struct Unusable: Error {
        let problems: [String]
    }

    private init(
        pool: Pool, store: CaseStore, catalogue: Catalogue, changesets: [Jurisdiction.ID: Date],
        key: Key
    ) {
        let clock = TestClock()
        let digest: @Sendable ([UInt8]) -> [UInt8] = { Array(SHA256.hash(data: $0)) }
        publication = Publication(catalogue, changesets: changesets, digest: digest)
        var settings = Gateway.Settings(
            publicURL: Self.root, contact: "Екип „Отворен град“", keyService: "Заявете ключ")
        settings.requestLog = .none
        gateway = Gateway(
            settings: settings, publication: publication, store: store, keys: KeyRing(store),
            logger: Logger(label: "vectors") { _ in SwiftLogNoOpLogHandler() },
            now: { clock.now }, digest: digest)
        (self.pool, self.store, self.catalogue) = (pool, store, catalogue)
        (self.clock, self.key) = (clock, key)
    }

    static let root = "https://gateway.example"

    private static func history(_ slug: String, in catalogue: Catalogue) throws -> [ImportedReport] {
        let bytes = try History.bytes(of: slug, now: Date())
        guard
            let jurisdiction = Jurisdiction.Slug(rawValue: slug)
                .flatMap(catalogue.jurisdiction(slug:))
        else { throw Unusable(problems: ["no \(slug)"]) }
        return try Reading.reports(bytes, as: .json, limits: .file).map { row in
            try ImportedReport(
                row.get(), in: jurisdiction, source: "fixture", stage: .production, now: Date())
        }
    }

    // MARK: Vectors

    /// Judges a vector against this gateway, or one in the state that it is about.
    func judge(_ vector: Vector, answers: Answers = Answers()) async -> [Finding] {
        clock.reset()
        let isGone = vector.given == ["database-gone"]
        let gateway = isGone ? withoutDatabase : gateway
        if isGone { await knowKeys(gateway) }
        let verifier = Verifier(
            target: .fixture(root: Self.root, key: key.secret),
            transport: { request in
                let response = await Self.send(request, to: gateway)
                answers.keep(response)
                return response
            },
            writes: .allowed, place: .process, acts: acts, conditions: ["database-gone"],
            now: { clock.now })
        return await verifier.judge(vector)
    }

    /// The same gateway with a database that is not there; it had its keys before.
    private var withoutDatabase: Gateway {
        let gone = CaseStore(
            pool: Pool(
                Pool.Settings(
                    address: "host=/nonexistent dbname=gone", deadline: .milliseconds(300))))
        let store = store
        let keys = KeyRing(
            KeyRing.Source(
                all: { () async throws(CaseStoreError) in try await store.clients() },
                one: { secret async throws(CaseStoreError) in try await store.client(of: secret) }))
        return Gateway(
            settings: gateway.settings, publication: publication, store: gone, keys: keys,
            logger: gateway.logger, now: gateway.now, digest: gateway.digest)
    }

    private func knowKeys(_ gateway: Gateway) async {
        await gateway.keys.refresh()
    }

    /// What a socket would do: the head is judged, then the whole request is answered.
    private static func send(_ request: VectorRequest, to gateway: Gateway) async -> VectorResponse {
        let uri = request.url.hasPrefix(root) ? String(request.url.dropFirst(root.count)) : request.url
        var headers = HTTPHeaders([("Host", "gateway.example")])
        for header in request.headers { headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty {
            headers.add(name: "Content-Length", value: String(request.body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: uri,
            headers: headers)
        let response: EdgeResponse
        do {
            let admission = try Edge.judge(head)
            response = await gateway.respond(
                admission.request(body: request.body, address: "203.0.113.7"))
        } catch {
            response = gateway.refuse(Refusal(error, target: uri))
        }
        return VectorResponse(
            status: response.status,
            headers: response.headers.map { HeaderLine(name: $0.name, value: $0.value) },
            body: response.bytes)
    }

    // MARK: Acts

    private var acts: [String: Act] {
        [
            "publish-a-new-name": publishANewName,
            "pass-89-days": { [clock] in clock.pass(89 * 86400) },
            "return-to-now": { [clock] in clock.reset() },
            "hold-back-the-newest-report": holdBackTheNewestReport,
            "correct-the-notes": correctTheNotes,
        ]
    }

    private func publishANewName() async throws {
        clock.pass(2)
        let name = "Renamed " + UUID().uuidString
        let jurisdictions = catalogue.jurisdictions.map { jurisdiction in
            jurisdiction.slug.rawValue == "workshop"
                ? jurisdiction.renaming("MEASURE", to: name) : jurisdiction
        }
        let next = try Catalogue(jurisdictions)
        publication.publish(next, changesets: try await store.publish(next, now: clock.now))
    }

    private func holdBackTheNewestReport() async throws {
        _ = try await pool.query(
            """
            UPDATE report SET published = NULL
            WHERE id = (SELECT report FROM event ORDER BY id DESC LIMIT 1)
            """)
    }

    private func correctTheNotes() async throws {
        var history = try Self.history("sofia", in: catalogue)
            .filter { $0.sourceID == "SOF-CORRECT" }
        for index in history.indices {
            history[index].statusNotes = "Corrected " + UUID().uuidString
            history[index].updated = clock.now.addingTimeInterval(-5)
        }
        _ = try await store.take(history, now: clock.now)
    }
}

extension Jurisdiction {
    fileprivate func renaming(_ code: String, to name: String) -> Jurisdiction {
        let services = services.map { service in
            service.code.rawValue != code
                ? service
                : Service(
                    code: service.code, name: Localized([defaultLanguage: name]),
                    description: service.description, group: service.group,
                    keywords: service.keywords, answersWith: service.answersWith,
                    visibility: service.visibility, notice: service.notice,
                    agency: service.agency, attributes: service.attributes)
        }
        return Jurisdiction(
            id: id, slug: slug, aliases: aliases, name: self.name, contact: contact,
            languages: languages, timeZone: timeZone, boundary: boundary, services: services,
            repeatWindow: repeatWindow, windowLimit: windowLimit)
    }
}

/// The time of day, which a vector may move. A class, because the gateway shares it.
final class TestClock: Sendable {
    private let offset = Mutex<TimeInterval>(0)

    var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }

    func pass(_ seconds: TimeInterval) {
        offset.withLock { $0 += seconds }
    }

    func reset() {
        offset.withLock { $0 = 0 }
    }
}

/// The answers met while vectors ran. A class, because the transport shares it.
final class Answers: Sendable {
    private let kept = Mutex<Set<[UInt8]>>([])

    func keep(_ response: VectorResponse) {
        kept.withLock { _ = $0.insert(response.body) }
    }

    /// The bodies that are XML.
    var xml: [[UInt8]] { kept.withLock { $0.filter { $0.starts(with: "<?xml".utf8) } } }
}

/// Opens the gateway once for a suite.
struct FixtureTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TestDatabase.withPool { pool in
            let gateway = try await FixtureGateway.open(on: pool)
            try await Self.$gateway.withValue(gateway) { try await function() }
        }
    }

    /// The gateway of the suite that runs.
    @TaskLocal static var gateway: FixtureGateway?
}
