import Federation
import Foundation
import Synchronization

/// A tracker of Roundup as it was seen to answer (2.6.0), as far as the adapter speaks with it: a
/// class, because it remembers.
final class City: Sendable {
    typealias Object = [String: Any]

    static let base = "https://roundup.example/city/"

    /// What it is set up like, and what it has.
    struct State: Sendable {
        var zone: String? = "UTC"
        /// How often it says that somebody else was quicker.
        var races = 0
        /// How often it asks for a pause.
        var pauses = 0
        /// What is left out of a list that is asked for by number.
        var retired: Set<String> = []
        var issues: [Data] = []
        var messages: [Data] = []
        var files: [Data] = []
        var calls: [Wire.Call] = []
        var edition = 0
    }

    private let state: Mutex<State>

    init(_ state: State = State()) {
        self.state = Mutex(state)
    }

    var calls: [Wire.Call] { state.withLock { $0.calls } }
    var wire: Wire { wire() }

    func wire(
        at now: Date = Date(timeIntervalSince1970: 1_776_643_200),
        pictures: [String: OutgoingPicture] = [:]
    ) -> Wire {
        Wire(now: { now }, pictures: { pictures[$0] }) { call async throws(PeerError) in
            self.answer(call)
        }
    }

    func change(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }

    func answer(_ call: Wire.Call) -> Wire.Reply {
        state.withLock { state in
            state.calls.append(call)
            func header(_ name: String) -> String? {
                call.headers.first { $0.name == name }?.value
            }
            guard header("Authorization") == "Basic Z2F0ZXdheTpzM2NyZXQtd29yZA==" else {
                return Wire.Reply(status: 401, body: Array("Invalid Login".utf8))
            }
            guard call.method == "GET" || header("Origin") == "https://roundup.example" else {
                return Self.mistake(400, "Required Header Missing")
            }
            if state.pauses > 0 {
                state.pauses -= 1
                return Wire.Reply(status: 429, headers: [Wire.Header("Retry-After", "20")])
            }
            let path = call.address.dropFirst((Self.base + "rest/data/").count)
                .prefix { $0 != "?" }.split(separator: "/").map(String.init)
            return answer(call, path, &state)
        }
    }

    private func answer(
        _ call: Wire.Call, _ path: [String], _ state: inout State
    ) -> Wire.Reply {
        let items = URLComponents(string: call.address)?.queryItems ?? []
        let query = Dictionary(items.map { ($0.name, $0.value ?? "") }) { $1 }
        switch (call.method, path.first ?? "", path.count) {
        case ("GET", "user", 1):
            let zone: Any = state.zone ?? NSNull()
            return Self.list([["id": "3", "username": "gateway", "timezone": zone]])
        case ("GET", "status", 1):
            return Self.list([["id": "1", "name": "unread"], ["id": "2", "name": "fixed"]])
        case ("GET", "issue", 1): return issues(query, state)
        case ("GET", "msg", 1): return messages(query, state)
        case ("GET", "issue", 2): return Self.item(state.issues, path[1], "\"\(state.edition)\"")
        case ("GET", "msg", 2): return Self.item(state.messages, path[1], "x")
        case ("GET", "file", 2): return Self.item(state.files, path[1], "x")
        case ("GET", "file", 3): return Wire.Reply(status: 200, body: [0xFF, 0xD8])
        case ("POST", "file", 1):
            return Self.add(["type": "image/jpeg"], to: &state.files)
        case ("POST", "msg", 1): return say(Self.object(Data(call.body)), &state)
        case ("POST", "issue", 1): return make(Self.object(Data(call.body)), &state)
        case ("PATCH", "issue", 2): return change(call, path[1], &state)
        default: return Self.mistake(404, "not found")
        }
    }
}

extension City {
    private func say(_ sent: Object, _ state: inout State) -> Wire.Reply {
        var message = sent
        message["author"] = ["id": "3"]
        message["date"] = "2026-04-20.00:00:00"
        message["files"] = Self.links(sent["files"])
        message["public"] = sent["public"] as? Bool == true ? 1 : 0
        return Self.add(message, to: &state.messages)
    }

    private func make(_ sent: Object, _ state: inout State) -> Wire.Reply {
        guard sent["title"] as? String != "" else {
            return Self.mistake(409, "new property \"title\" not a string")
        }
        var issue = sent
        issue["messages"] = Self.links(sent["messages"])
        issue["status"] = ["id": "1", "name": "unread"]
        issue["superseder"] = [String]()
        issue["creation"] = "2026-04-20.00:00:00"
        issue["activity"] = "2026-04-20.00:00:00"
        return Self.add(issue, to: &state.issues)
    }

    private func change(_ call: Wire.Call, _ id: String, _ state: inout State) -> Wire.Reply {
        guard let index = Int(id).map({ $0 - 1 }), state.issues.indices.contains(index) else {
            return Self.mistake(404, "no such issue \(id)")
        }
        let condition = call.headers.first { $0.name == "If-Match" }?.value
        guard state.races == 0, condition == "\"\(state.edition)\"" else {
            state.races = max(0, state.races - 1)
            state.edition += 1
            return Self.mistake(412, "If-Match is missing or does not match.")
        }
        let sent = Self.object(Data(call.body))
        var issue = Self.object(state.issues[index])
        if let name = sent["status"] as? String {
            guard ["1", "2", "unread", "fixed"].contains(name) else {
                return Self.mistake(400, "property status: '\(name)' is not a status.")
            }
            let isFixed = ["2", "fixed"].contains(name)
            issue["status"] = ["id": isFixed ? "2" : "1", "name": isFixed ? "fixed" : "unread"]
        } else if sent["messages"] != nil {
            issue["status"] = ["id": "5", "name": "chatting"]
        }
        if let messages = sent["messages"] { issue["messages"] = Self.links(messages) }
        state.issues[index] = Self.data(issue)
        state.edition += 1
        return Self.reply(200, ["data": ["id": id, "attribute": Object()]])
    }

    /// By number it lists what is not retired; by a name with `:` what is exactly so, and without
    /// what has it somewhere.
    private func issues(_ query: [String: String], _ state: State) -> Wire.Reply {
        guard query["@fields"]?.contains("nothing") != true else {
            return Self.mistake(400, "'Unknown property: nothing'")
        }
        var rows = state.issues.map(Self.object)
        rows.removeAll { state.retired.contains($0["id"] as? String ?? "") }
        if let id = query["id"] { rows.removeAll { $0["id"] as? String != id } }
        if let id = query["external_id:"] { rows.removeAll { $0["external_id"] as? String != id } }
        return Self.list(rows, query)
    }

    private func messages(_ query: [String: String], _ state: State) -> Wire.Reply {
        var rows = state.messages.map(Self.object)
        if query["public"] == "true" { rows.removeAll { $0["public"] as? Int != 1 } }
        if let name = query["messageid:"] { rows.removeAll { $0["messageid"] as? String != name } }
        // Texts are links, unless all is asked for.
        guard query["@verbose"] != "3" else { return Self.list(rows, query) }
        return Self.list(rows.map { $0.merging(["content": ["link": ""]]) { $1 } }, query)
    }
}

extension City {
    private static func add(_ object: Object, to things: inout [Data]) -> Wire.Reply {
        let id = "\(things.count + 1)"
        things.append(data(object.merging(["id": id]) { $1 }))
        return reply(201, ["data": ["id": id, "link": ""]])
    }

    private static func list(_ rows: [Object], _ query: [String: String] = [:]) -> Wire.Reply {
        let size = Int(query["@page_size"] ?? "") ?? 100
        let page = (Int(query["@page_index"] ?? "") ?? 1) - 1
        let shown = Array(rows.dropFirst(page * size).prefix(size))
        return reply(200, ["data": ["collection": shown, "@total_size": rows.count]])
    }

    private static func item(_ things: [Data], _ id: String, _ etag: String) -> Wire.Reply {
        guard let index = Int(id).map({ $0 - 1 }), things.indices.contains(index) else {
            return mistake(404, "no such thing \(id)")
        }
        let attributes = object(things[index]).filter { $0.key != "id" }
        return reply(200, ["data": ["id": id, "attributes": attributes, "@etag": etag]])
    }

    private static func links(_ value: Any?) -> [Object] {
        (value as? [String] ?? []).map { ["id": $0] }
    }

    private static func mistake(_ status: Int, _ text: String) -> Wire.Reply {
        reply(status, ["error": ["status": status, "msg": text]])
    }

    private static func reply(_ status: Int, _ object: Object) -> Wire.Reply {
        Wire.Reply(
            status: status, headers: [Wire.Header("Content-Type", "application/json")],
            body: Array(data(object)))
    }

    static func object(_ data: Data) -> Object {
        (try? JSONSerialization.jsonObject(with: data)) as? Object ?? [:]
    }

    static func data(_ object: Object) -> Data {
        (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])) ?? Data()
    }
}
