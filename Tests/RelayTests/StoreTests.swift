import CaseStore
import DatabaseKit
import Foundation
import Logging
import LoopbackKit
import Media
import Outbound
import Postgres
import Reports
import Testing

@testable import Relay

/// The loops over a real database and a real socket.
@Suite(.serialized) struct StoreTests {
    /// A case store with one jurisdiction, its client, and a client that may call one port.
    private struct Town {
        let store: CaseStore
        let jurisdiction: Jurisdiction
        let client: Client.ID
        let outbound: OutboundClient
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

        static func with(
            _ server: Server, _ body: (Town) async throws -> Void
        ) async throws {
            let settings = OutboundGuard.Settings(
                ports: [server.port], allow: [try #require(.init("127.0.0.1"))])
            try await OutboundClient.with(.init(settings)) { outbound in
                try await TestDatabase.withPool(connections: 4, transactions: 2) { pool in
                    var storing = CaseStore.Settings()
                    storing.sealer = Sealer(.made())
                    let store = CaseStore(pool: pool, settings: storing)
                    try await store.migrate()
                    let town = try jurisdiction()
                    _ = try await store.publish(Catalogue([town]), now: Date())
                    var source = SystemRandomNumberGenerator()
                    let client = try await store.create(
                        key: Key(using: &source), name: "a test", scopes: [.report, .follow],
                        now: Date())
                    try await body(
                        Town(
                            store: store, jurisdiction: town, client: client.id,
                            outbound: outbound))
                }
            }
        }

        private static func jurisdiction() throws -> Jurisdiction {
            let english = try #require(Language(rawValue: "en"))
            let name = Localized([english: "Town"])
            let hole = Service(
                code: try #require(.init(rawValue: "HOLE")), name: name, group: name,
                answersWith: .realtime, visibility: .public)
            return Jurisdiction(
                id: try #require(.init(rawValue: "town.example")),
                slug: try #require(.init(rawValue: "town")), name: name,
                contact: "help@example.org", languages: [english], timeZone: "UTC",
                services: [hole])
        }

        func add(_ number: Int, pictures: [String] = []) async throws -> Report.ID {
            let point = try #require(Coordinate(latitude: 42, longitude: 23))
            let draft = Report.Draft(
                jurisdiction: jurisdiction, stage: .production,
                service: try #require(jurisdiction.services.first),
                place: try #require(Place(coordinate: point, address: nil, addressID: nil)),
                description: "A hole", addresses: pictures)
            let idempotency = Idempotency(
                source: .key("k\(number)"),
                fingerprint: [UInt8](repeating: UInt8(number), count: 32))
            return try await store.add(draft, by: client, idempotency: idempotency, now: Date())
                .receipt.id
        }

        func report(_ id: Report.ID) async throws -> Report? {
            try await store.report(id, in: jurisdiction.id, stage: .production, now: Date())
        }
    }

    /// Runs a loop until something is so.
    private func run(
        _ loop: @escaping @Sendable () async -> Void,
        until isEnough: () async throws -> Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await loop() }
            while try await !isEnough() { await Task.yield() }
            group.cancelAll()
        }
    }

    private static let picture = Data(
        base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAADnRFWHRDb21tZW50AHNlY3Jld"
            + "GSqxSkAAAAKSURBVHicY2gAAACCAIF3zXK2AAAAAElFTkSuQmCC")

    @Test func `a picture that is named by its address is shown with the report`() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: directory) }
        let pictures = try PictureStore(directory: directory.path, lowWater: 0)
        let picture = try #require(Self.picture)
        try await Server.with({ request in
            guard request.hasPrefix("GET /good") else { return .answer(410) }
            return .bytes(
                Array("HTTP/1.1 200 OK\r\nContent-Length: \(picture.count)\r\n\r\n".utf8) + picture)
        }) { server in
            try await Town.with(server) { town in
                let base = "http://127.0.0.1:\(server.port)"
                let report = try await town.add(
                    1, pictures: ["\(base)/gone", "http://127.1:\(server.port)/", "\(base)/good"])
                let fetcher = MediaFetcher(
                    .init(
                        store: town.store, pictures: pictures, client: town.outbound,
                        interval: .milliseconds(10)), logger: town.logger)
                try await run(fetcher.run) { try await town.report(report)?.media.isEmpty == false }
                let shown = try #require(try await town.report(report)?.media)
                #expect(shown.count == 1)
                let name = try #require(PictureName(shown.first ?? ""))
                #expect(try await pictures.bytes(of: name) != nil)
            }
        }
    }

    @Test func `a webhook is told of reports in their order, signed`() async throws {
        try await Server.with({ _ in .answer(204, body: "") }) { server in
            try await Town.with(server) { town in
                let made = try await town.store.subscribe(
                    town.client, to: "http://127.0.0.1:\(server.port)/hook",
                    ChangeFilter(jurisdictions: [town.jurisdiction.id]), now: Date())
                var reports: [String] = []
                for number in 1...5 { reports.append(try await town.add(number).rawValue) }
                let sender = WebhookSender(
                    .init(
                        store: town.store, client: town.outbound,
                        message: { Array("{\"report\":\"\($0.report)\"}".utf8) },
                        pause: { await Task.yield() }), logger: town.logger)
                // What others write on this server holds the feed back for a moment.
                try await run(sender.run) {
                    try await town.store.attempts(of: made.webhook.id).count >= reports.count
                }
                let bodies = server.requests.map { $0.split(separator: "\r\n\r\n").last ?? "" }
                #expect(bodies == reports.map { "{\"report\":\"\($0)\"}" })
                #expect(server.requests.allSatisfy { $0.contains("webhook-signature: v1,") })
                let log = try await town.store.attempts(of: made.webhook.id)
                #expect(log.map(\.outcome) == Array(repeating: .delivered, count: 5))
            }
        }
    }

    @Test func `a webhook whose address may not be called is given up, and nobody is called`()
        async throws
    {
        try await Server.with({ _ in .answer() }) { server in
            try await Town.with(server) { town in
                let made = try await town.store.subscribe(
                    town.client, to: "http://127.1:\(server.port)/hook",
                    ChangeFilter(jurisdictions: nil), now: Date())
                _ = try await town.add(1)
                let sender = WebhookSender(
                    .init(
                        store: town.store, client: town.outbound, message: { _ in [] },
                        pause: { await Task.yield() }), logger: town.logger)
                try await run(sender.run) {
                    try await town.store.webhook(made.webhook.id)?.state != .active
                }
                guard
                    case .disabled(_, .blocked)? = try await town.store.webhook(made.webhook.id)?
                        .state
                else {
                    Issue.record("the webhook was not given up")
                    return
                }
                #expect(server.connections == 0)
            }
        }
    }
}
