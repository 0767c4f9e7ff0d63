import AdapterKit
import Federation
import Foundation
import GeoReport
import Open311
import Reports
import Synchronization
import Testing

/// A server that takes what it is told and lists it: a class, because it remembers.
private final class Town: Sendable {
    private let reports = Mutex<[[String: String]]>([])

    func answer(_ call: Wire.Call) -> Wire.Reply {
        let path = String(call.address.prefix { $0 != "?" })
        let isXML = path.hasSuffix(".xml")
        let resource = path.split(separator: "/").last?.split(separator: ".").first ?? ""
        switch (call.method, resource) {
        case ("POST", "requests"): return take(call, isXML)
        case ("POST", _): return document([["update_id": "1"]], isXML, updates)
        case (_, "requests"): return document(reports.withLock { $0 }, isXML, requests)
        case (_, "services"):
            let service = ["service_code": "12", "service_name": "Holes", "metadata": "false"]
            return document([service], isXML, ("services", "service"))
        case (_, "changes"):
            return Wire.Reply(status: 200, body: Array(#"{"changes":[],"next":"n"}"#.utf8))
        default: return document([], isXML, updates)
        }
    }

    private let requests = ("service_requests", "request")
    private let updates = ("service_request_updates", "request_update")

    private func take(_ call: Wire.Call, _ isXML: Bool) -> Wire.Reply {
        let form = URLComponents(string: "?" + String(decoding: call.body, as: UTF8.self))
        var row = ["status": "open", "requested_datetime": "2026-04-20T00:00:00Z"]
        for item in form?.queryItems ?? []
        where ["service_code", "description", "lat", "long"].contains(item.name) {
            row[item.name] = item.value
        }
        guard row["service_code"] != nil else { return Wire.Reply(status: 400) }
        let id = reports.withLock { reports in
            row["service_request_id"] = "R-\(reports.count)"
            reports.append(row)
            return row["service_request_id"]
        }
        return document([["service_request_id": id ?? ""]], isXML, requests)
    }

    private func document(
        _ rows: [[String: String]], _ isXML: Bool, _ names: (root: String, item: String)
    ) -> Wire.Reply {
        let items = rows.map { row in
            let members = row.map { name, value in
                isXML
                    ? "<\(name)><![CDATA[\(value)]]></\(name)>"
                    : "\"\(name)\":\"\(value.replacing("\n", with: "\\n"))\""
            }
            return isXML
                ? "<\(names.item)>\(members.joined())</\(names.item)>"
                : "{\(members.joined(separator: ","))}"
        }
        let text =
            isXML
            ? "<\(names.root)>\(items.joined())</\(names.root)>"
            : "[\(items.joined(separator: ","))]"
        return Wire.Reply(status: 200, body: Array(text.utf8))
    }
}

@Suite struct `An adapter of each profile` {
    private static let base = "https://town.example/open311/v2/"

    private func messages(for profile: Profile) throws -> [Message] {
        var messages: [Message] = []
        if profile.takes.contains(.reports) { messages.append(try .report()) }
        if profile.takes.contains(.updates) {
            // By its id, and no header, FixMyStreet recognises an update.
            let key = profile.marker == .header ? "ngo:0198-2" : "u-7F3K2M9QTX"
            messages.append(try .update(ticket: "R-0", key: key))
        }
        return messages
    }

    @Test(arguments: Profile.all.map(\.name))
    func `does what no author should have to remember`(name: String) async throws {
        let profile = try #require(Profile.named(name))
        let settings = Open311Settings(
            profile: profile, address: Self.base, jurisdiction: "town.example",
            apiKey: "s3cret-key", flow: Set(Peer.Stream.allCases), email: "relay@ngo.example")
        let conformance = AdapterConformance(
            of: Open311Adapter(settings), at: Self.base, secrets: ["s3cret-key"],
            messages: try messages(for: profile), now: Date(timeIntervalSince1970: 1_776_643_200)
        ) {
            let town = Town()
            return { town.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}
