import AdapterKit
import Command
import Federation
import Foundation
import Reports
import Synchronization
import Testing

/// A program that keeps what it is told: a class, because it remembers.
final class Registry: Sendable {
    private let kept = Mutex<[String: String]>([:])

    func answer(_ call: Wire.Call) -> Wire.Reply {
        guard let asked = try? JSONSerialization.jsonObject(with: Data(call.body)),
            let question = asked as? [String: Any], let verb = question["do"] as? String
        else { return Wire.Reply(status: 500) }
        switch verb {
        case "deliver", "find":
            guard let name = Self.name(question) else { return Wire.Reply(status: 500) }
            let ticket = question["ticket"] as? String ?? "17"
            if verb == "deliver" { kept.withLock { $0[name] = ticket } }
            let found = kept.withLock { $0[name] }
            return line(found.map { #"{"ticket":"\#($0)"}"# } ?? #"{"ticket":null}"#)
        case "collect": return line(#"{"next":"1"}"#)
        default: return line(#"{"software":"Town hall 3"}"#)
        }
    }

    private static func name(_ question: [String: Any]) -> String? {
        let report = question["report"] as? [String: Any]
        return report?["id"] as? String ?? question["key"] as? String
    }

    private func line(_ text: String) -> Wire.Reply {
        Wire.Reply(status: 200, body: Array((text + "\n").utf8))
    }
}

@Suite struct `The adapter for programs` {
    @Test(arguments: [AdapterTraits.Resend.lookup, .idempotent])
    func `does what no author should have to remember`(resend: AdapterTraits.Resend) async throws {
        let conformance = AdapterConformance(
            of: CommandAdapter(CommandSettings(resend: resend, key: "s3cret-key")),
            at: "program:", secrets: ["s3cret-key"],
            messages: [try .report(), try .update(ticket: "17")],
            now: Date(timeIntervalSince1970: 1_776_643_200)
        ) {
            let registry = Registry()
            return { registry.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}
