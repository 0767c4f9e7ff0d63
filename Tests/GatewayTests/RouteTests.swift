import GeoReport
import Reports
import Testing

@testable import Gateway

@Suite struct RouteTests {
    struct Known: Sendable {
        let path: String
        let resource: Route.Resource
        var format: Format?
        var stage = Stage.production
        var slug: String?
        var dialect: Client.Profile.Dialect?
    }

    static let known: [Known] = [
        Known(path: "/open311/v2/services.xml", resource: .services, format: .xml),
        Known(path: "/open311/v2//services.json", resource: .services, format: .json),
        Known(path: "//open311/v2/services.json/", resource: .services, format: .json),
        Known(path: "/open311/v2/services", resource: .services),
        Known(path: "/open311/v2/services/S.1.xml", resource: .service("S.1"), format: .xml),
        Known(path: "/open311/v2/services/A%2FB.xml", resource: .service("A/B"), format: .xml),
        Known(path: "/open311/v2/service/P.json", resource: .service("P"), format: .json),
        Known(
            path: "/open311/v2/services/%2e%2e%2fv2/", resource: .service("../v2")),
        Known(path: "/open311/v2/requests.geojson", resource: .requests, format: .geojson),
        Known(path: "/open311/v2/requests/json", resource: .requests, format: .json),
        Known(path: "/open311/v2/requests/xml", resource: .requests, format: .xml),
        Known(path: "/open311/v2/requests/a-1.json", resource: .request("a-1"), format: .json),
        Known(path: "/open311/v2/request/a-1", resource: .request("a-1")),
        Known(path: "/open311/v2/tokens/tk-1.xml", resource: .token("tk-1"), format: .xml),
        Known(
            path: "/sofia/open311/v2/requests.xml", resource: .requests, format: .xml,
            slug: "sofia"),
        Known(
            path: "/test/open311/v2/requests.xml", resource: .requests, format: .xml, stage: .test),
        Known(
            path: "/test/sofia/open311/v2/requests.xml", resource: .requests, format: .xml,
            stage: .test, slug: "sofia"),
        Known(path: "/discovery.xml", resource: .discovery, format: .xml),
        Known(path: "/open311/discovery.json", resource: .discovery, format: .json),
        Known(path: "/open311/v2/discovery.json", resource: .discovery, format: .json),
        Known(
            path: "/sofia/open311/discovery.json", resource: .discovery, format: .json,
            slug: "sofia"),
        Known(
            path: "/open311/v2/servicerequestupdates.xml", resource: .updates, format: .xml),
        Known(
            path: "/sofia/fixmystreet/open311/v2/servicerequestupdates.xml", resource: .updates,
            format: .xml, slug: "sofia", dialect: .fixmystreet),
        Known(
            path: "/test/adapter/open311/v2/requests.xml", resource: .requests, format: .xml,
            stage: .test, dialect: .adapter),
        Known(
            path: "/sofia/fms-import/open311/v2/requests.xml", resource: .requests, format: .xml,
            slug: "sofia", dialect: .fmsImport),
        Known(
            path: "/open311/v2/requests/a-1/support.json", resource: .support("a-1"),
            format: .json),
        Known(path: "/open311/v2/requests/a-1/notes", resource: .notes("a-1")),
        Known(
            path: "/open311/v2/requests/a-1/erasure.json", resource: .erasure("a-1"),
            format: .json),
        Known(path: "/open311/v2/candidates", resource: .candidates),
        Known(path: "/open311/v2/changes.json", resource: .changes, format: .json),
        Known(path: "/open311/v2/webhooks/a-1", resource: .webhook("a-1")),
        Known(path: "/media/a-1.jpg", resource: .media("a-1.jpg")),
    ]

    @Test(arguments: known)
    func `an address names a base, a resource and a format`(_ known: Known) throws {
        let route = try Route(parsing: known.path)
        #expect(route.resource == known.resource)
        #expect(route.format == known.format)
        #expect(
            route.base
                == Route.Base(
                    stage: known.stage, slug: known.slug, dialect: known.dialect))
    }

    static let unknown: [(String, Format?)] = [
        ("/", nil), ("/open311/v2", nil), ("/open311/v2/", nil), ("/services.xml", .xml),
        ("/open311/v2/services.yaml", .xml), ("/open311/v2/nothing.json", .json),
        ("/open311/v2/services/A/B.xml", .xml), ("/open311/v2/../v2/services.json", .json),
        ("/open311/v2/%2e%2e/services.json", .json), ("/open311/v2/services.geojson", .json),
        ("/open311/v2/requests/a.geojson", .json), ("/open311/v2/requests/.json", .json),
        ("/Sofia/open311/v2/services.xml", .xml), ("/test/test/open311/v2/services.xml", .xml),
        ("/media/../a.jpg", .xml), ("/open311/v2/discovery/a.xml", .xml),
        ("/fixmystreet/sofia/open311/v2/services.xml", .xml),
        ("/open311/v2/changes.xml", .xml), ("/open311/v2/requests/a/b/support.json", .json),
        ("/open311/discovery.geojson", .json), ("/x/y/z", nil),
    ]

    @Test(arguments: unknown)
    func `an address that names nothing still tells the format`(
        path: String, format: Format?
    ) throws {
        #expect(throws: Route.Unknown(format: format)) { try Route(parsing: path) }
    }

    @Test func `only the list of requests takes a POST`() throws {
        #expect(Route.Resource.requests.methods.contains("POST"))
        #expect(!Route.Resource.services.methods.contains("POST"))
    }
}
