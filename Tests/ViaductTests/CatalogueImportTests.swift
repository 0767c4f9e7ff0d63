import Foundation
import GeoReport
import Reports
import Testing
import Yams

@testable import viaduct

@Suite struct CatalogueImportTests {
    /// A catalogue with what catalogues of cities really hold.
    private static let list = """
        <?xml version="1.0" encoding="utf-8"?>
        <services>
          <service><service_code>001</service_code><service_name>Pothole: deep</service_name>
            <description>Line one.  Two blanks.&#10;Line two</description><metadata>true</metadata>
            <type>realtime</type><keywords>road, private, two words</keywords><group>Roads</group>
          </service>
          <service><service_code>A,B</service_code><service_name>Yes</service_name>
            <description/><metadata>false</metadata><type>batch</type><keywords/><group/></service>
          <service><service_code>C/1 x</service_code><service_name>Yes</service_name>
            <metadata>false</metadata><type>blackbox</type></service>
        </services>
        """

    private static let definition = """
        <service_definition><service_code>001</service_code><attributes>
          <attribute><variable>true</variable><code>Q1</code><datatype>singlevaluelist</datatype>
            <required>true</required><datatype_description>pick</datatype_description><order>2</order>
            <description>Where is it? - "there" # here</description><values>
              <value><key>NO</key><name>no</name></value>
              <value><key>001</key><name>Öst, West</name></value></values></attribute>
          <attribute><variable>false</variable><code>I</code><datatype>text</datatype>
            <required>false</required><order>1</order><description>Call 112</description></attribute>
          <attribute><variable>true</variable><code>E</code><datatype>multivaluelist</datatype>
            <required>false</required><order>3</order><description>Empty</description><values/></attribute>
        </attributes></service_definition>
        """

    @Test func `a catalogue becomes a file that says the same, and a second time nothing`()
        async throws
    {
        let space = try Workspace([
            "list.xml": Self.list, "services/001.xml": Self.definition,
        ])
        try await run(space, "--id", "city.example")
        let (file, problems) = JurisdictionFile.read(space.path("city.yaml"))
        #expect(problems == [])
        let services = try #require(file?.jurisdiction.services)
        #expect(services.map(\.code.rawValue) == ["001", "A_B", "C/1 x"])
        #expect(
            services.map { $0.name.texts[.english] } == ["Pothole: deep", "Yes", "Yes (C/1 x)"])
        #expect(services[0].description.texts[.english] == "Line one.  Two blanks.\nLine two")
        #expect(services[0].keywords == ["road", "two-words"])
        #expect(services[1].answersWith == .batch(resolvesAfter: .seconds(60)))
        #expect(services[2].answersWith == .realtime)
        let attributes = services[0].attributes
        #expect(attributes.map(\.code.rawValue) == ["I", "Q1", "E"])
        #expect(attributes.map(\.purpose) == [.information, .required, .optional])
        #expect(attributes[1].question.texts[.english] == #"Where is it? - "there" # here"#)
        #expect(attributes[1].datatype.values?.map(\.key) == ["NO", "001"])
        #expect(
            attributes[1].datatype.values?.map { $0.name.texts[.english] } == ["no", "Öst, West"])
        #expect(attributes[2].datatype == .string)
        let first = try space.text("city.yaml")
        try await run(space)
        #expect(try space.text("city.yaml") == first)
    }

    @Test func `a file keeps its comments, other keys, languages and services`() async throws {
        let held = """
            # The city.
            id: city.example
            slug: city
            name: {de: Stadt, en: City}
            contact: us
            languages: [de, en]
            time_zone: Europe/Berlin

            services:
              # Holes.
              - code: "001"
                name: {de: Schlagloch, en: Hole}
                group: &roads {de: Straßen, en: Roads}
                agency: {de: Amt, en: Office}
                private: true

              # Ours alone.
              - code: OWN
                name: Eigenes   # by hand
                group: *roads

            # How long a repeat is one.
            repeat_window: 60s
            """
        let space = try Workspace([
            "list.xml": Self.list, "services/001.xml": Self.definition, "city.yaml": held,
        ])
        try await run(space, "--language", "en")
        let text = try space.text("city.yaml")
        for kept in ["# The city.", "# Holes.", "# Ours alone.", "# How long a repeat is one."] {
            #expect(text.contains(kept), "\(kept)")
        }
        let file = try #require(JurisdictionFile.read(space.path("city.yaml")).0)
        let services = file.jurisdiction.services
        #expect(services.map(\.code.rawValue) == ["001", "OWN", "A_B", "C/1 x"])
        #expect(services[0].name.texts.values.sorted() == ["Pothole: deep", "Schlagloch"])
        #expect(services[0].visibility == .private)
        #expect(services[0].agency.texts.count == 2)
        #expect(services[1].group.texts.values.sorted() == ["Roads", "Straßen"])
        #expect(file.jurisdiction.repeatWindow == .seconds(60))
    }

    @Test func `a file without services gets its first ones`() async throws {
        let head = "id: c.example\nslug: city\nname: C\ncontact: us\nlanguages: [en]\n"
        let held = head + "services: []\n# The zone.\ntime_zone: UTC\n"
        let space = try Workspace(["list.xml": Self.list, "city.yaml": held])
        try await run(space)
        let file = try #require(JurisdictionFile.read(space.path("city.yaml")).0)
        #expect(file.jurisdiction.services.count == 3)
        #expect(try space.text("city.yaml").hasSuffix("\n# The zone.\ntime_zone: UTC\n"))
    }

    @Test func `a file in which nothing would be right stays as it is`() async throws {
        let space = try Workspace(["list.json": "[]", "city.yaml": "id: x"])
        await #expect(throws: CommandError.self) { try await run(space, list: "list.json") }
        #expect(try space.text("city.yaml") == "id: x")
    }

    @Test(arguments: [
        "plain words", "yes", "No", "null", "~", "12", "0x1F", "1e3", "- dash", "a: b", "a #b", "'",
        "\"", "\\", "{a}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a`", "a\nb", "\na", "a\n",
        " a ", "a  b", "\ta", "a\tb", "?", "Öl, Gas", "дупка", "a,b", "a\u{85}b", "a\u{2028}b",
        "a\u{FEFF}b", "😀", "trailing\n\nblank lines\n", "  indented\nmore",
        "a long text of many words that is broken into several lines because nobody reads beyond a hundred columns,  with two blanks",
        "a long text that ends with a blank and has more than forty letters ",
        "https://city.example/a?b=c#d", "# no comment",
    ])
    func `every text comes back from YAML as it was`(text: String) throws {
        let block = "k:" + YAMLText.value(text, indent: 2) + "\nend: 1\n"
        let read = try #require(try Yams.compose(yaml: block)?.mapping)
        #expect(read["k"]?.string == text)
        let flow = "k: {a: \(YAMLText.item(text)), b: [\(YAMLText.item(text))]}"
        let inner = try #require(try Yams.compose(yaml: flow)?.mapping?["k"]?.mapping)
        #expect(inner["a"]?.string == text)
        #expect(inner["b"]?.sequence?.first?.string == text)
    }

    @Test func `definitions are looked for where servers and files have them`() {
        let web = DefinitionPlaces(
            list: "https://c.example/v2/services.xml?jurisdiction_id=c", format: .xml)
        #expect(
            web.addresses(of: "A/1")
                == ["https://c.example/v2/services/A%2F1.xml?jurisdiction_id=c"])
        let file = DefinitionPlaces(list: "x/dc-services.json", format: .json)
        #expect(
            file.files(of: "S1") == [
                "x/services/S1.json", "x/dc-services/S1.json", "x/dc-services-S1.json",
            ])
    }

    private func run(
        _ space: borrowing Workspace, _ options: String..., list: String = "list.xml"
    ) async throws {
        let arguments = [
            space.path(list), "--jurisdiction-file", space.path("city.yaml"),
        ]
        try await ImportServicesCommand.parse(arguments + options).perform()
    }
}
