import GeoReport
import Reports
import Testing

@Suite struct `Pictures of a POST` {
    private static let complete = [
        ("service_code", "POTHOLE"), ("lat", "42.6977"), ("long", "23.3219"),
        ("attribute[DEPTH]", "GT5"),
    ].map { Parameters.Item(name: $0.0, value: $0.1, source: .body) }

    private static func file(
        _ name: String, _ bytes: [UInt8], type: String? = "image/jpeg"
    ) -> Parameters.Item {
        Parameters.Item(
            name: name, value: "", source: .file(contentType: type, bytes: bytes[...]))
    }

    private static func text(_ name: String, _ value: String) -> Parameters.Item {
        Parameters.Item(name: name, value: value, source: .body)
    }

    private func create(
        _ items: [Parameters.Item], dialects: Set<Client.Profile.Dialect> = []
    ) throws -> Creation {
        try Calls.create(
            Parameters(all: Self.complete + items), in: Sample.sofia(), stage: .production,
            clientAddress: "192.0.2.1", dialects: dialects, digest: { $0 })
    }

    private func fault(
        _ items: [Parameters.Item], dialects: Set<Client.Profile.Dialect> = []
    ) throws -> Fault? {
        #expect(throws: Fault.self) { try create(items, dialects: dialects) }
    }

    @Test func `are any files, under any name, in their order`() throws {
        let names = ["media", "media[]", "photo1", "photo2", "file_plan", "anything"]
        let creation = try create(
            names.enumerated().map { Self.file($1, [UInt8($0)], type: $0 == 0 ? nil : "x/y") })
        #expect(creation.pictures.map(\.name) == names)
        #expect(creation.pictures.map { Array($0.bytes) } == (0..<6).map { [UInt8($0)] })
        #expect(creation.pictures.map(\.contentType) == [nil] + Array(repeating: "x/y", count: 5))
        #expect(creation.draft.media.isEmpty && creation.draft.unknown.isEmpty)
    }

    @Test func `may be files and addresses at once`() throws {
        let creation = try create([
            Self.text("media_url", "http://a/1"), Self.file("media[]", [1]),
            Self.text("media", " https://b/2 "), Self.file("media[]", [2]),
            Self.text("media_url", "http://a/1"), Self.text("media[]", "http://c/3"),
        ])
        #expect(creation.addresses == ["http://a/1", "https://b/2", "http://c/3"])
        #expect(creation.pictures.count == 2)
    }

    @Test func `are six at most`() throws {
        let six = (0..<6).map { Self.file("photo\($0)", [1]) }
        #expect(try create(six).pictures.count == 6)
        for seventh in [Self.file("photo7", [1]), Self.text("media_url", "http://a/1")] {
            let fault = try fault(six + [seventh])
            #expect(fault == Fault(.malformed, "media: there are more than 6 pictures"))
        }
        let addresses = (0..<7).map { Self.text("media_url", "http://a/\($0)") }
        #expect(try fault(addresses)?.status == 400)
    }

    @Test func `over ten megabytes are refused by name, whatever else is wrong`() throws {
        let most = [UInt8](repeating: 1, count: 10 << 20)
        #expect(try create([Self.file("photo1", most)]).pictures.first?.bytes.count == most.count)
        let fault = try fault([Self.text("lat", "x"), Self.file("photo1", most + [1])])
        #expect(fault == Fault(.tooLarge, "photo1 is longer than 10485760 bytes"))
    }

    @Test(arguments: [
        "/9j/4AAQ", " /9j/4AAQ\n", "/9j/\r\n4AAQ", "data:image/jpeg;base64,/9j/4AAQ",
        "DATA:image/jpeg;charset=x;BASE64,/9j/4AAQ", "data:;base64,/9j/4AAQ",
    ])
    func `may be base64 text where the client's profile says so`(value: String) throws {
        let item = Self.text("media", value)
        let picture = try #require(try create([item], dialects: [.base64]).pictures.first)
        #expect(Array(picture.bytes) == [0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10])
        #expect(picture.name == "media")
        let fault = try fault([item])
        #expect(
            fault
                == Fault(
                    .malformed, "media is neither a file nor an absolute http or https address"))
    }

    @Test func `a blank in base64 is a plus that was not escaped`() throws {
        let picture = try create([Self.text("media", "++ +")], dialects: [.base64]).pictures.first
        #expect(picture.map { Array($0.bytes) } == [0xFB, 0xEF, 0xBE])
    }

    @Test(arguments: [
        "=", "a", "abc", "дупка", "data:image/jpeg,abc", "data:image/jpeg;base64", "{}",
        "data:;base64,", "javascript:alert(1)",
        "data:\(String(repeating: "x", count: 500));base64,/9j/",
    ])
    func `other texts are no pictures`(value: String) throws {
        let fault = try fault([Self.text("media", value)], dialects: [.base64])
        #expect(fault == Fault(.malformed, "media is neither a file nor base64 text of one"))
    }

    @Test func `under media_url are addresses in every profile`() throws {
        let fault = try fault(
            [Self.text("media_url", "data:image/png;base64,iVBORw0KGgo=")], dialects: [.base64])
        #expect(fault?.problems.first?.hasPrefix("media_url is not an absolute http") == true)
    }

    @Test func `are part of what a repeat is known by`() throws {
        let one = try create([Self.file("media", [1, 2])]).idempotency.fingerprint
        #expect(try create([Self.file("media", [1, 2])]).idempotency.fingerprint == one)
        for other in [
            [], [Self.file("media", [1, 3])], [Self.file("photo1", [1, 2])],
            [Self.file("media", [1, 2]), Self.file("media", [1, 2])],
            [Self.text("medium", "\u{1}\u{2}")],
        ] {
            #expect(try create(other).idempotency.fingerprint != one)
        }
    }

    @Test func `as text in a multipart body may be long`() throws {
        let long = String(repeating: "/9j/", count: 100 << 10)
        let head = "--x\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\n"
        let body = Array((head + long + "\r\n--x--").utf8)
        let parameters = try Parameters(query: nil, body: .multipart(body, boundary: "x"))
        let items = Self.complete + parameters.all
        let creation = try Calls.create(
            Parameters(all: items), in: Sample.sofia(), stage: .test, clientAddress: "",
            dialects: [.base64], digest: { $0 })
        #expect(creation.pictures.first?.bytes.count == 300 << 10)
        let other = head.replacing("media", with: "notes")
        #expect(throws: Fault(.tooLarge, "notes is longer than 262144 bytes")) {
            try Parameters(
                query: nil,
                body: .multipart(Array((other + long + "\r\n--x--").utf8), boundary: "x"))
        }
    }

    @Test func `the sender's number is kept with the report`() throws {
        let number = Self.text("attribute[fixmystreet_id]", "4711")
        #expect(try create([number]).draft.foreignReport == "4711")
        #expect(try create([]).draft.foreignReport == nil)
    }

    @Test func `FixMyStreet's question is nobody's duty, whatever a catalogue says`() throws {
        let service = Service(
            code: Sample.service("A"), name: Sample.bg("А"), group: Sample.bg("Б"),
            attributes: [
                Attribute(
                    code: Sample.attribute("fixmystreet_id"), datatype: .number,
                    purpose: .required, question: Sample.bg("В"))
            ])
        let sofia = Sample.sofia(services: [service])
        _ = try `A POST of a report`.create("service_code=A&lat=42.7&long=23.3", in: sofia)
        let definition = try Reading.definition(
            Documents.definition(of: service, in: sofia, as: .json), as: .json)
        #expect(definition.attributes.map(\.code) == ["fixmystreet_id"])
        #expect(definition.attributes.map(\.isRequired) == [false])
        #expect(definition.attributes.map(\.isVariable) == [false])
    }
}
