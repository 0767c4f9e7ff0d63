import Federation

extension AdapterConformance {
    /// A peer that works takes it, with one changing call, at its own address.
    func delivering(_ message: Message) async -> [String] {
        var findings: [String] = []
        let line = spoiltLine()
        switch await deliver(message, over: line) {
        case .success(let ticket):
            if ticket.id?.isEmpty ?? true, ticket.token?.isEmpty ?? true {
                findings.append("\(name(message)) was taken without id or token")
            }
        case .failure(let error):
            findings.append("a peer that works did not get \(name(message)): \(error.reason)")
        }
        if line.changing.count != 1 {
            findings.append("\(name(message)) took \(line.changing.count) changing calls, not one")
        }
        for call in line.sent where !call.address.hasPrefix(base) {
            findings.append("\(name(message)) went to another address than the peer's")
        }
        return findings
    }

    /// Each status says what to do next, and the peer's wish to wait is heard.
    func failing(_ message: Message) async -> [String] {
        var findings: [String] = []
        for (failed, kinds) in way.failures {
            let line = spoiltLine { [changes = way.changes] call, reply in
                .success(changes(call) ? failed : reply)
            }
            let what = "a peer that answers \(failed.status) to \(name(message))"
            switch await deliver(message, over: line) {
            case .success: findings.append("\(what) is believed to have it")
            case .failure(let error) where !kinds.contains(error.kind):
                findings.append("\(what) should be one of \(kinds), and is \(error.kind)")
            case .failure: break
            }
            findings += again(line, after: what)
        }
        return findings
    }

    /// What may have arrived is ambiguous, what has not is later, and neither is sent again.
    func unanswered(_ message: Message) async -> [String] {
        var findings: [String] = []
        for kind in [PeerError.Kind.ambiguous, .later(nil)] {
            let line = spoiltLine { [changes = way.changes] call, reply in
                guard changes(call) else { return .success(reply) }
                return .failure(PeerError(kind, "the wire broke"))
            }
            let what = "a wire that breaks (\(kind)) below \(name(message))"
            let result = await deliver(message, over: line)
            if result.kind != kind { findings.append("\(what) is told as another thing") }
            findings += again(line, after: what)
        }
        let spoilt: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
            ("half", { Array($0.prefix($0.count / 2)) }), ("no", { _ in [] }),
            ("a log-in page as", { _ in Self.page }),
        ]
        for (word, spoil) in spoilt where way.answersInBodies {
            let line = spoiltLine { [changes = way.changes] call, reply in
                guard changes(call) else { return .success(reply) }
                var reply = reply
                reply.body = spoil(reply.body)
                return .success(reply)
            }
            let what = "\(word) answer to \(name(message))"
            let result = await deliver(message, over: line)
            if result.kind != .ambiguous { findings.append("\(what) is not ambiguous") }
            findings += again(line, after: what)
        }
        return findings
    }

    /// Nothing that the peer repeats of what it was sent comes to light.
    func leaking(_ message: Message) async -> [String] {
        var findings: [String] = []
        let hidden = secrets + message.personalTexts.filter { $0.utf8.count >= 3 }
        for status in [200, 400, 401, 404, 429, 500] {
            let line = spoiltLine { call, _ in
                let said = ([call.address] + call.headers.map(\.value)).joined(separator: " ")
                let plain = String(decoding: call.body, as: UTF8.self)
                let spoken = plain.replacing("+", with: " ").removingPercentEncoding ?? plain
                return .success(
                    Wire.Reply(status: status, body: Array("\(said) \(plain) \(spoken)".utf8)))
            }
            guard case .failure(let error) = await deliver(message, over: line) else { continue }
            for text in hidden where error.reason.contains(text) {
                findings.append("the reason of a \(status) to \(name(message)) tells a secret")
            }
        }
        return findings
    }

    private func again(_ line: SpoiltLine, after what: String) -> [String] {
        line.changing.count > 1 ? ["after \(what) it was sent again by itself"] : []
    }

    /// What a server shows that wants somebody to log in.
    static let page = Array(
        """
        <!DOCTYPE html><html><head><title>Log in</title></head><body>
        <form method="post"><input name="user"><input type="password" name="p"></form>
        </body></html>
        """.utf8)
}

extension Result<Ticket, PeerError> {
    /// How it failed, if it did.
    var kind: PeerError.Kind? {
        guard case .failure(let error) = self else { return nil }
        return error.kind
    }
}
