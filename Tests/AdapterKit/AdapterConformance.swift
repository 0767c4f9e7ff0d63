import Federation
import Foundation
import Reports

/// Holds an adapter to what no author should have to remember, whatever its peer speaks.
///
/// Between adapter and peer stands a wire that spoils answers; the peer itself is the author's: a
/// closure that answers as a real one does, and remembers what it took.
package struct AdapterConformance: Sendable {
    let adapter: any Adapter
    /// The base of the peer's addresses.
    let base: String
    /// What the adapter was given to prove our rights.
    let secrets: [String]
    /// A new peer that has nothing yet and answers as a real one does.
    let peer: @Sendable () -> @Sendable (Wire.Call) -> Wire.Reply
    /// Messages that the peer takes, each with a ticket if it needs one.
    let messages: [Message]
    let now: Date

    package init(
        of adapter: any Adapter, at base: String, secrets: [String], messages: [Message], now: Date,
        peer: @escaping @Sendable () -> @Sendable (Wire.Call) -> Wire.Reply
    ) {
        self.adapter = adapter
        self.base = base
        self.secrets = secrets
        self.messages = messages
        self.now = now
        self.peer = peer
    }

    /// What the adapter does wrong, a sentence each; none if all is well.
    package func findings() async -> [String] {
        var findings: [String] = []
        for message in messages {
            findings += await delivering(message)
            findings += await failing(message)
            findings += await unanswered(message)
            findings += await leaking(message)
            if adapter.traits.resend == .lookup { findings += await looking(for: message) }
            if adapter.traits.resend == .idempotent { findings += await repeating(message) }
        }
        findings += await reading()
        findings += await loggingIn()
        return findings
    }
}

extension AdapterConformance {
    /// A call that could change something at the peer.
    static func changes(_ call: Wire.Call) -> Bool {
        !["GET", "HEAD", "OPTIONS"].contains(call.method)
    }

    func deliver(_ message: Message, over line: SpoiltLine) async -> Result<Ticket, PeerError> {
        do throws(PeerError) {
            return .success(try await adapter.deliver(message, over: line.wire(at: now)))
        } catch {
            return .failure(error)
        }
    }

    func find(_ message: Message, over line: SpoiltLine) async -> Result<Ticket?, PeerError> {
        do throws(PeerError) {
            return .success(try await adapter.find(message, over: line.wire(at: now)))
        } catch {
            return .failure(error)
        }
    }

    func collect(
        _ cursor: Cursor?, over line: SpoiltLine
    ) async -> Result<Page, PeerError> {
        do throws(PeerError) {
            return .success(try await adapter.collect(after: cursor, over: line.wire(at: now)))
        } catch {
            return .failure(error)
        }
    }

    /// What a message is called in a finding.
    func name(_ message: Message) -> String {
        switch message.content {
        case .report: "a report"
        case .update: "an update"
        case .erasure: "an erasure"
        }
    }
}
