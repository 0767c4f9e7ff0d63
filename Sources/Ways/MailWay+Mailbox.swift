import CLibCurl
import Federation

extension MailWay {
    /// The calls to a mailbox.
    func read(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        switch call.method {
        case "STATUS": try await status(call)
        case "SEARCH": try await search(call)
        case "MOVE": try await move(call)
        default: try await get(call)
        }
    }

    private func status(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        guard let imap = settings.imap else { throw PeerError(.refused, "there is no mailbox") }
        let folder = call.address.dropFirst(imap.count + 1)
        var request = request(call, to: imap + "/")
        request.command = "STATUS \(try Self.quoted(folder)) (UIDVALIDITY UIDNEXT)"
        let outcome = await perform(request)
        if let trouble = try outcome.trouble(at: "STATUS") { return trouble }
        let text = String(decoding: outcome.body, as: UTF8.self)
        var headers: [Wire.Header] = []
        for name in ["UIDVALIDITY", "UIDNEXT"] {
            guard let number = MailboxText.number(after: name, in: text) else {
                throw PeerError(.later(nil), "the mailbox told no \(name)")
            }
            headers.append(Wire.Header(name, "\(number)"))
        }
        return Wire.Reply(status: 200, headers: headers)
    }

    private func search(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let first = call.header("From-UID").flatMap { UInt32($0) } ?? 1
        var words = ["UID SEARCH UID \(max(first, 1)):*"]
        if let since = call.header("Since") { words.append("SINCE \(since)") }
        for name in ["Message-ID", "In-Reply-To"] {
            guard let value = call.header(name) else { continue }
            words.append("HEADER \(name) \(try Self.quoted(value[...]))")
        }
        var request = request(call, to: call.address)
        request.command = words.joined(separator: " ")
        let outcome = await perform(request)
        if let trouble = try outcome.trouble(at: "UID") { return trouble }
        // `99:*` means the newest one too, whatever its number is.
        let found = MailboxText.found(in: outcome.body).filter { $0 >= first }.sorted()
        let text = found.map { "\($0)" }.joined(separator: " ")
        return Wire.Reply(status: 200, body: Array(text.utf8))
    }

    private func get(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let parts = call.address.split(separator: "/;UID=", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt32(parts[1]) else {
            throw PeerError(.refused, "the address names no mail")
        }
        var request = request(call, to: String(parts[0]))
        request.command = "UID FETCH \(number) (UID BODY.PEEK[])"
        let outcome = await perform(request)
        if let trouble = try outcome.trouble(at: "UID") { return trouble }
        switch MailboxText.literal(in: outcome.lines) {
        case .none: return Wire.Reply(status: 404)
        case .whole(let bytes): return Wire.Reply(status: 200, body: bytes)
        case .part: break
        }
        // libcurl cut a line that is too long for it, or took one of the mail for the end: its own
        // way reads what a mail holds exactly, and has no way to leave it unread.
        let again = await perform(self.request(call, to: call.address))
        if let trouble = try again.trouble(at: "UID") { return trouble }
        guard !again.body.isEmpty else { return Wire.Reply(status: 404) }
        return Wire.Reply(status: 200, headers: [Wire.Header("Seen", "yes")], body: again.body)
    }

    private func move(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let isNumber: (Character) -> Bool = { $0.isASCII && ($0.isNumber || ":,".contains($0)) }
        guard let numbers = call.header("UIDs"), numbers.allSatisfy(isNumber),
            let folder = call.header("To")
        else { throw PeerError(.refused, "what moves needs UIDs and To") }
        var request = request(call, to: call.address)
        let target = try Self.quoted(folder[...])
        request.command = "UID MOVE \(numbers) \(target)"
        let outcome = await perform(request)
        guard outcome.failed(with: CURLE_QUOTE_ERROR) else {
            return try outcome.trouble(at: "UID") ?? Wire.Reply(status: 200)
        }
        var making = request
        making.address = (settings.imap ?? "") + "/"
        making.command = "CREATE \(target)"
        if let trouble = try await perform(making).trouble(at: "CREATE") { return trouble }
        let again = await perform(request)
        return try again.trouble(at: "UID") ?? Wire.Reply(status: 200)
    }

    /// A text as IMAP quotes it.
    private static func quoted(_ text: Substring) throws(PeerError) -> String {
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw PeerError(.refused, "a mailbox is asked for in ASCII only")
        }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension CurlOutcome {
    /// What stands between us and the answer: a reply if the server said so, `nil` if nothing does.
    func trouble(at command: String) throws(PeerError) -> Wire.Reply? {
        if isTooLong { return Wire.Reply(status: 413) }
        let line = lastLine()
        func says(_ status: Int) -> Wire.Reply {
            Wire.Reply(status: status, body: Array(line.utf8))
        }
        if failed(with: CURLE_OK) { return nil }
        if line.contains("[UNAVAILABLE]") || line.contains("[INUSE]") || line.contains("[LIMIT]") {
            return says(503)
        }
        if failed(with: CURLE_LOGIN_DENIED) { return says(verb == "SELECT" ? 404 : 401) }
        if failed(with: CURLE_REMOTE_FILE_NOT_FOUND) { return says(verb == "SELECT" ? 409 : 404) }
        if failed(with: CURLE_QUOTE_ERROR) { return says(400) }
        throw PeerError(.later(nil), "the mailbox cannot be read: \(reason)")
    }
}
