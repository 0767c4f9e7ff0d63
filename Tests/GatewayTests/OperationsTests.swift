import CaseStore
import Federation
import Foundation
import GeoReport
import Logging
import Postgres
import Reports
import Synchronization
import Testing

@testable import Gateway

@Suite struct OperationsTests {
    private static func get(_ admin: Admin, _ path: String) async -> EdgeResponse {
        await admin.respond(EdgeRequest(method: .get, path: path))
    }

    private static func admin(
        _ problems: [String], warnings: [String] = [], isConnected: Bool = true
    ) async -> Admin {
        let finding = Pulse.Finding(problems: problems, warnings: warnings)
        let pulse = Pulse(
            check: { () async throws(CaseStoreError) in finding }, isConnected: { isConnected })
        let running = Task { await pulse.run() }
        while isConnected, pulse.problems != problems { await Task.yield() }
        running.cancel()
        await running.value
        // Nobody connects it: what needs the database is asked elsewhere.
        let store = CaseStore(pool: Pool(Pool.Settings(address: "")))
        return Admin(
            metrics: Metrics(), pulse: pulse, peers: PeerPulse(store),
            ledger: Ledger(store, peering: Peering()), version: "1.0")
    }

    @Test func `a gateway is ready when its database is`() async {
        let ready = await Self.admin([])
        #expect(await Self.get(ready, "/ready").status == 200)
        let late = await Self.admin([], warnings: ["The clocks differ."])
        #expect(await Self.get(late, "/ready").status == 200)
        #expect(await Self.get(late, "/ready").text == "ready\nwarning: The clocks differ.\n")
        let waiting = await Self.admin(["The migration m0001-case-store has not run."])
        #expect(await Self.get(waiting, "/ready").status == 503)
        #expect(await Self.get(waiting, "/ready").text.contains("m0001-case-store"))
        let away = await Self.admin([], isConnected: false)
        #expect(await Self.get(away, "/ready").status == 503)
        #expect(await Self.get(away, "/live").status == 200)
        #expect(await Self.get(away, "/metrics").text.contains("viaduct_database_up 0\n"))
    }

    @Test func `the operators' port answers nothing else`() async {
        let admin = await Self.admin([])
        #expect(await Self.get(admin, "/open311/discovery.json").status == 404)
        #expect(await admin.respond(EdgeRequest(method: .post, path: "/live")).status == 405)
        #expect(await admin.respond(EdgeRequest(method: .head, path: "/live")).bytes.isEmpty)
    }

    @Test func `what waits for peers is told for each of them`() async throws {
        let roads = try #require(Peer.Name(rawValue: "roads"))
        var counts = PeerCounts(peer: roads)
        counts.waiting = 3
        counts.oldestAge = .seconds(1000)
        counts.stuck = 2
        counts.isPaused = true
        let pulse = PeerPulse(
            count: { [counts] () async throws(CaseStoreError) in [counts] },
            pause: { withUnsafeCurrentTask { $0?.cancel() } })
        var text = Exposition()
        pulse.tell(to: &text)
        #expect(text.text.isEmpty)
        await Task { await pulse.run() }.value
        pulse.tell(to: &text)
        for line in [
            "viaduct_deliveries_waiting{peer=\"roads\"} 3",
            "viaduct_deliveries_oldest_seconds{peer=\"roads\"} 1000",
            "viaduct_deliveries_stuck{peer=\"roads\"} 2",
            "viaduct_deliveries_parked{peer=\"roads\"} 0", "viaduct_peer_paused{peer=\"roads\"} 1",
        ] { #expect(text.text.contains(line + "\n"), "\(line)") }
    }

    @Test func `a label is escaped as Prometheus reads it`() {
        var text = Exposition()
        text.begin("x", "gauge", "X.")
        text.add(1, [("peer", "a\\b\"c\nd")])
        #expect(text.text.hasSuffix("x{peer=\"a\\\\b\\\"c\\nd\"} 1\n"))
    }

    @Test func `numbers are told as Prometheus reads them`() {
        let metrics = Metrics()
        metrics.count(.services, status: 200, took: .microseconds(300))
        metrics.count(.services, status: 304, took: .seconds(9))
        metrics.accepted.add(2)
        let text = metrics.text()
        #expect(text.contains("viaduct_requests_total{route=\"services\",status=\"2xx\"} 1\n"))
        #expect(text.contains("viaduct_requests_total{route=\"services\",status=\"3xx\"} 1\n"))
        #expect(text.contains("viaduct_posts_total{outcome=\"accepted\"} 2\n"))
        #expect(text.contains("_seconds_bucket{le=\"0.0005\"} 1\n"))
        #expect(text.contains("_seconds_bucket{le=\"+Inf\"} 2\n"))
        #expect(text.contains("_seconds_sum 9.0003\n"))
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.wholeMatch(of: /[a-z_]+(\{[^{}]*\})? [0-9.]+/) != nil, "\(line)")
        }
    }

    @Test func `a log line is one JSON object, whatever it is told`() throws {
        let path = FileManager.default.temporaryDirectory.path + "/viaduct-log-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        let sink = LogSink(descriptor: file)
        let logger = Logger(label: "test") { JSONLog(label: $0, sink: sink) }
        logger.info(
            "a\nb\u{1B}[31m",
            metadata: [
                "level": "forged", "count": .stringConvertible(7),
                "text": .string("\"}\r\n{" + String(repeating: "x", count: 1 << 20)),
            ])
        logger.debug("too quiet")
        close(file)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2)
        #expect(lines.last == "")
        guard case .object = try JSONReader.parse(Array(text.utf8.dropLast())) else {
            Issue.record("no object")
            return
        }
        #expect(text.utf8.count < 2048)
        #expect(text.contains("\"_level\":\"forged\""))
        #expect(text.contains("\"count\":7"))
        #expect(!text.utf8.contains(0x1B))
    }

    @Test func `a log that nobody reads makes nobody wait`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let sink = LogSink(descriptor: ends[1])
        let logger = Logger(label: "test") { JSONLog(label: $0, sink: sink) }
        let took = ContinuousClock().measure {
            for _ in 0..<5000 {
                logger.info("x", metadata: ["a": .string(String(repeating: "y", count: 500))])
            }
        }
        #expect(took < .seconds(30))
        ends.forEach { close($0) }
    }

    @Test func `a key is looked up once, and known while the database is away`() async throws {
        let key = try Fixture.freshKey()
        let client = Client(
            id: try #require(Client.ID(rawValue: key.clientID)), name: "a",
            created: Date(timeIntervalSince1970: 0))
        let looks = Mutex(0)
        let isAway = Mutex(false)
        let ring = KeyRing(
            KeyRing.Source(
                all: { () async throws(CaseStoreError) in
                    if isAway.withLock({ $0 }) { throw .unavailable }
                    return [KeyDigest(of: key.secret): client]
                },
                one: { secret async throws(CaseStoreError) in
                    looks.withLock { $0 += 1 }
                    if isAway.withLock({ $0 }) { throw .unavailable }
                    return secret == key.secret ? client : nil
                }))
        #expect(try await ring.client(key.secret) == client)
        #expect(try await ring.client(key.secret) == client)
        #expect(looks.withLock { $0 } == 1)
        #expect(try await ring.client("o311_typo") == nil)
        #expect(looks.withLock { $0 } == 1, "a text that is no key costs no look-up")
        isAway.withLock { $0 = true }
        await ring.refresh()
        #expect(ring.known(key.secret) == client)
        let other = try Fixture.freshKey().secret
        await #expect(throws: CaseStoreError.unavailable) { try await ring.client(other) }
    }

    @Test func `a GET makes a new key known, and whoever tries keys costs few looks`() async throws
    {
        let given = Mutex<[String: Client]>([:])
        let looks = Mutex(0)
        let ring = KeyRing(
            KeyRing.Source(
                all: { () async throws(CaseStoreError) in [:] },
                one: { secret async throws(CaseStoreError) in
                    looks.withLock { $0 += 1 }
                    return given.withLock { $0[secret] }
                }))
        let early = try Fixture.freshKey()
        for _ in 0..<3 { try await ring.meet(early.secret) }
        #expect(looks.withLock { $0 } == 1)
        #expect(ring.known(early.secret) == nil)
        let client = Client(
            id: try #require(Client.ID(rawValue: early.clientID)), name: "a",
            created: Date(timeIntervalSince1970: 0))
        given.withLock { $0[early.secret] = client }
        await ring.refresh()
        try await ring.meet(early.secret)
        #expect(ring.known(early.secret) == client)
        for _ in 0..<(KeyRing.mostStrangers + 50) {
            try await ring.meet(try Fixture.freshKey().secret)
        }
        #expect(looks.withLock { $0 } == 2 + KeyRing.mostStrangers)
    }
}

@Suite struct PictureFileTests {
    @Test func `a picture is served as what it is, and nothing beside it`() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/media-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory + "/inner", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data([1, 2, 3]).write(to: URL(filePath: directory + "/a-1.jpg"))
        try Data([1]).write(to: URL(filePath: directory + "/inner/b.png"))
        try FileManager.default.createSymbolicLink(
            atPath: directory + "/link.png", withDestinationPath: "/etc/hostname")
        let fixture = try Fixture.withoutDatabase { $0.media = directory }
        let picture = await fixture.get("/media/a-1.jpg")
        #expect(picture.status == 200)
        #expect(picture.header("Content-Type") == "image/jpeg")
        #expect(picture.header("X-Content-Type-Options") == "nosniff")
        #expect(picture.header("Content-Disposition") == "inline; filename=\"a-1.jpg\"")
        #expect(picture.header("Content-Security-Policy") == "default-src 'none'; sandbox")
        #expect(picture.header("Cross-Origin-Resource-Policy") == "cross-origin")
        for path in [
            "/media/b.jpg", "/media/link.png", "/media/inner/b.png", "/media/inner%2Fb.png",
            "/media/..%2fa-1.jpg", "/media/inner", "/media/.a.jpg", "/media/a-1.svg", "/media/",
        ] {
            #expect(await fixture.get(path).status == 404, "\(path)")
        }
    }
}
