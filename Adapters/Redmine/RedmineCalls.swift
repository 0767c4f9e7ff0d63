import Federation
import FoundationEssentials

/// The calls that Redmine's REST interface knows, each with what its failures mean here.
struct RedmineCalls: Sendable {
    let settings: RedmineSettings
    let json: JSONCalls

    init(_ settings: RedmineSettings, over wire: Wire, telling message: Message? = nil) {
        self.settings = settings
        json = JSONCalls(
            over: wire, headers: [Wire.Header("X-Redmine-API-Key", settings.apiKey)],
            hiding: [settings.apiKey], telling: message)
    }

    /// An address below the base: a path, and a query whose values are encoded here.
    func address(_ path: String, _ query: [(String, String)] = []) -> String {
        let pairs = query.map { "\($0)=\(PercentEncoding.encoded($1))" }
        return settings.address + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// Whose key it is. A list tells nothing of that: to a wrong key it is empty, with status 200.
    func account() async throws(PeerError) -> Answer.User.Account {
        try await json.get(address("users/current.json"), as: Answer.User.self).user
    }

    /// All statuses by their numbers, in Redmine's order.
    func statuses() async throws(PeerError) -> [Issue.Named] {
        try await json.get(address("issue_statuses.json"), as: Answer.Statuses.self).statuses
    }

    /// A list of tickets, closed ones too: without `status_id=*` they are left out.
    func issues(
        _ query: [(String, String)], limit: Int = 100, offset: Int = 0
    ) async throws(PeerError) -> (list: Answer.Issues, reply: Wire.Reply) {
        var query = [("status_id", "*")] + query + [("limit", "\(limit)")]
        if offset > 0 { query.append(("offset", "\(offset)")) }
        let call = Wire.Call("GET", address("issues.json", query))
        let reply = try await json.reply(to: call)
        return (try json.read(reply, of: call), reply)
    }

    /// A ticket; `nil` if there is none that we may see.
    func issue(
        _ id: String, including parts: String = "journals,attachments"
    ) async throws(PeerError) -> Issue? {
        let path = "issues/\(PercentEncoding.encoded(id)).json"
        let call = Wire.Call("GET", address(path, [("include", parts)]), most: 32 << 20)
        let reply = try await json.anyReply(to: call)
        if reply.status == 404 { return nil }
        if [401, 403].contains(reply.status) {
            // A private ticket, or a key that opens nothing any more.
            _ = try await account()
            _ = try await project()
            return nil
        }
        guard (200..<300).contains(reply.status) else { throw json.failure(reply, to: call) }
        return try json.read(reply, of: call, as: Answer.OneIssue.self).issue
    }

    /// The project of the settings, with its trackers.
    func project() async throws(PeerError) -> Answer.OneProject.Project {
        let path = "projects/\(PercentEncoding.encoded(settings.project)).json"
        let call = Wire.Call("GET", address(path, [("include", "trackers")]))
        let reply = try await json.anyReply(to: call)
        if reply.status == 404 {
            throw PeerError(.forbidden, "shows no project \(settings.project)", status: 404)
        }
        guard (200..<300).contains(reply.status) else { throw json.failure(reply, to: call) }
        return try json.read(reply, of: call, as: Answer.OneProject.self).project
    }
}

extension RedmineCalls {
    /// Hands a file over and answers with what stands for it in the next call; `nil` if Redmine takes
    /// no such file, most often because it is too large.
    ///
    /// What belongs to no ticket Redmine throws away by itself, so nothing that fails here is
    /// ambiguous.
    func upload(_ picture: OutgoingPicture) async throws(PeerError) -> String? {
        // Any other type, the picture's own among them, is answered with 406.
        let call = Wire.Call(
            "POST", address("uploads.json", [("filename", picture.name)]),
            headers: [Wire.Header("Content-Type", "application/octet-stream")],
            body: picture.bytes, patience: .seconds(60))
        do throws(PeerError) {
            let reply = try await json.anyReply(to: call)
            if [413, 422].contains(reply.status) { return nil }
            guard (200..<300).contains(reply.status) else { throw json.failure(reply, to: call) }
            return try json.read(reply, of: call, as: Answer.Upload.self).upload.token
        } catch {
            guard error.kind == .ambiguous else { throw error }
            throw PeerError(.later(nil), error.reason, status: error.status)
        }
    }

    /// What is said to who may make no ticket at all, in the account's language: project and tracker
    /// are blank then, and so they are in a ticket that names none.
    func mistakesOfStrangers() async throws(PeerError) -> Set<String> {
        let nothing = NewIssue(
            issue: NewIssue.Content(
                project: nil, tracker: nil, subject: "", description: "", isPrivate: nil,
                fields: [], uploads: nil))
        let call = json.call("POST", address("issues.json"), nothing)
        let reply = try await json.anyReply(to: call)
        guard reply.status == 422 else { return [] }
        let mistakes: Answer.Mistakes = try json.read(reply, of: call)
        return Set(mistakes.errors)
    }

    /// The bytes of an attachment.
    func attachment(_ number: String) async throws(PeerError) -> [UInt8] {
        let path = "attachments/download/\(PercentEncoding.encoded(number))"
        let call = Wire.Call("GET", address(path), most: 32 << 20, patience: .seconds(60))
        return try await json.reply(to: call).body
    }
}
