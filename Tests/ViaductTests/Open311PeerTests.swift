import Federation
import Foundation
import Outbound
import Reports
import Testing

@testable import viaduct

@Suite struct Open311PeerTests {
    @Test(arguments: ["roads", "neighbours"])
    func `the example peers are valid`(name: String) async throws {
        let (catalogue, problems) = JurisdictionDirectory.read(Examples.path + "/jurisdictions")
        #expect(problems == [])
        let (file, found) = PeerFile.read(
            Examples.path + "/peers/\(name).yaml", catalogue: catalogue.catalogue)
        #expect(found == [])
        #expect(file?.peer.name.rawValue == name)
        #expect(file?.link.kind == "open311")
    }

    @Test func `the words of a profile need not be written down`() throws {
        let peer = try #require(read("profile: viaduct").file?.peer)
        #expect(peer.mapping.statusesOut[.planned] == "PLANNED")
        let refusal = Mapping.StatusWord("not councils responsibility")
        #expect(peer.mapping.statusesIn[refusal]?.verdict == .refuses)
    }

    @Test(arguments: [
        ("profile: moon", "profile", "needs one of georeport, "),
        ("open311: {format: morse}", "open311.format", "needs xml or json"),
        ("open311: {formt: xml}", "open311.formt", "is no known key; did you mean `format`?"),
        ("open311: {zone: EST}", "open311.zone", "is no time zone; write one such as "),
        ("open311: {patience: 5}", "open311.patience", "needs a time with its unit"),
        ("open311: {parameters: [a]}", "open311.parameters", "needs `key: value` lines"),
    ])
    func `a wrong key of the adapter is told with file, line and key`(
        line: String, key: String, text: String
    ) throws {
        let problems = try read(line).problems
        #expect(
            problems.contains { $0.line == 9 && $0.key == key && $0.text.hasPrefix(text) },
            "\(problems)")
    }

    @Test func `a sample shows what would be sent, and sends nothing and no key`() async throws {
        let space = try City.workspace([
            "jurisdictions/city.yaml": City.file,
            "viaduct.yaml": "contact: a\nnode: us.example\npeers: peers",
            "peers/roads.yaml": City.peer.replacing("adapter: paper", with: "adapter: open311")
                + "profile: viaduct\napi_key_file: key\nsigning_secret_file: secret\n",
            "peers/key": "canary-key",
            "peers/secret":
                "whsec_\(Data(repeating: 7, count: 32).base64EncodedString())",
        ])
        chmod(space.path("peers/key"), 0o600)
        chmod(space.path("peers/secret"), 0o600)
        let settings = try await Settings.read(
            file: space.path("viaduct.yaml"),
            in: Surroundings(variables: ["HOME": "/"], isRoot: false, directory: "/"))
        #expect(!"\(settings)".contains("canary"))
        let trial = try await OutboundClient.with(OutboundClient.Settings(peersOf: settings)) {
            client in
            let line = try #require(try settings.lines(for: .command, over: client).first)
            return await PeerTrial(settings, line, now: Date(timeIntervalSince1970: 0))
        }
        let request = try #require(trial.request)
        #expect(request.method == "POST")
        #expect(request.address == "https://roads.example/requests.json")
        #expect(request.body.contains("service_code=12"))
        #expect(request.headers.contains { $0.hasPrefix("webhook-signature: ") })
        #expect(request.headers.contains("X-API-Key: •••"))
        #expect(!"\(request)".contains("canary"))
        #expect(!request.body.contains { $0.contains("reporter@example.org") })
    }

    private func read(_ line: String) throws -> (file: PeerFile?, problems: [Problem]) {
        let peer = City.peer.replacing("adapter: paper", with: "adapter: open311")
            .replacing("  statuses_out: {}\n", with: "").replacing(
                "name: roads\n", with: "name: roads\nrole: copy\n")
        let space = try City.workspace(["p.yaml": peer + line + "\n"])
        let (file, problems) = PeerFile.read(space.path("p.yaml"), catalogue: City.catalogue())
        return (file, problems)
    }
}
