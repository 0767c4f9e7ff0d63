import Foundation
import Reports
import Testing

/// A generator whose numbers are the same in each run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64 = 1

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite struct KeyTests {
    @Test func `a key reads back, and every one-character change of it is refused`() {
        var source = Seeded()
        let key = Key(using: &source)
        #expect(key.secret.hasPrefix("o311_"))
        #expect(Key(parsing: key.secret) == key)
        let characters = Array(key.secret)
        for position in characters.indices {
            var changed = characters
            changed[position] = changed[position] == "x" ? "y" : "x"
            #expect(Key(parsing: String(changed)) == nil)
        }
    }

    @Test(arguments: ["", "o311_", "o311_ключ", String(repeating: "a", count: 10_240)])
    func `another shape is no key`(text: String) {
        #expect(Key(parsing: text) == nil)
    }

    @Test func `a key prints neither in texts nor in dumps of its description`() {
        var source = Seeded()
        #expect("\(Key(using: &source))" == "•••")
    }
}

@Suite struct IdentifierTests {
    @Test(arguments: ["sofia-7F3K2M9Q", "A-173480", "x", "a_b-C9"])
    func `a report's id takes what the standard's strictest peer takes`(text: String) {
        #expect(Report.ID(rawValue: text)?.rawValue == text)
    }

    @Test(arguments: ["", "0", "7F3K2", "a,b", "a/b", "a.b", "дупка", "a b", "-a"])
    func `a report's id is refused when a peer would stumble over it`(text: String) {
        #expect(Report.ID(rawValue: text) == nil)
    }

    @Test func `two spellings that Unicode calls equal are two codes`() {
        #expect(Service.Code(rawValue: "\u{E9}") != Service.Code(rawValue: "e\u{301}"))
    }

    @Test func `a private report's id is longer than anybody can guess`() throws {
        var source = Seeded()
        let slug = try #require(Jurisdiction.Slug(rawValue: "sofia"))
        let open = Report.ID(slug: slug, visibility: .public, using: &source)
        let closed = Report.ID(slug: slug, visibility: .private, using: &source)
        #expect(open.rawValue.utf8.count == "sofia-".utf8.count + 8)
        #expect(closed.rawValue.utf8.count == "sofia-".utf8.count + 16)
        #expect(Report.ID(rawValue: closed.rawValue) == closed)
    }

    @Test(arguments: ["test", "open311", "media", "Sofia", "s", "1a", "so-fia"])
    func `a slug never means something else in an address`(text: String) {
        #expect(Jurisdiction.Slug(rawValue: text) == nil)
    }

    @Test func `event ids sort by their time`() {
        var source = Seeded()
        let early = Event.ID(at: Date(timeIntervalSince1970: 1_000), using: &source)
        let late = Event.ID(at: Date(timeIntervalSince1970: 1_001), using: &source)
        #expect(early.uuid.uuidString < late.uuid.uuidString)
        #expect(Array(early.uuid.uuidString)[14] == "7")
    }
}

@Suite struct PlaceTests {
    @Test(arguments: [(91, 0), (0, 181), (.nan, 0), (0, -.infinity)] as [(Double, Double)])
    func `numbers that name no point make no coordinate`(latitude: Double, longitude: Double) {
        #expect(Coordinate(latitude: latitude, longitude: longitude) == nil)
    }

    @Test func `a place needs something that says where it is`() {
        #expect(Place(coordinate: nil, address: nil, addressID: nil) == nil)
        #expect(Place(coordinate: nil, address: "бул. Витоша 15", addressID: nil) != nil)
    }

    @Test func `a boundary holds its inside, not its holes and not its surroundings`() throws {
        func ring(_ low: Double, _ high: Double) -> Boundary.Ring {
            [(low, low), (low, high), (high, high), (high, low), (low, low)]
                .compactMap { Coordinate(latitude: $0.0, longitude: $0.1) }
        }
        let boundary = try #require(Boundary(polygons: [[ring(0, 10), ring(4, 6)]]))
        let inside = try #require(Coordinate(latitude: 2, longitude: 2))
        let hole = try #require(Coordinate(latitude: 5, longitude: 5))
        let outside = try #require(Coordinate(latitude: 11, longitude: 5))
        #expect(boundary.contains(inside))
        #expect(!boundary.contains(hole))
        #expect(!boundary.contains(outside))
        #expect(Boundary(polygons: [[Array(ring(0, 1).dropLast())]]) == nil)
    }
}

@Suite struct VocabularyTests {
    @Test(arguments: ["in progress", "IN_PROGRESS", "In-Progress"])
    func `a detail is read in any case and spelling`(text: String) {
        #expect(Detail(reading: text) == .inProgress)
    }

    @Test func `an unknown detail is nothing`() {
        #expect(Detail(reading: "BOGUS") == nil)
    }

    @Test func `an internal referral stays open until the other unit closes`() {
        #expect(Detail.internalReferral.status == .open)
        #expect(Detail.duplicate.status == .closed)
    }

    @Test func `a text is told in the wanted language, else in the default one`() throws {
        let bulgarian = try #require(Language(rawValue: "bg"))
        let english = try #require(Language(rawValue: "en-GB"))
        let albanian = try #require(Language(rawValue: "sq_XK"))
        let text = Localized([bulgarian: "Дупка", english: "Pothole"])
        #expect(text.text(in: [albanian, english], default: bulgarian) == "Pothole")
        #expect(text.text(in: [albanian], default: bulgarian) == "Дупка")
    }

    @Test func `a catalogue refuses one name for two jurisdictions`() throws {
        let one = try #require(Self.jurisdiction("sofia.example", "sofia"))
        let two = try #require(Self.jurisdiction("plovdiv.example", "sofia"))
        #expect(throws: Catalogue.Conflict.slug(one.slug)) { try Catalogue([one, two]) }
        #expect(throws: Catalogue.Conflict.id(one.id)) { try Catalogue([one, one]) }
    }

    private static func jurisdiction(_ id: String, _ slug: String) -> Jurisdiction? {
        guard let id = Jurisdiction.ID(rawValue: id), let slug = Jurisdiction.Slug(rawValue: slug),
            let language = Language(rawValue: "bg")
        else { return nil }
        return Jurisdiction(
            id: id, slug: slug, name: Localized([:]), contact: "", languages: [language],
            timeZone: "Europe/Sofia", services: [])
    }
}
