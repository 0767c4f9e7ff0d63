import CaseStore
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

@Suite struct GatewayTests {
    @Test func `a report that was taken is read back in both formats`() async throws {
        try await Fixture.with { fixture in
            let posted = await fixture.post(Fixture.sofia + "/requests.json", fixture.form())
            #expect(posted.status == 200, "\(posted.text)")
            #expect(posted.header("Cache-Control") == "no-store")
            let id = try #require(posted.member("service_request_id"))
            let json = await fixture.get(
                Fixture.multi + "/requests/\(id).json?jurisdiction_id=sofia.example")
            #expect(json.status == 200)
            #expect(json.member("description") == "A hole")
            #expect(json.header("Content-Type") == "application/json; charset=utf-8")
            let xml = await fixture.get(Fixture.sofia + "/requests/\(id).xml")
            #expect(xml.text.contains("<description>A hole</description>"))
            #expect(xml.header("Content-Type") == "text/xml; charset=utf-8")
            let list = await fixture.get(Fixture.sofia + "/requests.json")
            #expect(list.member("service_request_id") == id)
            let foreign = await fixture.get(
                Fixture.multi + "/requests/\(id).json?jurisdiction_id=mitrovica.example")
            #expect(foreign.status == 404)
            let test = await fixture.get("/test" + Fixture.sofia + "/requests/\(id).json")
            #expect(test.status == 404)
        }
    }

    @Test func `a repeated POST is answered as the first`() async throws {
        try await Fixture.with { fixture in
            let key = [(name: "Idempotency-Key", value: "\"abc\"")]
            let target = Fixture.sofia + "/requests.json"
            let first = await fixture.post(target, fixture.form(), key)
            let second = await fixture.post(target, fixture.form(), key)
            #expect(first.status == 200, "\(first.text)")
            #expect(first.bytes == second.bytes)
            #expect(first.header("Idempotent-Replayed") == nil)
            #expect(second.header("Idempotent-Replayed") == "true")
            let other = await fixture.post(target, fixture.form("&email=a%40b.example"), key)
            #expect(other.status == 422, "\(other.text)")
        }
    }

    @Test func `a batch service answers with a token that resolves later`() async throws {
        try await Fixture.with { fixture in
            let form = fixture.form().replacing("POTHOLE", with: "TREE")
            let posted = await fixture.post(Fixture.sofia + "/requests.json", form)
            let token = try #require(posted.member("token"))
            #expect(posted.member("service_request_id") == nil)
            let pending = await fixture.get(Fixture.sofia + "/tokens/\(token).json")
            #expect(pending.text == "[{\"token\":\"\(token)\"}]")
            #expect(pending.header("Cache-Control") == "no-store")
            #expect(await fixture.get(Fixture.sofia + "/tokens/tk-1.json").status == 404)
        }
    }

    @Test func `a key counts only where it may report, and not once it is revoked`() async throws {
        try await Fixture.with { fixture in
            let sofia = try #require(Jurisdiction.ID(rawValue: "sofia.example"))
            let (client, key) = try await Fixture.client(
                in: fixture.store, jurisdictions: [sofia],
                profile: Client.Profile(created: .created))
            let rest = "service_code=POTHOLE&lat=42.7&long=23.3&description="
            let header = [(name: "X-API-Key", value: key.secret)]
            let here = await fixture.post(Fixture.sofia + "/requests.json", rest + "1", header)
            #expect(here.status == 201, "\(here.text)")
            let there = await fixture.post(
                "/mitrovica/open311/v2/requests.json", rest + "2", header)
            #expect(there.status == 403)
            let bearer = [(name: "Authorization", value: "Bearer \(key.secret)")]
            #expect(
                await fixture.post(Fixture.sofia + "/requests.json", rest + "3", bearer).status
                    == 201)
            _ = try await fixture.store.revoke(client.id, now: Date())
            await fixture.gateway.keys.refresh()
            #expect(
                await fixture.post(Fixture.sofia + "/requests.json", rest + "4", header).status
                    == 403)
            let nobody = await fixture.post(Fixture.sofia + "/requests.xml", rest + "5")
            #expect(nobody.status == 403)
            #expect(nobody.text.contains("api_key"))
        }
    }

    @Test func `pages are linked and counted`() async throws {
        try await Fixture.with { fixture in
            for number in 1...5 {
                let form = fixture.form("&client_request_id=\(number)")
                _ = await fixture.post(Fixture.sofia + "/requests.json", form)
            }
            let target = Fixture.sofia + "/requests.json?page_size=2&total=true"
            let first = await fixture.get(target)
            #expect(first.header("X-Total-Count") == "5")
            let link = try #require(first.header("Link"))
            #expect(link.contains("page_size=2&total=true&page=3>; rel=\"last\""))
            var seen: [String] = []
            var next = Self.next(link)
            while let target = next {
                let page = await fixture.get(target)
                seen.append(page.text)
                next = page.header("Link").flatMap(Self.next)
            }
            #expect(seen.count == 2)
            #expect(Set(seen + [first.text]).count == 3)
        }
    }

    private static func next(_ link: String) -> String? {
        guard let item = link.split(separator: ", ").first(where: { $0.contains("\"next\"") })
        else { return nil }
        let address = item.dropFirst().prefix { $0 != ">" }
        return String(address.dropFirst("https://gateway.example".count))
    }

    @Test func `the database is away: posts are told to come back, services stay`() async throws {
        let fixture = try Fixture.withoutDatabase()
        let post = await fixture.post(Fixture.sofia + "/requests.xml", fixture.form())
        #expect(post.status == 503)
        #expect(post.header("Retry-After") == "2")
        #expect(post.text.contains("<code>503</code>"))
        #expect(await fixture.get(Fixture.sofia + "/requests.json").status == 503)
        #expect(await fixture.get(Fixture.sofia + "/services.json").status == 200)
        #expect(await fixture.get("/open311/discovery.xml").status == 200)
    }

    @Test func `strict error codes turn our failures into GeoReport's own code`() async throws {
        let fixture = try Fixture.withoutDatabase { $0.errorCodes = .strict }
        let response = await fixture.get(Fixture.sofia + "/requests.json")
        #expect(response.status == 400)
        #expect(response.text.contains("\"code\":400"))
    }
}
