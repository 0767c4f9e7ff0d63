import FoundationEssentials
import GeoReport
import Reports
import Testing

@testable import Gateway

/// What is answered from memory: no database is there.
@Suite struct CatalogueAnswerTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture.withoutDatabase()
    }

    static let jurisdictions: [(String, Int)] = [
        ("/open311/v2/services.xml", 400), ("/open311/v2/services.xml?jurisdiction_id=", 400),
        ("/open311/v2/services.xml?jurisdiction_id=nowhere.example", 404),
        ("/open311/v2/services.xml?jurisdiction_id=sofia.example", 200),
        ("/sofia/open311/v2/services.xml", 200),
        ("/sofia/open311/v2/services.xml?jurisdiction_id=typo.example", 200),
        ("/sofia/open311/v2/services.xml?jurisdiction_id=mitrovica.example", 404),
        ("/nowhere/open311/v2/services.xml", 404), ("/open311/v2/services/POTHOLE.xml", 400),
        ("/sofia/open311/v2/services/POTHOLE.xml", 200),
        ("/sofia/open311/v2/services/NOTHING.xml", 404),
        ("/test/sofia/open311/v2/services.xml", 200),
    ]

    @Test(arguments: jurisdictions)
    func `a base and a parameter name the jurisdiction`(target: String, status: Int) async {
        let response = await fixture.get(target)
        #expect(response.status == status)
        if status != 200 {
            #expect(response.text.contains("<errors><error><code>\(status)</code>"))
        }
        #expect(response.header("Access-Control-Allow-Origin") == "*")
        #expect(response.header("X-Content-Type-Options") == "nosniff")
    }

    @Test func `services are cached by their tag`() async throws {
        let first = await fixture.get(Fixture.sofia + "/services.json")
        let tag = try #require(first.header("ETag"))
        #expect(first.header("Cache-Control") == "max-age=60")
        for wish in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let again = await fixture.get(
                Fixture.sofia + "/services.json", [("If-None-Match", wish)])
            #expect(again.status == 304)
            #expect(again.bytes.isEmpty)
            #expect(again.header("ETag") == tag)
        }
        let xml = await fixture.get(Fixture.sofia + "/services.xml", [("If-None-Match", tag)])
        #expect(xml.status == 200)
    }

    @Test func `a catalogue that is published later is served from then on`() async throws {
        let before = await fixture.get(Fixture.sofia + "/services.json")
        let sofia = try #require(Jurisdiction.ID(rawValue: "sofia.example"))
        let language = try #require(Language(rawValue: "bg"))
        let slug = try #require(Jurisdiction.Slug(rawValue: "sofia"))
        let changed = Jurisdiction(
            id: sofia, slug: slug, name: Localized([:]), contact: "", languages: [language],
            timeZone: "Europe/Sofia", services: [])
        let date = Date(timeIntervalSince1970: 1_776_000_000)
        fixture.gateway.publication.publish(
            try Catalogue([changed]), changesets: [sofia: date])
        let after = await fixture.get(Fixture.sofia + "/services.json")
        #expect(after.text == "[]")
        #expect(after.header("ETag") != before.header("ETag"))
        let discovery = await fixture.get("/sofia/open311/discovery.json")
        #expect(discovery.member("changeset") == DateTime.text(date))
    }

    @Test func `labels come in the language that is asked for`() async {
        let english = await fixture.get(Fixture.sofia + "/services.json?locale=en")
        #expect(english.text.contains("Pothole POTHOLE"))
        let accepted = await fixture.get(
            Fixture.sofia + "/services.json", [("Accept-Language", "de, en;q=0.8")])
        #expect(accepted.bytes == english.bytes)
        let own = await fixture.get(
            Fixture.sofia + "/services.json", [("Accept-Language", "bg, en")])
        #expect(own.text.contains("Дупка POTHOLE"))
    }

    @Test func `discovery lists a production and a test endpoint`() async {
        for path in ["/discovery", "/open311/discovery", "/open311/v2/discovery"] {
            let response = await fixture.get(path + ".json")
            #expect(response.status == 200)
            #expect(response.text.contains("\"url\":\"https://gateway.example/open311/v2\""))
            #expect(response.text.contains("\"url\":\"https://gateway.example/test/open311/v2\""))
        }
        let one = await fixture.get("/sofia/open311/v2/discovery.xml")
        #expect(one.text.contains("<url>https://gateway.example/sofia/open311/v2</url>"))
        #expect(one.text.contains("<contact>Call sofia.</contact>"))
    }

    static let methods: [(String, String, Int, String?)] = [
        ("DELETE", "/sofia/open311/v2/services.json", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/sofia/open311/v2/services.json", 405, "GET, HEAD, OPTIONS"),
        ("PUT", "/sofia/open311/v2/requests.json", 405, "GET, HEAD, POST, OPTIONS"),
        ("OPTIONS", "/sofia/open311/v2/requests.json", 204, "GET, HEAD, POST, OPTIONS"),
        ("OPTIONS", "*", 204, "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/sofia/open311/v2/nothing.json", 404, nil), ("GET", "/", 404, nil),
        ("GET", "/index.html", 404, nil), ("TRACE", "/", 405, "GET, HEAD, OPTIONS"),
    ]

    @Test(arguments: methods)
    func `a method that a resource lacks is told what it has`(
        method: String, target: String, status: Int, allow: String?
    ) async {
        let response = await fixture.gateway.respond(
            method: method, target: target, headers: [("Host", "gateway.example")])
        #expect(response.status == status)
        #expect(response.header("Allow") == allow)
        #expect(!response.text.contains("<html"))
    }

    @Test func `HEAD tells the length of what GET sends`() async {
        let bare = await fixture.gateway.respond(
            method: "HEAD", target: Fixture.sofia + "/services.json",
            headers: [("Host", "gateway.example")])
        #expect(bare.status == 200)
        #expect(bare.bytes.isEmpty)
        guard case .bytes(let bytes) = bare.body else { return }
        #expect(bytes == (await fixture.get(Fixture.sofia + "/services.json")).bytes)
    }

    @Test func `without a suffix Accept decides, and may be refused`() async {
        let target = Fixture.sofia + "/services"
        #expect(await fixture.get(target).header("Content-Type")?.hasPrefix("text/xml") == true)
        let json = await fixture.get(target, [("Accept", "application/json")])
        #expect(json.header("Content-Type")?.hasPrefix("application/json") == true)
        #expect(await fixture.get(target, [("Accept", "image/png")]).status == 406)
        let suffix = await fixture.get(target + ".json", [("Accept", "text/xml")])
        #expect(suffix.header("Content-Type")?.hasPrefix("application/json") == true)
    }

    @Test func `a key in the address of a GET is warned of`() async {
        let response = await fixture.get(Fixture.sofia + "/services.json?api_key=wrong")
        #expect(response.status == 200)
        #expect(response.header("Warning") != nil)
        #expect(
            await fixture.get(Fixture.sofia + "/services.json?api_key=").header("Warning") == nil)
    }

    @Test func `a document is handed to a function of the client's where that is allowed`()
        async throws
    {
        let path = Fixture.sofia + "/services.json?callback=cb"
        #expect(await fixture.get(path).text.hasPrefix("["))
        let fixture = try Fixture.withoutDatabase { $0.callbacks = .served }
        let response = await fixture.get(Fixture.sofia + "/services.json?callback=cb")
        #expect(response.text.hasPrefix("cb("))
        #expect(response.header("Content-Type") == "application/javascript; charset=utf-8")
        let wrong = await fixture.get(Fixture.sofia + "/services.json?callback=a;b")
        #expect(wrong.status == 400)
    }

    @Test func `a sane request id is kept, another one replaced`() async {
        let target = Fixture.sofia + "/services.json"
        let kept = await fixture.get(target, [("X-Request-Id", "abc-1")])
        #expect(kept.header("X-Request-Id") == "abc-1")
        let fresh = await fixture.get(target, [("X-Request-Id", "a b")])
        #expect(fresh.header("X-Request-Id")?.count == 16)
        #expect(
            fresh.header("X-Request-Id") != (await fixture.get(target)).header("X-Request-Id"))
    }

    @Test(arguments: [
        ("text/plain", "", 415),
        ("application/x-www-form-urlencoded; charset=windows-1251", "", 415),
        ("application/x-www-form-urlencoded", "gzip", 415),
    ])
    func `a body that cannot be read is refused`(
        type: String, coding: String, status: Int
    ) async {
        var headers = [
            (name: "Host", value: "gateway.example"), (name: "Content-Type", value: type),
        ]
        if !coding.isEmpty { headers.append((name: "Content-Encoding", value: coding)) }
        let response = await fixture.gateway.respond(
            method: "POST", target: Fixture.sofia + "/requests.json", headers: headers,
            body: Array("a=b".utf8))
        #expect(response.status == status)
    }
}
