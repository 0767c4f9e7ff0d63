import AdapterKit
import Federation
import Foundation
import Reports
import Synchronization
import Testing

@testable import Open311

/// What every adapter must do, of the profiles that differ in how a repeat is dealt with.
@Suite struct AdapterConformanceTests {
    private static let base = "https://peer.example/open311/v2/"
    private let now = Date(timeIntervalSince1970: 1_776_000_000)

    @Test(arguments: [Profile.georeport, .viaduct, .adapter])
    func `the adapter does what no author should have to remember`(profile: Profile) async throws {
        var profile = profile
        profile.format = .json
        let adapter = Open311Adapter(
            Open311Settings(
                profile: profile, address: Self.base, apiKey: "s3cret/key&1",
                flow: [.reportsOut, .updatesOut, .reportsIn, .updatesIn]))
        var messages = [try report()]
        if profile.takes.contains(.updates) { messages.append(try update()) }
        let conformance = AdapterConformance(
            of: adapter, at: Self.base, secrets: ["s3cret/key&1"], messages: messages, now: now
        ) {
            let city = City()
            return { city.reply(to: $0) }
        }
        #expect(await conformance.findings() == [])
    }

    private func message(_ content: Message.Content, ticket: Ticket? = nil) throws -> Message {
        Message(
            key: "ngo:0198-1", content: content, ticket: ticket,
            provenance: Provenance(
                origin: try #require(Authority(rawValue: "ngo")), originID: "ngo-1", path: []))
    }

    private func report() throws -> Message {
        try message(
            .report(
                OutgoingReport(
                    id: try #require(Report.ID(rawValue: "ngo-7F3K2M9Q")),
                    address: "https://ngo.example/reports/ngo-7F3K2M9Q", service: "12",
                    description: "A deep hole before the house of Ann Lee",
                    place: Place(
                        coordinate: Coordinate(latitude: 42.69, longitude: 23.32),
                        address: nil, addressID: nil),
                    requested: now,
                    reporter: Reporter(
                        email: "ann@example.org", firstName: "Annabel", lastName: "Leeward",
                        phone: "+359 2 555 0100"))))
    }

    private func update() throws -> Message {
        try message(
            .update(
                OutgoingUpdate(
                    id: try #require(Update.ID(rawValue: "u-7F3K2M9QTX")), status: "FIXED",
                    detail: .fixed, description: "Filled by the crew of Annabel Leeward", told: now,
                    author: Reporter(email: "ann@example.org", firstName: "Annabel"),
                    report: Report.ID(rawValue: "ngo-7F3K2M9Q"), service: "12")),
            ticket: Ticket(id: "T-1"))
    }
}

/// A city's server that speaks GeoReport in JSON: a class, because it remembers what it took.
private final class City: Sendable {
    private let taken = Mutex<[[String: String]]>([])

    func reply(to call: Wire.Call) -> Wire.Reply {
        let path = call.address.prefix { $0 != "?" }
        let resource = path.split(separator: "/").last.map(String.init) ?? ""
        switch (call.method, resource) {
        case ("GET", "services.json"):
            return json(
                #"[{"service_code":"12","service_name":"Hole","description":"","metadata":false,"#
                    + #""type":"realtime","keywords":"","group":"Roads"}]"#)
        case ("GET", "changes.json"): return json(#"{"changes":[],"next":"c1"}"#)
        case ("GET", "requests.json"): return json("[\(reports.joined(separator: ","))]")
        case ("GET", _): return json("[]")
        default: return take(String(decoding: call.body, as: UTF8.self), resource)
        }
    }

    private func take(_ body: String, _ resource: String) -> Wire.Reply {
        var form: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1).map {
                $0.replacing("+", with: " ").removingPercentEncoding ?? ""
            }
            form[halves[0]] = halves.count == 2 ? halves[1] : ""
        }
        guard resource == "requests.json" else { return json(#"[{"update_id":"77"}]"#) }
        guard form["service_code"] != nil else {
            return json(#"[{"code":400,"description":"service_code is missing"}]"#, status: 400)
        }
        let number = taken.withLock { taken in
            taken.append(form)
            return taken.count
        }
        return json(#"[{"service_request_id":"T-\#(number)","service_notice":""}]"#)
    }

    private var reports: [String] {
        taken.withLock { taken in
            taken.enumerated().map { index, form in
                """
                {"service_request_id":"T-\(index + 1)","status":"open","service_code":"12",\
                "description":"\((form["description"] ?? "").replacing("\n", with: "\\n"))",\
                "requested_datetime":"2026-04-12T13:20:00Z",\
                "updated_datetime":"2026-04-12T13:20:00Z","lat":42.69,"long":23.32}
                """
            }
        }
    }

    private func json(_ text: String, status: Int = 200) -> Wire.Reply {
        Wire.Reply(
            status: status, headers: [Wire.Header("Content-Type", "application/json")],
            body: Array(text.utf8))
    }
}
