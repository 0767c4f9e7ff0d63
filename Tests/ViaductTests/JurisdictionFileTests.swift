import Foundation
import Reports
import Testing

@testable import viaduct

@Suite struct JurisdictionFileTests {
    @Test func `Sofia's example holds every datatype, a batch service and a private one`() throws {
        let (file, problems) = JurisdictionFile.read(Examples.path + "/jurisdictions/sofia.yaml")
        #expect(problems == [])
        let sofia = try #require(file?.jurisdiction)
        #expect(sofia.id.rawValue == "sofia.example")
        #expect(sofia.aliases.map(\.rawValue) == ["sofia", "www.sofia.example"])
        #expect(sofia.languages.map(\.rawValue) == ["bg", "en"])
        let datatypes = Set(sofia.services.flatMap(\.attributes).map { word(of: $0.datatype) })
        #expect(datatypes.count == 6)
        #expect(sofia.services.contains { $0.visibility == .private })
        #expect(sofia.services.contains { $0.answersWith == .batch(resolvesAfter: .seconds(300)) })
        #expect(sofia.services.flatMap(\.attributes).contains { $0.purpose == .information })
        let centre = try #require(Coordinate(latitude: 42.6977, longitude: 23.3219))
        let plovdiv = try #require(Coordinate(latitude: 42.1354, longitude: 24.7453))
        #expect(sofia.boundary?.contains(centre) == true)
        #expect(sofia.boundary?.contains(plovdiv) == false)
    }

    @Test(arguments: ["mitrovica", "prishtina"])
    func `Kosovo's examples speak three languages`(slug: String) throws {
        let (file, problems) = JurisdictionFile.read(
            Examples.path + "/jurisdictions/\(slug).yaml")
        #expect(problems == [])
        let city = try #require(file?.jurisdiction)
        #expect(city.languages.map(\.rawValue) == ["sq", "sr", "en"])
        #expect(city.services.allSatisfy { $0.name.texts.count == 3 })
        #expect(city.services.allSatisfy { !$0.group.texts.isEmpty })
    }

    private static let head = """
        id: city.example
        slug: city
        name: City
        contact: us
        languages: [en, de]
        time_zone: Europe/Berlin

        """

    @Test(arguments: [
        ("services: A", 7, "services", "needs a list: one `- ` line an item, or [a, b]"),
        (
            "services:\n  - code: A\n    name: One\n  - code: A\n    name: Two", 10, "services[2]",
            "A is already the code of the service in line 8"
        ),
        (
            "services:\n  - code: A\n    name: One\n  - code: B\n    name: One", 10, "services[2]",
            "`One` is already the name of A"
        ),
        (
            "services:\n  - code: A\n    name: {fr: Un}", 9, "services[1].name.fr",
            "is not among the jurisdiction's languages (en, de)"
        ),
        (
            "services:\n  - code: A\n    name: {de: Eins}", 9, "services[1].name",
            "needs a text in en, the first of the languages"
        ),
        (
            "services:\n  - code: A\n    name: One\n    keywords: [a, private]", 10,
            "services[1].keywords[2]", "`private` switches clients' behaviour; write another word"
        ),
        (
            "services:\n  - code: A\n    name: One\n    keywords: [two words]", 10,
            "services[1].keywords[1]", "must hold no blank and no comma"
        ),
        (
            "services:\n  - code: A\n    name: One\n    resolves_after: 5m", 10,
            "services[1].resolves_after", "is for type: batch only; leave it out"
        ),
        (
            "services:\n  - code: A\n    name: One\n    grid: 250", 10, "services[1].grid",
            "is for place: coarse only; leave it out"
        ),
        (
            "privacy: {masking: maybe}\nservices:\n  - {code: A, name: One}", 7,
            "privacy.masking", "needs one of on, off"
        ),
        (
            "services:\n  - code: A\n    name: One\n    attributes:\n      - code: Q\n"
                + "        question: Why\n        datatype: choice", 13,
            "services[1].attributes[1].datatype",
            "needs one of string, number, datetime, text, singlevaluelist, multivaluelist"
        ),
        (
            "boundary: {type: Polygon, coordinates: [[[1, 2], [3, 4], [5, 6], [7, 8]]]}\n"
                + "services:\n  - {code: A, name: One}", 7, "boundary",
            "has a ring that is not closed: at least 4 points, the last one as the first"
        ),
        (
            "boundary: {type: Polygon, coordinates: [[[1, 200], [3, 4], [5, 6], [1, 200]]]}\n"
                + "services:\n  - {code: A, name: One}", 7, "boundary.coordinates[1][1]",
            "needs [longitude, latitude] in degrees"
        ),
    ])
    func `a wrong jurisdiction is told with line and key`(
        text: String, line: Int, key: String, problem: String
    ) throws {
        let space = try Workspace(["city.yaml": Self.head + text])
        let (file, problems) = JurisdictionFile.read(space.path("city.yaml"))
        #expect(file == nil)
        #expect(
            problems.first
                == Problem(file: space.path("city.yaml"), line: line, key: key, text: problem))
    }

    @Test func `time zones are those of the IANA database`() throws {
        for (zone, isFit) in [("Europe/Sofia", true), ("EST", false), ("Europe/Atlantis", false)] {
            let head = Self.head.replacing("Europe/Berlin", with: zone)
            let space = try Workspace(["c.yaml": head + "services:\n  - {code: A, name: One}\n"])
            #expect(JurisdictionFile.read(space.path("c.yaml")).1.isEmpty == isFit, "\(zone)")
        }
    }

    @Test func `two jurisdictions of one slug are told with both files`() throws {
        let one = Self.head + "services:\n  - {code: A, name: One}\n"
        let space = try Workspace([
            "a.yaml": one, "b.yaml": one.replacing("id: city.example", with: "id: b.example"),
        ])
        let (_, problems) = JurisdictionDirectory.read(space.path)
        #expect(
            problems.map(\.description) == [
                "\(space.path)/b.yaml:2: slug: city is already used by \(space.path)/a.yaml"
            ])
    }

    @Test func `a service that names no group stands under Other`() throws {
        let space = try Workspace(["c.yaml": Self.head + "services:\n  - {code: A, name: One}\n"])
        let service = try #require(
            JurisdictionFile.read(space.path("c.yaml")).0?.jurisdiction.services.first)
        #expect(service.group.texts[.english] == "Other")
        #expect(service.name.texts == [.english: "One"])
    }

    @Test func `what is hidden, how exactly and for how long is said in the file`() throws {
        let space = try Workspace([
            "a.yaml": Self.head + """
                privacy: {masking: off, retention: {contact: 30d, device: off}}
                services:
                  - {code: A, name: One, place: coarse}
                  - {code: B, name: Two, place: coarse, grid: 250}
                  - {code: C, name: Three, place: exact}
                """,
            "b.yaml": Self.head + "services: []\n",
        ])
        let said = try #require(JurisdictionFile.read(space.path("a.yaml")).0?.jurisdiction)
        #expect(said.privacy.masking == .off)
        #expect(said.privacy.retention.contact == .seconds(30 * 86_400))
        #expect(said.privacy.retention.device == nil)
        #expect(said.privacy.retention.peerPayloads == .seconds(30 * 86_400))
        #expect(
            said.services.map(\.precision) == [
                .coarse(metres: 100), .coarse(metres: 250), .exact,
            ])
        let silent = try #require(JurisdictionFile.read(space.path("b.yaml")).0?.jurisdiction)
        #expect(silent.privacy == Privacy() && silent.privacy.masking == .on)
        #expect(silent.privacy.retention.contact == .seconds(180 * 86_400))
    }

    private func word(of datatype: Attribute.Datatype) -> String {
        switch datatype {
        case .string: "string"
        case .number: "number"
        case .datetime: "datetime"
        case .text: "text"
        case .singleValueList: "singlevaluelist"
        case .multiValueList: "multivaluelist"
        }
    }
}
