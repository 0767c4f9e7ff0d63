import Federation
import Foundation
import Reports
import Testing

extension Peer {
    /// A peer that gets everything public.
    static func sample(
        mapping: Mapping = .sample, privacy: Privacy = Privacy(), unanswered: Unanswered = .park
    ) throws -> Peer {
        Peer(
            name: try #require(Name(rawValue: "roads")),
            authority: try #require(Authority(rawValue: "roads.example")),
            flow: [.reportsOut, .updatesOut], mapping: mapping, privacy: privacy,
            unanswered: unanswered)
    }
}

extension Mapping {
    /// Two services, all details, and one question with two answers.
    static var sample: Mapping {
        var mapping = Mapping()
        for (ours, theirs) in [("HOLE", "12"), ("LAMP", "7")] {
            if let code = Service.Code(rawValue: ours) { mapping.servicesOut[code] = theirs }
        }
        for detail in Detail.allCases {
            mapping.statusesOut[detail] = detail.status == .open ? "open" : "closed"
        }
        if let code = Attribute.Code(rawValue: "KIND") {
            mapping.questions[code] = Question(code: "kind", values: ["BULKY": "b", "SMALL": "s"])
        }
        if let code = Attribute.Code(rawValue: "SIZE") {
            mapping.questions[code] = Question(code: "size")
        }
        return mapping
    }
}

extension Report {
    static func sample(
        service: String = "HOLE", answers: [Answer] = [], visibility: Visibility = .public,
        media: [String] = []
    ) throws -> Report {
        let time = Date(timeIntervalSince1970: 1_700_000_000)
        return Report(
            id: try #require(ID(rawValue: "town-1")),
            jurisdiction: try #require(Jurisdiction.ID(rawValue: "town.example")),
            service: try #require(Service.Code(rawValue: service)), title: "A title",
            description: "A hole", requested: time, updated: time,
            coordinate: Coordinate(latitude: 42, longitude: 23), media: media,
            answers: answers, visibility: visibility, published: time)
    }
}

extension Delivery {
    static let start = Date(timeIntervalSince1970: 1_700_000_000)

    static func sample(
        kind: Kind = .report, doubt: Doubt = .none, attempts: Int = 0, firstTried: Date? = nil,
        update: Update.ID? = nil
    ) throws -> Delivery {
        Delivery(
            id: ID(number: 1), peer: try #require(Peer.Name(rawValue: "roads")),
            report: try #require(Report.ID(rawValue: "town-1")),
            event: Event.ID(
                uuid: try #require(UUID(uuidString: "018BCFE5-6800-7000-8000-00000000ABCD"))),
            kind: kind, update: update, doubt: doubt, attempts: attempts, created: start,
            due: start, firstTried: firstTried)
    }
}
