import Foundation
import GeoReport
import Reports
import Testing

/// Values of GR-12, in Swift.
enum Sample {
    static let bulgarian = language("bg")
    static let english = language("en")

    static func language(_ tag: String) -> Language {
        guard let language = Language(rawValue: tag) else { preconditionFailure(tag) }
        return language
    }

    static func bg(_ text: String) -> Localized { Localized([bulgarian: text]) }

    static func time(_ text: String) -> Date {
        guard let time = DateTime.parse(text) else { preconditionFailure(text) }
        return time
    }

    static func attribute(_ code: String) -> Attribute.Code {
        guard let code = Attribute.Code(rawValue: code) else { preconditionFailure(code) }
        return code
    }

    static func service(_ code: String) -> Service.Code {
        guard let code = Service.Code(rawValue: code) else { preconditionFailure(code) }
        return code
    }

    static func report(_ id: String) -> Report.ID {
        guard let id = Report.ID(rawValue: id) else { preconditionFailure(id) }
        return id
    }

    static func token(_ text: String) -> Token {
        guard let token = Token(rawValue: text) else { preconditionFailure(text) }
        return token
    }

    static func point(_ latitude: Double, _ longitude: Double) -> Coordinate {
        guard let point = Coordinate(latitude: latitude, longitude: longitude) else {
            preconditionFailure("no point")
        }
        return point
    }

    static func jurisdiction(_ id: String) -> Jurisdiction.ID {
        guard let id = Jurisdiction.ID(rawValue: id) else { preconditionFailure(id) }
        return id
    }

    static func slug(_ text: String) -> Jurisdiction.Slug {
        guard let slug = Jurisdiction.Slug(rawValue: text) else { preconditionFailure(text) }
        return slug
    }

    /// A rectangle around Sofia.
    static let area = Boundary(polygons: [
        [
            [
                point(42.5, 23.1), point(42.5, 23.6), point(42.9, 23.6), point(42.9, 23.1),
                point(42.5, 23.1),
            ]
        ]
    ])

    static let pothole = Service(
        code: service("POTHOLE"),
        name: Localized([bulgarian: "Дупка на пътното платно", english: "Pothole"]),
        description: bg("Дупка или пропадане в асфалта"), group: bg("Улици"),
        keywords: ["дупка", "асфалт", "настилка"],
        notice: Localized([
            bulgarian: "Ще бъде проверено до 5 работни дни.",
            english: "It will be looked at within 5 working days.",
        ]),
        attributes: [
            Attribute(
                code: attribute("INFO"), datatype: .string, purpose: .information,
                question: bg("При непосредствена опасност звънете на 112.")),
            Attribute(
                code: attribute("DEPTH"),
                datatype: .singleValueList([
                    Attribute.Value(key: "LT5", name: bg("до 5 см")),
                    Attribute.Value(key: "GT5", name: bg("над 5 см")),
                ]), purpose: .required, question: bg("Колко дълбока е дупката?"),
                hint: bg("Изберете една стойност")),
            Attribute(
                code: attribute("HAZARDS"),
                datatype: .multiValueList([
                    Attribute.Value(key: "CARS", name: bg("автомобили")),
                    Attribute.Value(key: "BIKES", name: bg("велосипеди")),
                    Attribute.Value(key: "WALK", name: bg("пешеходци")),
                ]), purpose: .optional, question: bg("Какво затруднява?")),
            Attribute(
                code: attribute("SEEN_AT"), datatype: .datetime, purpose: .optional,
                question: bg("Кога я видяхте за първи път?"), hint: bg("ISO 8601")),
        ])

    static let streetlight = Service(
        code: service("STREETLIGHT"), name: bg("Неработещо улично осветление"),
        group: bg("Улици"), keywords: ["лампа", "осветление"],
        answersWith: .batch(resolvesAfter: .seconds(60)))

    /// One question of each datatype that a definition of GR-12 lacks.
    static let noise = Service(
        code: service("NOISE"), name: bg("Шум"), group: bg(""), keywords: ["private", "шум"],
        attributes: [
            Attribute(
                code: attribute("HOURS"), datatype: .number, purpose: .optional,
                question: bg("Колко часа?")),
            Attribute(
                code: attribute("WHO"), datatype: .string, purpose: .optional,
                question: bg("Кой?"), visibility: .private),
        ])

    static func sofia(
        services: [Service] = [pothole, streetlight], boundary: Boundary? = nil,
        windowLimit: Jurisdiction.WindowLimit = .served
    ) -> Jurisdiction {
        Jurisdiction(
            id: jurisdiction("sofia.example"), slug: slug("sofia"),
            aliases: [jurisdiction("sofia")], name: bg("София"), contact: "api@gateway.example",
            languages: [bulgarian, english], timeZone: "Europe/Sofia", boundary: boundary,
            services: services, windowLimit: windowLimit)
    }

    static let mitrovica = Jurisdiction(
        id: jurisdiction("mitrovica.example"), slug: slug("mitrovica"),
        name: Localized([language("sq"): "Mitrovica"]), contact: "api@gateway.example",
        languages: [language("sq")], timeZone: "Europe/Belgrade",
        services: [
            Service(
                code: service("WASTE-MIT"),
                name: Localized([language("sq"): "Mbeturina të pambledhura"]),
                description: Localized([
                    language("sq"): "Kontejner i mbushur ose mbeturina në rrugë"
                ]), group: Localized([language("sq"): "Mjedisi"]),
                keywords: ["mbeturina", "kontejner", "pastrim"])
        ])

    static let open = Report(
        id: report("SOF-2026-000418"), jurisdiction: jurisdiction("sofia.example"),
        service: service("STREETLIGHT"), requested: time("2026-04-14T17:05:30Z"),
        updated: time("2026-04-14T17:05:30.9Z"), address: "ул. Граф Игнатиев 2, София",
        published: time("2026-04-14T17:05:30Z"))

    static let closed = Report(
        id: report("SOF-2026-000417"), jurisdiction: jurisdiction("sofia.example"),
        service: service("POTHOLE"), status: .closed, detail: .fixed,
        statusNotes: "Запълнена на 16.04. Благодарим & поздрави <Столична община>",
        title: "Дупка пред № 15", description: "Дупка пред № 15\nвтори ред",
        agency: "Столична община, Дирекция „Пътища“",
        notice: "Ще бъде проверено до 5 работни дни.", requested: time("2026-04-14T06:37:38Z"),
        updated: time("2026-04-16T12:00:00Z"), expected: time("2026-04-21T21:00:00Z"),
        address: "бул. Витоша 15, София", addressID: "00715", zipcode: "1000",
        coordinate: point(42.6977, 23.3219),
        media: ["https://gateway.example/media/SOF-2026-000417/1.jpg"],
        answers: [
            Answer(code: attribute("DEPTH"), values: ["GT5"]),
            Answer(code: attribute("HAZARDS"), values: ["CARS", "BIKES"]),
        ], channel: "fixmystreet", published: time("2026-04-14T06:37:38Z"))

    /// The clock of GR-22.
    static let now = time("2026-04-20T00:00:00Z")

    static func parameters(_ query: String) throws -> Parameters {
        try Parameters(query: query)
    }
}

extension String {
    /// The document without the white space that makes it readable here.
    var compactXML: String {
        replacing(/>\s+</, with: "><").replacing("?><", with: "?>\n<")
    }
}

/// The text of a document.
func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}

/// Expects both formats of a document: XML to the byte, JSON in its members and their order.
func expect(
    xml: String, json: String, _ document: (Format) -> [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let header = xml.hasPrefix("<?xml") ? "" : #"<?xml version="1.0" encoding="utf-8"?>"# + "\n"
    #expect(text(document(.xml)) == (header + xml).compactXML, sourceLocation: sourceLocation)
    let written = try JSONReader.parse(document(.json))
    #expect(written == (try JSONReader.parse(Array(json.utf8))), sourceLocation: sourceLocation)
    #expect(
        try Reading.tree(document(.xml), as: .xml) == written, "XML and JSON say the same (X4)",
        sourceLocation: sourceLocation)
}
