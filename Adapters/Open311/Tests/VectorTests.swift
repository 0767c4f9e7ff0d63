import Federation
import Foundation
import Open311
import Testing

@Suite struct `A vector` {
    @Test(arguments: try Vector.all())
    func `is what is said to the peer, and what is made of its answers`(vector: Vector) async throws
    {
        let peer = Recording(vector.exchanges.map(\.reply))
        let now = try vector.now()
        let wire = Wire(now: { now }) { call throws(PeerError) in try await peer.answer(call) }
        let outcome = try await outcome(of: vector, over: wire)
        let calls = await peer.calls.map(Shown.call)
        for (call, exchange) in zip(calls, vector.exchanges) { #expect(call == exchange.call) }
        #expect(calls.count == vector.exchanges.count)
        #expect(outcome == vector.outcome)
    }

    @Test func `is there for each profile, both ways`() throws {
        let vectors = try Vector.all()
        for profile in Profile.all {
            let own = vectors.filter { $0["profile"] == profile.name }.compactMap { $0["do"] }
            #expect(own.contains { $0.hasPrefix("deliver") }, "\(profile.name)")
            #expect(own.contains { $0.hasPrefix("collect") }, "\(profile.name)")
        }
    }

    /// What the adapter makes of the peer's answers.
    private func outcome(of vector: Vector, over wire: Wire) async throws -> String {
        let adapter = try vector.adapter()
        let (verb, object) = try vector.act()
        do throws(PeerError) {
            switch verb {
            case "deliver":
                let message = try wrapped { try vector.message(object) }
                return Shown.outcome(try await adapter.deliver(message, over: wire))
            case "find":
                let message = try wrapped { try vector.message(object) }
                return Shown.outcome(try await adapter.find(message, over: wire))
            case "resolve": return Shown.outcome(try await adapter.resolve(object, over: wire))
            case "look":
                let ids = object.split(separator: ",").map(String.init)
                let items = try await adapter.look(at: ids, over: wire)
                return items.isEmpty ? "none" : items.map(Shown.item).joined(separator: "\n")
            case "check": return Shown.outcome(try await adapter.check(over: wire))
            default:
                let cursor = vector["after"].map { Cursor(text: $0) }
                return Shown.outcome(try await adapter.collect(after: cursor, over: wire))
            }
        } catch {
            return Shown.outcome(error)
        }
    }

    private func wrapped<Value>(_ value: () throws -> Value) throws(PeerError) -> Value {
        do {
            return try value()
        } catch {
            throw PeerError(.refused, "the vector is malformed: \(error)")
        }
    }
}

extension Vector {
    /// `do: deliver report`, in its two words.
    func act() throws -> (verb: String, object: String) {
        let words = try required(self["do"], "do").split(separator: " ", maxSplits: 1)
        return (String(words[0]), words.count == 2 ? String(words[1]) : "")
    }
}

/// A peer that answers what was recorded of it, and remembers what it was asked.
actor Recording {
    private(set) var calls: [Wire.Call] = []
    private var replies: [Wire.Reply]

    init(_ replies: [Wire.Reply]) {
        self.replies = replies
    }

    func answer(_ call: Wire.Call) throws(PeerError) -> Wire.Reply {
        calls.append(call)
        guard !replies.isEmpty else { throw PeerError(.later(nil), "nothing more was recorded") }
        return replies.removeFirst()
    }
}
