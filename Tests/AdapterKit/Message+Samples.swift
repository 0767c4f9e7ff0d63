import Federation
import Foundation
import Reports

/// Messages as an adapter gets them, for tests of every kind of peer.
extension Message {
    private enum Mistake: Error {
        case name
    }

    /// A report with all that most peers take, and a reporter.
    package static func report(
        service: String = "12", media: [String] = [], answers: [PeerAnswer] = [],
        firstTried: Date? = nil
    ) throws -> Message {
        guard let id = Report.ID(rawValue: "ngo-7F3K2M9Q"),
            let node = Authority(rawValue: "ngo")
        else { throw Mistake.name }
        let place = Place(
            coordinate: Coordinate(latitude: 42.6977, longitude: 23.3219),
            address: "Vitosha Boulevard 15", addressID: nil)
        let report = OutgoingReport(
            id: id, address: "https://ngo.example/reports/ngo-7F3K2M9Q", service: service,
            serviceName: "Potholes", title: "A hole",
            description: "So deep that a car was lost in it", place: place, answers: answers,
            media: media, requested: Date(timeIntervalSince1970: 1_776_643_000), reporter: ann)
        return Message(
            key: "ngo:0198-1", content: .report(report), provenance: way(node, id),
            firstTried: firstTried)
    }

    /// An update of that report, which the peer knows as `ticket`.
    package static func update(
        ticket: String, status: String? = "FIXED", media: [String] = [],
        key: String = "ngo:0198-2", firstTried: Date? = nil
    ) throws -> Message {
        guard let id = Report.ID(rawValue: "ngo-7F3K2M9Q"),
            let update = Update.ID(rawValue: "u-7F3K2M9QTX"), let node = Authority(rawValue: "ngo")
        else { throw Mistake.name }
        let said = OutgoingUpdate(
            id: update, status: status, detail: .fixed, description: "It was filled with sand",
            media: media, told: Date(timeIntervalSince1970: 1_776_643_100), author: ann, report: id)
        return Message(
            key: key, content: .update(said), ticket: Ticket(id: ticket),
            provenance: way(node, id), firstTried: firstTried)
    }

    /// What of that report is to be forgotten.
    package static func erasure(ticket: String) throws -> Message {
        guard let id = Report.ID(rawValue: "ngo-7F3K2M9Q"),
            let node = Authority(rawValue: "ngo")
        else { throw Mistake.name }
        return Message(
            key: "ngo:0198-3", content: .erasure(.contact), ticket: Ticket(id: ticket),
            provenance: way(node, id))
    }

    private static let ann = Reporter(
        email: "ann@example.org", firstName: "Annabel", lastName: "Leeward",
        phone: "+1 555 0100")

    private static func way(_ node: Authority, _ id: Report.ID) -> Provenance {
        Provenance(origin: node, originID: id.rawValue, path: [node])
    }
}
