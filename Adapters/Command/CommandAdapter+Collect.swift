import Federation
import FoundationEssentials

extension CommandAdapter {
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let calls = calls(over: wire)
        let call = calls.call("GET", "program:collect", Question(after: cursor))
        let reply = try await calls.reply(to: call)
        var items: [Incoming] = []
        var unreadable: [String] = []
        var last: Line?
        for text in reply.body.split(separator: UInt8(ascii: "\n")) {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)) else {
                unreadable.append("a line that is no JSON of ours")
                continue
            }
            if let error = Answer(line).failure(calls) { throw error }
            switch line.incoming {
            case .success(let incoming): items.append(incoming)
            case .failure(let problem): unreadable.append(problem.reason)
            case nil: last = line
            }
        }
        // Without it nobody knows whether there was more: a program that broke off is no empty list.
        guard let last, let next = last.next, next.utf8.count <= 1024 else {
            throw PeerError(.later(nil), "its reading has no last line with next")
        }
        return Page(
            items: items, unreadable: unreadable, next: Cursor(text: next),
            isLast: last.more != true)
    }
}

extension Answer {
    fileprivate init(_ line: Line) {
        error = line.error
        reason = line.reason
        after = line.after
    }
}
