import CaseStore
import Crypto
import DatabaseKit
import FoundationEssentials
import Logging
import Postgres
import Reports
import Testing

@testable import Gateway

extension CaseStore {
    /// A case store with a data key of its own.
    init(sealing pool: Pool, settings: Settings = Settings()) {
        var settings = settings
        settings.sealer = Sealer(.made())
        self.init(pool: pool, settings: settings)
    }
}

/// A gateway of two jurisdictions, without a socket.
struct Fixture {
    let gateway: Gateway
    let store: CaseStore
    let key: String

    static let digest: @Sendable ([UInt8]) -> [UInt8] = { Array(SHA256.hash(data: $0)) }

    /// Runs the body with a gateway on a database of its own.
    static func with(
        _ settings: (inout Gateway.Settings) -> Void = { _ in }, pictures: Pictures? = nil,
        storing: CaseStore.Settings = CaseStore.Settings(),
        _ body: (Fixture) async throws -> Void
    ) async throws {
        try await TestDatabase.withPool { pool in
            let store = CaseStore(sealing: pool, settings: storing)
            try await store.migrate()
            let changesets = try await store.publish(try catalogue(), now: Date())
            let (client, key) = try await client(in: store)
            _ = client
            try await body(
                Fixture(
                    gateway: try gateway(store, changesets, pictures: pictures, settings),
                    store: store, key: key.secret))
        }
    }

    /// A gateway whose database is nowhere.
    static func withoutDatabase(
        _ settings: (inout Gateway.Settings) -> Void = { _ in }
    ) throws -> Fixture {
        let pool = Pool(
            Pool.Settings(address: "host=/nowhere/at/all", deadline: .milliseconds(300)))
        let store = CaseStore(sealing: pool)
        return Fixture(
            gateway: try gateway(store, [:], settings), store: store,
            key: try freshKey().secret)
    }

    static func freshKey() throws -> Key {
        var source = SystemRandomNumberGenerator()
        return Key(using: &source)
    }

    /// A client of Sofia and the key it was given.
    static func client(
        in store: CaseStore, jurisdictions: Set<Jurisdiction.ID> = [],
        scopes: Set<Client.Scope> = [.report], profile: Client.Profile = Client.Profile()
    ) async throws -> (Client, Key) {
        let key = try freshKey()
        let client = try await store.create(
            key: key, name: "a test", jurisdictions: jurisdictions, scopes: scopes,
            profile: profile, now: Date())
        return (client, key)
    }

    static func gateway(
        _ store: CaseStore, _ changesets: [Jurisdiction.ID: Date], pictures: Pictures? = nil,
        _ change: (inout Gateway.Settings) -> Void
    ) throws -> Gateway {
        var settings = Gateway.Settings(
            publicURL: "https://gateway.example/", contact: "Call us.", keyService: "Ask us.")
        settings.requestLog = .none
        // A busy machine is no slow database.
        settings.patience = .seconds(20)
        change(&settings)
        return Gateway(
            settings: settings,
            publication: Publication(try catalogue(), changesets: changesets, digest: digest),
            store: store, keys: KeyRing(store), pictures: pictures,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, digest: digest)
    }

    static func catalogue() throws -> Catalogue {
        try Catalogue([
            try jurisdiction("sofia.example", "sofia", "bg"),
            try jurisdiction("mitrovica.example", "mitrovica", "sq"),
        ])
    }

    private static func jurisdiction(
        _ id: String, _ slug: String, _ language: String
    ) throws -> Jurisdiction {
        let language = try #require(Language(rawValue: language))
        let english = try #require(Language(rawValue: "en"))
        func text(_ own: String, _ english_: String) -> Localized {
            Localized([language: own, english: english_])
        }
        func service(
            _ code: String, _ receipt: Service.Receipt, _ visibility: Visibility = .public
        ) throws -> Service {
            Service(
                code: try #require(Service.Code(rawValue: code)),
                name: text("Дупка \(code)", "Pothole \(code)"), group: text("Пътища", "Roads"),
                answersWith: receipt, visibility: visibility)
        }
        return Jurisdiction(
            id: try #require(Jurisdiction.ID(rawValue: id)),
            slug: try #require(Jurisdiction.Slug(rawValue: slug)), name: text(slug, slug),
            contact: "Call \(slug).", languages: [language, english], timeZone: "Europe/Sofia",
            services: [
                try service("POTHOLE", .realtime),
                try service("TREE", .batch(resolvesAfter: .seconds(3600))),
                try service("HIDDEN", .realtime, .private),
            ])
    }

    static let multi = "/open311/v2"
    static let sofia = "/sofia/open311/v2"

    func get(_ target: String, _ headers: [(name: String, value: String)] = []) async
        -> EdgeResponse
    {
        await gateway.respond(
            method: "GET", target: target, headers: [("Host", "gateway.example")] + headers)
    }

    func post(
        _ target: String, _ form: String, _ headers: [(name: String, value: String)] = []
    ) async -> EdgeResponse {
        let all = [
            (name: "Host", value: "gateway.example"),
            (name: "Content-Type", value: "application/x-www-form-urlencoded"),
        ]
        return await gateway.respond(
            method: "POST", target: target, headers: all + headers, body: Array(form.utf8))
    }

    func form(_ more: String = "") -> String {
        "api_key=\(key)&service_code=POTHOLE&lat=42.7&long=23.3&description=A+hole" + more
    }
}

extension EdgeResponse {
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The value of the first JSON member of that name, if it is a string.
    func member(_ name: String) -> String? {
        guard let start = text.firstRange(of: "\"\(name)\":\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
