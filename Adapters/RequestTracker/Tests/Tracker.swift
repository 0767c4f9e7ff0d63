import Federation
import Foundation
import Synchronization

/// A Request Tracker as far as its answers were seen: a class, because it remembers.
final class Tracker: Sendable {
    struct State {
        var tickets: [Int: [String: String]] = [:]
        var fields: [Int: [String: String]] = [:]
        var attachments: [(ticket: Int, subject: String)] = []
        var texts: [Int: String] = [:]
        var known = ["External ID", "Latitude", "Longitude", "Address", "Service Code"]
        var statuses = ["new", "open", "resolved"]
        var queries: [String] = []
    }

    let state = Mutex(State())

    func answer(_ call: Wire.Call) -> Wire.Reply {
        let parts = URLComponents(string: call.address)
        let path = (parts?.path ?? "").split(separator: "/").map(String.init)
        let query = parts?.queryItems?.first { $0.name == "query" }?.value ?? ""
        state.withLock { $0.queries.append(query) }
        switch (call.method, path.dropFirst(2).first, path.count) {
        case ("POST", "ticket", 3): return open(call.body)
        case ("POST", "ticket", _): return reply(Int(path[3]) ?? 0, call.body)
        case ("PUT", "ticket", _): return change(Int(path[3]) ?? 0, call.body)
        case ("GET", "ticket", 4): return ticket(Int(path[3]) ?? 0)
        case ("GET", "ticket", _): return subjects(of: Int(path[3]) ?? 0)
        case ("GET", "tickets", _): return search(query)
        case ("GET", "queue", _): return json(["id": "3", "Name": "Streets"])
        case ("GET", "rt", _): return json(["Version": "5.0.3"])
        default: return json(["items": [Any]()])
        }
    }

    private func open(_ body: [UInt8]) -> Wire.Reply {
        guard let form = object(body), let status = form["Status"] as? String? else {
            return Wire.Reply(status: 400)
        }
        return state.withLock { state in
            guard state.statuses.contains(status ?? "new") else { return Wire.Reply(status: 400) }
            let id = state.tickets.count + 1
            state.tickets[id] = [
                "Status": status ?? "new", "Subject": form["Subject"] as? String ?? "",
            ]
            state.texts[id] = form["Content"] as? String
            let fields = form["CustomFields"] as? [String: String] ?? [:]
            state.fields[id] = fields.filter { state.known.contains($0.key) }
            return json(["id": "\(id)", "type": "ticket"], status: 201)
        }
    }

    private func reply(_ id: Int, _ body: [UInt8]) -> Wire.Reply {
        let form = object(body) ?? [:]
        state.withLock { state in
            state.attachments.append((id, form["Subject"] as? String ?? ""))
            if state.tickets[id]?["Status"] == "resolved" { state.tickets[id]?["Status"] = "open" }
        }
        return set(id, form, ["Correspondence added"], status: 201)
    }

    private func change(_ id: Int, _ body: [UInt8]) -> Wire.Reply {
        set(id, object(body) ?? [:], [], status: 200)
    }

    private func set(
        _ id: Int, _ form: [String: Any], _ said: [String], status: Int
    ) -> Wire.Reply {
        let word = form["Status"] as? String
        return state.withLock { state in
            guard let word else { return json(said, status: status) }
            guard state.statuses.contains(word) else {
                return json(
                    said + ["Status '\(word)' isn't a valid status for this ticket."],
                    status: status)
            }
            state.tickets[id]?["Status"] = word
            return json(said + ["Status changed"], status: status)
        }
    }

    private func ticket(_ id: Int) -> Wire.Reply {
        state.withLock { state in
            var ticket: [String: Any] = state.tickets[id] ?? ["Status": "new", "Subject": "A hole"]
            ticket["id"] = id
            ticket["Resolved"] =
                ticket["Status"] as? String == "resolved"
                ? "2026-04-20T01:00:00Z" : "1970-01-01T00:00:00Z"
            ticket["CustomFields"] = (state.fields[id] ?? [:]).map {
                ["name": $0.key, "values": [$0.value]] as [String: Any]
            }
            return json(ticket)
        }
    }

    private func subjects(of id: Int) -> Wire.Reply {
        state.withLock { state in
            let rows = state.attachments.enumerated().filter { $0.element.ticket == id }
            let text = ["id": "0", "Subject": "", "Content": state.texts[id] ?? ""]
            return json([
                "items": [text]
                    + rows.map { ["id": "\($0.offset)", "Subject": $0.element.subject] }
            ])
        }
    }

    private func search(_ query: String) -> Wire.Reply {
        state.withLock { state in
            let found = state.fields.keys.sorted().filter { id in
                if query.hasPrefix("Subject") {
                    return query.contains("'\(state.tickets[id]?["Subject"] ?? "?")'")
                }
                return query.contains("'\(state.fields[id]?["External ID"] ?? "?")'")
            }
            return json(["items": found.map { ["id": "\($0)", "type": "ticket"] }])
        }
    }

    private func object(_ body: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    }

    private func json(_ value: Any, status: Int = 200) -> Wire.Reply {
        let body = (try? JSONSerialization.data(withJSONObject: value)).map { Array($0) } ?? []
        return Wire.Reply(
            status: status, headers: [Wire.Header("Content-Type", "application/json")], body: body)
    }
}
