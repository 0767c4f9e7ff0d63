import Federation
import Foundation
import GeoReport
import Open311
import Reports

/// What a vector's settings mean.
extension Vector {
    func required<Value>(_ value: Value?, _ what: String) throws -> Value {
        guard let value else { throw Malformed(file: name, problem: "no \(what)") }
        return value
    }

    func time(_ name: String, or other: String) throws -> Date {
        try required(DateTime.parse(self[name] ?? other), name)
    }

    func now() throws -> Date { try time("now", or: "2026-04-20T00:00:00Z") }

    func adapter() throws -> Open311Adapter {
        let profile = try required(self["profile"].flatMap(Profile.named), "profile")
        let changes = Dictionary(uniqueKeysWithValues: beginning("set").map { ($0.name, $0.value) })
        let flow = (self["flow"] ?? "").split(separator: ", ").map(String.init)
        var settings = Open311Settings(
            profile: try profile.changed(by: changes),
            address: self["address"] ?? "https://peer.example/open311/v2/",
            jurisdiction: self["jurisdiction"], apiKey: self["key"],
            zone: try required(TimeZone(identifier: self["zone"] ?? "GMT"), "zone"),
            flow: Set(flow.compactMap(Peer.Stream.init(rawValue:))),
            polling: Peer.Polling(overlap: .seconds(900), sweep: .seconds(86_400 * 30)),
            parameters: beginning("parameter").map { .init($0.name, $0.value) },
            email: self["stand-in"])
        if self["proof"] != nil {
            settings.proof = { message, body, now in
                [Wire.Header("Proof", "\(message.key) \(body.count) \(DateTime.text(now))")]
            }
        }
        return Open311Adapter(settings)
    }

    func message(_ kind: String) throws -> Message {
        var message = Message(
            key: "ngo:0198-1", content: try content(kind),
            provenance: Provenance(
                origin: try required(Authority(rawValue: "ngo"), "origin"), originID: "ngo-1",
                path: []))
        message.ticket = self["ticket"].map { Ticket(id: $0) }
        if let token = self["token"] { message.ticket = Ticket(token: token) }
        if self["tried"] != nil { message.firstTried = try time("tried", or: "") }
        return message
    }

    private func content(_ kind: String) throws -> Message.Content {
        switch kind {
        case "report": .report(try report())
        case "update": .update(try update())
        default:
            .erasure(try required(Erasure(parsing: self["parts"] ?? "contact"), "parts"))
        }
    }

    private var person: Reporter {
        Reporter(
            email: self["email"], firstName: self["first name"], lastName: self["last name"],
            phone: self["phone"])
    }

    private func report() throws -> OutgoingReport {
        OutgoingReport(
            id: try required(Report.ID(rawValue: "ngo-7F3K2M9Q"), "id"),
            address: "https://ngo.example/reports/ngo-7F3K2M9Q",
            service: try required(self["service"], "service"), title: self["title"],
            description: self["text"],
            place: Place(
                coordinate: coordinate, address: self["at address"], addressID: self["address id"]),
            zipcode: self["zipcode"],
            answers: beginning("answer").map { answer in
                PeerAnswer(
                    code: answer.name, values: answer.value.split(separator: "|").map(String.init))
            },
            media: all("picture"), requested: try time("requested", or: "2026-04-14T06:37:38Z"),
            reporter: person)
    }

    private var coordinate: Coordinate? {
        let numbers = (self["at"] ?? "").split(separator: ",").compactMap { Double($0) }
        guard numbers.count == 2 else { return nil }
        return Coordinate(latitude: numbers[0], longitude: numbers[1])
    }

    private func update() throws -> OutgoingUpdate {
        OutgoingUpdate(
            id: try required(Update.ID(rawValue: "u-7F3K2M9QTX"), "id"), status: self["status"],
            detail: try required(Detail(reading: self["detail"] ?? "FIXED"), "detail"),
            description: self["text"], media: all("picture"),
            told: try time("told", or: "2026-04-18T14:02:11Z"), author: person,
            report: Report.ID(rawValue: "ngo-7F3K2M9Q"), service: self["service"])
    }
}
