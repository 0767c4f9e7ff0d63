import Federation

extension AdapterConformance {
    /// Where a peer shows what it has, what arrived is found, and what did not is not.
    func looking(for message: Message) async -> [String] {
        var findings: [String] = []
        var again = message
        again.firstTried = now
        let peer = peer()
        switch await find(again, over: spoiltLine(to: peer)) {
        case .success(nil): break
        case .success: findings.append("\(name(message)) is found before it was sent")
        // What cannot be looked for waits for a person.
        case .failure(let error) where error.kind == .refused: return findings
        case .failure(let error):
            findings.append("\(name(message)) cannot be looked for: \(error.reason)")
        }
        // It arrives, and the answer is lost.
        let line = spoiltLine(to: peer) { [changes = way.changes] call, reply in
            changes(call)
                ? .failure(PeerError(.ambiguous, "the answer was lost")) : .success(reply)
        }
        _ = await deliver(message, over: line)
        guard case .success(.some) = await find(again, over: spoiltLine(to: peer)) else {
            return findings + ["\(name(message)) is not found though it arrived"]
        }
        guard way.hasPages else { return findings }
        let login = spoiltLine(to: peer) { _, _ in
            .success(
                Wire.Reply(
                    status: 200, headers: [Wire.Header("Content-Type", "text/html")],
                    body: Self.page))
        }
        if case .success(nil) = await find(again, over: login) {
            findings.append("a log-in page means that \(name(message)) is not there")
        }
        return findings
    }

    /// Where a peer recognises repeats, each try carries the same key.
    func repeating(_ message: Message) async -> [String] {
        let lines = [spoiltLine(), spoiltLine()]
        for line in lines { _ = await deliver(message, over: line) }
        let carried = lines.compactMap(\.changing.first).filter { call in
            call.headers.contains { $0.value.contains(message.key) }
                || String(decoding: call.body, as: UTF8.self).contains(message.key)
        }
        return carried.count == 2 ? [] : ["\(name(message)) goes without its key"]
    }

    /// A cursor is kept as text, and whoever reads changes nothing.
    func reading() async -> [String] {
        var findings: [String] = []
        let peer = peer()
        let line = spoiltLine(to: peer)
        var cursor: Cursor?
        for _ in 0..<3 {
            guard case .success(let page) = await collect(cursor, over: line) else {
                return ["a peer that works cannot be read"]
            }
            if page.next.text.utf8.count > 1024 { findings.append("a cursor is too long") }
            cursor = Cursor(text: String(decoding: Array(page.next.text.utf8), as: UTF8.self))
        }
        if !line.changing.isEmpty { findings.append("whoever reads changes something") }
        // One that another version wrote, perhaps.
        for text in ["", "?", "{\"v\":99}"] { _ = await collect(Cursor(text: text), over: line) }
        for trouble in way.troubles {
            let broken = spoiltLine(to: peer) { _, _ in .success(trouble) }
            guard case .failure(let error) = await collect(cursor, over: broken) else {
                findings.append(
                    "a peer that answers \(trouble.status) is believed to have nothing new")
                continue
            }
            guard case .later = error.kind else {
                findings.append("a peer that answers \(trouble.status) should be read later")
                continue
            }
        }
        return findings
    }

    /// A log-in page with status 200 is a failure, and no empty list (block F, 116).
    func loggingIn() async -> [String] {
        var findings: [String] = []
        let line = spoiltLine { _, _ in
            .success(
                Wire.Reply(
                    status: 200, headers: [Wire.Header("Content-Type", "text/html")],
                    body: Self.page))
        }
        if case .success = await collect(nil, over: line) {
            findings.append("a log-in page is read as a list without changes")
        }
        do throws(PeerError) {
            let report = try await adapter.check(over: line.wire(at: now))
            if report.obstacles.isEmpty { findings.append("a log-in page passes the check") }
        } catch {
            if secrets.contains(where: { error.reason.contains($0) }) {
                findings.append("the reason of a failed check tells a secret")
            }
        }
        return findings
    }
}
