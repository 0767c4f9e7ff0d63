import Federation
import Foundation
import Synchronization

/// A Redmine as it was seen to answer (5.0.4), as far as the adapter speaks with it: a class, because
/// it remembers.
final class Town: Sendable {
    typealias Object = [String: Any]

    private let state: Mutex<State>

    /// What it is set up like.
    struct Setup: Sendable {
        /// Custom fields that it knows, and those that may be filtered by.
        var fields: Set<Int> = [1, 2, 3, 4, 5, 6]
        var filters: Set<Int> = [1, 5]
        /// Statuses that our account may set.
        var allowed: Set<Int> = [1, 7, 10]
        var tracker = 4
        var key = "s3cret-key"
        /// Whether our account may make tickets, and private ones.
        var mayWrite = true
        var mayHide = true
        /// What it answers to files.
        var uploads = 201
        /// Custom fields without which it takes no ticket.
        var required: [String] = []
    }

    struct State {
        var setup: Setup
        /// As JSON, by number.
        var issues: [Int: Data] = [:]
        var calls: [Wire.Call] = []
        var entries = 0
        var files = 0
    }

    init(_ setup: Setup = Setup()) {
        state = Mutex(State(setup: setup))
    }

    static let base = "https://redmine.example/"
    static let statuses: [(id: Int, name: String, isClosed: Bool)] = [
        (1, "New", false), (3, "Resolved", false), (7, "Investigating", false),
        (10, "Fixed", true), (11, "Not responsible", true),
    ]

    var calls: [Wire.Call] { state.withLock { $0.calls } }

    var wire: Wire { wire(at: Date(timeIntervalSince1970: 1_776_643_200)) }

    func wire(at now: Date, pictures: [String: OutgoingPicture] = [:]) -> Wire {
        Wire(now: { now }, pictures: { pictures[$0] }) { call async throws(PeerError) in
            self.answer(call)
        }
    }

    /// Puts a ticket there as somebody else would.
    func put(_ number: Int, _ json: String) {
        state.withLock { $0.issues[number] = Data(json.utf8) }
    }

    func remove(_ number: Int) {
        state.withLock { $0.issues[number] = nil }
    }

    func issue(_ number: Int) -> Object {
        state.withLock { state in object(state.issues[number] ?? Data()) }
    }

    func answer(_ call: Wire.Call) -> Wire.Reply {
        state.withLock { state in
            state.calls.append(call)
            let path = String(call.address.dropFirst(Self.base.count).prefix { $0 != "?" })
            let key = call.headers.first { $0.name == "X-Redmine-API-Key" }?.value
            guard key == state.setup.key else {
                // A list is public, and empty.
                return path == "issues.json" && call.method == "GET"
                    ? json(#"{"issues":[],"total_count":0,"offset":0,"limit":25}"#)
                    : Wire.Reply(status: 401)
            }
            return answer(call, path, &state)
        }
    }

    private func answer(_ call: Wire.Call, _ path: String, _ state: inout State) -> Wire.Reply {
        switch (call.method, path) {
        case ("GET", "users/current.json"): return json(#"{"user":{"id":5,"login":"gateway"}}"#)
        case ("GET", "issue_statuses.json"): return json(document(Self.statusRows))
        case ("GET", "issues.json"): return list(call, state)
        case ("POST", "issues.json"): return make(call, &state)
        case ("POST", "uploads.json"):
            guard state.setup.uploads == 201 else {
                return Wire.Reply(status: state.setup.uploads)
            }
            state.files += 1
            return json(#"{"upload":{"id":\#(state.files),"token":"\#(state.files).x"}}"#, 201)
        case ("GET", _) where path.hasPrefix("projects/"):
            return json(
                #"{"project":{"id":1,"name":"Streets","identifier":"streets","#
                    + #""trackers":[{"id":4,"name":"Citizen report"}]}}"#)
        case (_, _) where path.hasPrefix("issues/"): return one(call, path, &state)
        case ("GET", _) where path.hasPrefix("attachments/"):
            return Wire.Reply(status: 200, body: [0xFF, 0xD8])
        default: return Wire.Reply(status: 404)
        }
    }
}

extension Town {
    private func make(_ call: Wire.Call, _ state: inout State) -> Wire.Reply {
        guard let sent = object(Data(call.body))["issue"] as? Object else {
            return Wire.Reply(status: 400)
        }
        let subject = sent["subject"] as? String ?? ""
        var errors = subject.isEmpty ? ["Subject cannot be blank"] : []
        if sent["project_id"] as? String == "streets", state.setup.mayWrite {
            errors += state.setup.required
        } else {
            errors += ["Project cannot be blank", "Tracker cannot be blank"]
        }
        guard errors.isEmpty else { return json(document(["errors": errors]), 422) }
        let number = (state.issues.keys.max() ?? 0) + 1
        // A tracker that is not there becomes another one, and a field that is not there nothing.
        let fields = (sent["custom_fields"] as? [Object] ?? []).filter {
            state.setup.fields.contains($0["id"] as? Int ?? 0)
        }
        let attachments = enclosed(in: sent, &state)
        let issue: Object = [
            "id": number, "project": ["id": 1], "tracker": ["id": state.setup.tracker],
            "status": ["id": 1, "name": "New", "is_closed": false], "subject": subject,
            "description": sent["description"] ?? "", "custom_fields": fields,
            "is_private": state.setup.mayHide && sent["is_private"] as? Bool == true,
            "created_on": "2026-04-20T00:00:00Z",
            "updated_on": "2026-04-20T00:00:00Z", "attachments": attachments, "journals": [],
        ]
        state.issues[number] = Data(document(issue).utf8)
        return json(document(["issue": issue]), 201)
    }

    private func enclosed(in sent: Object, _ state: inout State) -> [Object] {
        (sent["uploads"] as? [Object] ?? []).map { upload in
            state.entries += 1
            return [
                "id": 100 + state.entries, "filename": upload["filename"] ?? "",
                "content_type": upload["content_type"] ?? "", "author": ["id": 5],
                "description": upload["description"] ?? "",
            ]
        }
    }

    private func one(_ call: Wire.Call, _ path: String, _ state: inout State) -> Wire.Reply {
        let number = Int(path.dropFirst("issues/".count).prefix { $0 != "." }) ?? 0
        guard let data = state.issues[number] else { return Wire.Reply(status: 404) }
        var issue = object(data)
        guard issue["hidden"] == nil else { return Wire.Reply(status: 403) }
        guard call.method == "PUT" else {
            if call.address.contains("allowed_statuses") {
                issue["allowed_statuses"] = state.setup.allowed.sorted().map { ["id": $0] }
                issue["custom_fields"] = state.setup.fields.sorted().map { ["id": $0] }
            }
            return json(document(["issue": issue]))
        }
        guard let sent = object(Data(call.body))["issue"] as? Object else {
            return Wire.Reply(status: 400)
        }
        let attachments = enclosed(in: sent, &state)
        var details: [Object] = attachments.map {
            [
                "property": "attachment", "name": "\($0["id"] ?? 0)",
                "new_value": $0["filename"] ?? "",
            ]
        }
        if let status = sent["status_id"] as? Int, state.setup.allowed.contains(status),
            let name = Self.statuses.first(where: { $0.id == status })?.name
        {
            details.append(["property": "attr", "name": "status_id", "new_value": "\(status)"])
            issue["status"] = ["id": status, "name": name] as Object
        }
        state.entries += 1
        let entry: Object = [
            "id": state.entries, "user": ["id": 5], "notes": sent["notes"] ?? "",
            "created_on": "2026-04-20T01:00:00Z", "private_notes": false, "details": details,
        ]
        issue["journals"] = (issue["journals"] as? [Object] ?? []) + [entry]
        issue["attachments"] = (issue["attachments"] as? [Object] ?? []) + attachments
        state.issues[number] = Data(document(issue).utf8)
        return Wire.Reply(status: 204)
    }

    /// Filters that it does not know are left out.
    private func list(_ call: Wire.Call, _ state: State) -> Wire.Reply {
        let items = URLComponents(string: call.address)?.queryItems ?? []
        let query = Dictionary(items.map { ($0.name, $0.value ?? "") }) { $1 }
        var rows = state.issues.sorted { $0.key < $1.key }.map { object($0.value) }
        rows.removeAll { $0["hidden"] != nil }
        if query["status_id"] != "*" {
            rows.removeAll { ($0["status"] as? Object)?["is_closed"] as? Bool == true }
        }
        if let numbers = query["issue_id"]?.split(separator: ",") {
            rows.removeAll { !numbers.contains("\($0["id"] ?? 0)") }
        }
        for (name, wanted) in query where name.hasPrefix("cf_") {
            guard let field = Int(name.dropFirst(3)), state.setup.filters.contains(field) else {
                continue
            }
            rows.removeAll { row in
                let fields = row["custom_fields"] as? [Object] ?? []
                let value = fields.first { $0["id"] as? Int == field }?["value"] as? String ?? ""
                return wanted == "*" ? value.isEmpty : value != wanted
            }
        }
        let limit = min(Int(query["limit"] ?? "") ?? 25, 100)
        let page = rows.dropFirst(Int(query["offset"] ?? "") ?? 0).prefix(limit).map { row in
            row.filter { !["journals", "attachments"].contains($0.key) }
        }
        return json(
            document(["issues": Array(page), "total_count": rows.count, "limit": limit]))
    }

    private static var statusRows: Object {
        [
            "issue_statuses": statuses.map {
                ["id": $0.id, "name": $0.name, "is_closed": $0.isClosed] as Object
            }
        ]
    }

    private func object(_ data: Data) -> Object {
        (try? JSONSerialization.jsonObject(with: data)) as? Object ?? [:]
    }

    private func document(_ object: Object) -> String {
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    private func json(_ text: String, _ status: Int = 200) -> Wire.Reply {
        Wire.Reply(
            status: status, headers: [Wire.Header("Content-Type", "application/json")],
            body: Array(text.utf8))
    }
}
