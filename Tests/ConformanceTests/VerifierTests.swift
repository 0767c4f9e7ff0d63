import Conformance
import Foundation
import Synchronization
import Testing

struct VerifierTests {
    private let target = Target(
        base: "http://city.example/v2", root: "http://city.example", jurisdiction: "a b",
        key: "k&y", service: "A/B", id: "1")

    private func vector(
        _ body: String, _ head: String = "needs: any · writes: no · runs: everywhere"
    )
        throws -> Vector
    {
        let text = "# GR-2.1.1 · MUST · assertion 1\n# A sentence.\n# \(head)\n\n"
        return try Vector(parsing: text + body, id: "001-x")
    }

    private func verifier(
        writes: Writes = .allowed, _ transport: @escaping Transport
    ) -> Verifier {
        Verifier(
            target: target, transport: transport, writes: writes,
            now: { Date(timeIntervalSince1970: 1_776_148_658) }, pause: { _ in })
    }

    @Test func `placeholders are encoded in addresses and forms, and plain elsewhere`() async throws
    {
        let vector = try vector(
            """
            POST {base}/services/{service}.{f}?{j}&d={now-1d}&t=дупка
            X-Key: {key}

            api_key={key}
            &d={day-1d}&s={ж*3}
            ----
            200
            """)
        let seen = Mutex<[VectorRequest]>([])
        let findings = await verifier { request in
            seen.withLock { $0.append(request) }
            return VectorResponse(status: 200)
        }.judge(vector)
        #expect(findings.map(\.outcome) == [.passed, .passed])
        let first = try #require(seen.withLock { $0.first })
        #expect(
            first.url == "http://city.example/v2/services/A%2FB.xml?jurisdiction_id=a%20b"
                + "&d=2026-04-13T06%3A37%3A38Z&t=%D0%B4%D1%83%D0%BF%D0%BA%D0%B0")
        #expect(first.headers.first == HeaderLine(name: "X-Key", value: "k&y"))
        #expect(first.headers.last?.value.hasPrefix("application/x-www-form-urlencoded") == true)
        #expect(
            String(decoding: first.body, as: UTF8.self)
                == "api_key=k%26y&d=2026-04-13&s=%D0%B6%D0%B6%D0%B6")
    }

    @Test func `a picture's bytes stand in a multipart body, its text in a form`() async throws {
        let vector = try vector(
            """
            POST {base}/requests.json
            Content-Type: multipart/form-data; boundary=x

            --x

            {png}
            --x--
            ----
            200
            ====
            POST {base}/requests.json

            media={jpeg-text}
            ----
            200
            """)
        let seen = Mutex<[VectorRequest]>([])
        let findings = await verifier { request in
            seen.withLock { $0.append(request) }
            return VectorResponse(status: 200)
        }.judge(vector)
        #expect(findings.map(\.outcome) == [.passed])
        let bodies = seen.withLock { $0.map(\.body) }
        let png: [UInt8] = [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A]
        #expect(bodies.first?.starts(with: Array("--x\r\n\r\n".utf8) + png) == true)
        #expect(bodies.first?.reversed().starts(with: Array("\r\n--x--".utf8.reversed())) == true)
        #expect(bodies.last?.starts(with: "media=%2F9j%2F".utf8) == true)
    }

    @Test func `clients with other rights speak where their keys are known`() async throws {
        let text = """
            GET {base}/requests.json?api_key={staff-key}
            ----
            200
            """
        var target = target
        let transport: Transport = { request in
            VectorResponse(status: request.url.hasSuffix("api_key=s%26y") ? 200 : 403)
        }
        func outcomes() async throws -> [Finding.Outcome] {
            await Verifier(
                target: target, transport: transport, writes: .allowed, now: { Date() }
            ).judge(try vector(text)).map(\.outcome)
        }
        #expect(try await outcomes() == [.skipped("nothing is known for {staff-key}")])
        target.otherKeys = ["staff": "s&y"]
        #expect(try await outcomes() == [.passed])
    }

    @Test func `what one answer gives is used in the next request`() async throws {
        let vector = try vector(
            """
            GET {base}/requests.json
            ----
            200

            save ids = [*].id
            ====
            for id in ids
            GET {base}/requests/{id}.json
            ----
            200

            [0].id = {id}
            """)
        let findings = await verifier { request in
            let id = request.url.hasSuffix("/x.json") ? "x" : "y"
            let body =
                request.url.hasSuffix("requests.json")
                ? #"[{"id":"x"},{"id":"y"}]"# : "[{\"id\":\"\(id)\"}]"
            return VectorResponse(status: 200, body: Array(body.utf8))
        }.judge(vector)
        #expect(findings.map(\.outcome) == [.passed])
    }

    @Test func `the first answer that does not fit ends the vector`() async throws {
        let vector = try vector("GET {base}/a\n----\n404\n====\nGET {base}/b\n----\n200\n")
        let finding = try #require(
            await verifier { _ in VectorResponse(status: 200) }.judge(vector).first)
        #expect(finding.breaks)
        guard case .failed(let failures) = finding.outcome else {
            Issue.record("it passed")
            return
        }
        #expect(failures.first?.expected == "status 404")
    }

    @Test func `a patient vector asks again`() async throws {
        let vector = try vector("GET {base}/a\n----\n200 within 2s\n")
        let calls = Mutex(0)
        let findings = await verifier { _ in
            VectorResponse(
                status: calls.withLock {
                    $0 += 1; return $0
                } < 3 ? 404 : 200)
        }.judge(vector)
        #expect(findings.map(\.outcome) == [.passed])
        #expect(calls.withLock { $0 } == 3)
    }

    @Test(arguments: [
        "needs: fixture · writes: no · runs: everywhere",
        "needs: any · writes: yes · runs: everywhere",
        "needs: any · writes: no · runs: process",
        "needs: any · writes: no · runs: everywhere · given: rain",
    ])
    func `what cannot be shown here is skipped with a reason, and nothing is sent`(head: String)
        async throws
    {
        let findings = await verifier(writes: .refused) { _ in
            Issue.record("something was sent")
            return VectorResponse(status: 200)
        }.judge([try vector("GET {base}/a\n----\n200\n", head)])
        #expect(findings.count("skipped") == 1)
        #expect(!findings.failed)
    }

    @Test func `a placeholder that nothing is known for skips the vector`() async throws {
        let vector = try vector("GET {one}/a\n----\n200\n")
        let findings = await verifier { _ in VectorResponse(status: 500) }.judge(vector)
        #expect(findings.map(\.outcome) == [.skipped("nothing is known for {one}")])
    }

    @Test func `a transport that fails is a failure, not a crash`() async throws {
        struct Down: Error {}
        let findings = await verifier { _ in throw Down() }.judge(
            [try vector("GET {base}/a\n----\n200\n")])
        #expect(findings.failed)
    }

    @Test func `the table shows what was expected and what came`() async throws {
        let good = try vector("GET {base}/a\n----\n200\n")
        let bad = try vector("GET {base}/b\n----\n201\n")
        let findings = await verifier { _ in VectorResponse(status: 200) }.judge([good, bad])
        let table = findings.table()
        #expect(table.contains("✓ 001"))
        #expect(table.contains("✗ 001"))
        #expect(table.contains("expected status 201"))
        #expect(table.contains("MUST    1 passed, 1 failed, 0 skipped"))
        #expect(String(decoding: findings.json(), as: UTF8.self).contains("\"outcome\":\"failed\""))
    }
}

struct ProbeTests {
    private static let discovery = """
        {"endpoints":[{"specification":"http://wiki.open311.org/GeoReport_v2",
         "url":"https://city.example/v2/","type":"production"}]}
        """

    private func transport(_ pages: [String: String]) -> Transport {
        { request in
            guard let page = pages[request.url] else { return VectorResponse(status: 404) }
            return VectorResponse(status: 200, body: Array(page.utf8))
        }
    }

    @Test func `discovery leads to the base, a service and a report`() async throws {
        let target = try await Target.probe(
            "https://city.example", jurisdiction: nil, key: nil,
            over: transport([
                "https://city.example/open311/discovery.json": Self.discovery,
                "https://city.example/v2/services.json": #"[{"service_code":"7"}]"#,
                "https://city.example/v2/requests.json": #"[{"service_request_id":"9"}]"#,
            ]))
        #expect(target.base == "https://city.example/v2")
        #expect(target.root == "https://city.example")
        #expect(target.service == "7")
        #expect(target.id == "9")
        #expect(!target.hasFixture)
    }

    @Test func `without discovery the address is the base`() async throws {
        let target = try await Target.probe(
            "https://city.example/v2/", jurisdiction: "x", key: nil,
            over: transport([
                "https://city.example/v2/services.json?jurisdiction_id=x":
                    #"[{"service_code":"7"}]"#
            ]))
        #expect(target.base == "https://city.example/v2")
        #expect(target.root.isEmpty)
        #expect(target.id.isEmpty)
    }

    @Test func `an endpoint without services is told as such`() async {
        await #expect(throws: ProbeError.noServices("https://city.example/services.json")) {
            try await Target.probe(
                "https://city.example", jurisdiction: nil, key: nil, over: self.transport([:]))
        }
    }
}
