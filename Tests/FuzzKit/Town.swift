import FoundationEssentials
import Reports

/// A jurisdiction with a question of each datatype, and who calls it.
enum Town {
    static let now = Date(timeIntervalSince1970: 1_776_643_200)

    static let jurisdiction: Jurisdiction = {
        let english = known(Language(rawValue: "en"))
        func text(_ text: String) -> Localized { Localized([english: text]) }
        func attribute(
            _ code: String, _ datatype: Attribute.Datatype,
            _ purpose: Attribute.Purpose = .optional
        ) -> Attribute {
            Attribute(
                code: known(Attribute.Code(rawValue: code)), datatype: datatype, purpose: purpose,
                question: text(code))
        }
        let values = ["A", "B"].map { Attribute.Value(key: $0, name: text($0)) }
        let hole = Service(
            code: known(Service.Code(rawValue: "HOLE")), name: text("Hole"), group: text("Streets"),
            attributes: [
                attribute("DEPTH", .singleValueList(values)),
                attribute("HAZARDS", .multiValueList(values)), attribute("SEEN", .datetime),
                attribute("COUNT", .number), attribute("WORDS", .string),
            ])
        let area = [(42.0, 23.0), (42.0, 24.0), (43.0, 24.0), (43.0, 23.0), (42.0, 23.0)].map {
            known(Coordinate(latitude: $0.0, longitude: $0.1))
        }
        return Jurisdiction(
            id: known(Jurisdiction.ID(rawValue: "town.example")),
            slug: known(Jurisdiction.Slug(rawValue: "town")), name: text("Town"),
            contact: "town@town.example", languages: [english], timeZone: "Europe/Sofia",
            boundary: Boundary(polygons: [[area]]), services: [hole])
    }()

    static let catalogue: Catalogue = {
        guard let catalogue = try? Catalogue([jurisdiction]) else {
            preconditionFailure("one jurisdiction is no conflict")
        }
        return catalogue
    }()

    static func client(_ scopes: Set<Client.Scope>) -> Client {
        Client(
            id: known(Client.ID(rawValue: "o311_4kTz9Q")), name: "fuzz", scopes: scopes,
            created: now)
    }

    private static func known<Value>(_ value: Value?) -> Value {
        guard let value else { preconditionFailure("the town's names are well-formed") }
        return value
    }
}
