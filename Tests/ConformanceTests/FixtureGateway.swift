import CaseStore
import Conformance
import Crypto
import DatabaseKit
import Foundation
import GeoReport
import Logging
import Media
import NIOHTTP1
import Postgres
import Reports

@testable import Gateway
@testable import viaduct

/// A gateway in process that holds `Specs/GeoReport/Fixture`: settings and history as an operator
/// would load them.
struct FixtureGateway: Sendable {
    let gateway: Gateway
    let publication: Publication
    let catalogue: Catalogue
    let store: CaseStore
    let pool: Pool
    let clock: TestClock
    let keys: FixtureKeys

    /// Loads the fixture into an empty database.
    static func open(on pool: Pool) async throws -> FixtureGateway {
        var storing = CaseStore.Settings()
        storing.sealer = Sealer(.made())
        let store = CaseStore(pool: pool, settings: storing)
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
        let keys = try await FixtureKeys(in: store)
        let pictures = Pictures(
            try PictureStore(directory: TestDirectory().path, lowWater: 0),
            thumbnailer: await Thumbnailer.find())
        let opened = FixtureGateway(
            pool: pool, store: store, catalogue: catalogue, changesets: changesets, keys: keys,
            pictures: pictures)
        await opened.knowKeys(opened.gateway)
        return opened
    }

    /// The fixture cannot be loaded.
    struct Unusable: Error {
        let problems: [String]
    }

    private init(
        pool: Pool, store: CaseStore, catalogue: Catalogue, changesets: [Jurisdiction.ID: Date],
        keys: FixtureKeys, pictures: Pictures
    ) {
        let clock = TestClock()
        let digest: @Sendable ([UInt8]) -> [UInt8] = { Array(SHA256.hash(data: $0)) }
        publication = Publication(catalogue, changesets: changesets, digest: digest)
        var settings = Gateway.Settings(
            publicURL: Self.root, contact: "Екип „Отворен град“", keyService: "Заявете ключ")
        settings.requestLog = .none
        // A busy machine is no slow database.
        settings.patience = .seconds(20)
        settings.callbacks = .served
        gateway = Gateway(
            settings: settings, publication: publication, store: store, keys: KeyRing(store),
            pictures: pictures, logger: Logger(label: "vectors") { _ in SwiftLogNoOpLogHandler() },
            now: { clock.now }, digest: digest)
        (self.pool, self.store, self.catalogue) = (pool, store, catalogue)
        (self.clock, self.keys) = (clock, keys)
    }

    static let root = "https://gateway.example"

    static func history(_ slug: String, in catalogue: Catalogue) throws -> [ImportedReport] {
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
        let gateway: Gateway
        switch vector.given {
        case ["database-gone"]:
            gateway = withoutDatabase
            await knowKeys(gateway)
        case ["one-report-an-hour"]: gateway = rationed
        default: gateway = self.gateway
        }
        let verifier = Verifier(
            target: .fixture(root: Self.root, key: keys.plain, otherKeys: keys.others),
            transport: { request in
                let response = await Self.send(request, to: gateway)
                answers.keep(response)
                return response
            },
            writes: .allowed, place: .process, acts: acts,
            conditions: ["database-gone", "one-report-an-hour"], now: { clock.now })
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

    /// The same gateway, which takes one report an hour of a client.
    private var rationed: Gateway {
        var settings = gateway.settings
        settings.rationing = Rationing(
            [.reportsOfKey: Rate(1, in: .hour)],
            clock: { [clock] in clock.now.timeIntervalSinceReferenceDate })
        return Gateway(
            settings: settings, publication: publication, store: store, keys: gateway.keys,
            logger: gateway.logger, now: gateway.now, digest: gateway.digest)
    }

    private func knowKeys(_ gateway: Gateway) async {
        await gateway.keys.refresh()
    }

    /// What a socket would do: the head is judged, then the whole request is answered.
    private static func send(_ request: VectorRequest, to gateway: Gateway) async -> VectorResponse
    {
        let uri =
            request.url.hasPrefix(root) ? String(request.url.dropFirst(root.count)) : request.url
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
            body: bytes(of: response))
    }

    private static func bytes(of response: EdgeResponse) -> [UInt8] {
        guard case .file(let path) = response.body, !response.omitsBody else {
            return response.bytes
        }
        return FileManager.default.contents(atPath: path).map { Array($0) } ?? []
    }
}
