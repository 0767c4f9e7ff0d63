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
    let way: Way
    let now: Date

    package init(
        of adapter: any Adapter, at base: String, secrets: [String], messages: [Message],
        over way: Way = .http, now: Date,
        peer: @escaping @Sendable () -> @Sendable (Wire.Call) -> Wire.Reply
    ) {
        self.adapter = adapter
        self.base = base
        self.secrets = secrets
        self.messages = messages
        self.way = way
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
        if way.hasPages { findings += await loggingIn() }
        return findings
    }

    /// How calls get to this kind of peer, and how that fails.
    package struct Way: Sendable {
        /// Whether a call could change something at the peer.
        let changes: @Sendable (Wire.Call) -> Bool
        /// Answers to what changes something, each with what may be made of it.
        let failures: [(reply: Wire.Reply, kinds: [PeerError.Kind])]
        /// Answers to what changes nothing, which mean that it is read later.
        let troubles: [Wire.Reply]
        /// Whether an answer has a body without which nobody knows what became of the call.
        let answersInBodies: Bool
        /// Whether somebody's log-in page may stand in front of the peer.
        let hasPages: Bool

        package init(
            changes: @escaping @Sendable (Wire.Call) -> Bool,
            failures: [(reply: Wire.Reply, kinds: [PeerError.Kind])], troubles: [Wire.Reply],
            answersInBodies: Bool = true, hasPages: Bool = false
        ) {
            self.changes = changes
            self.failures = failures
            self.troubles = troubles
            self.answersInBodies = answersInBodies
            self.hasPages = hasPages
        }

        /// A peer that speaks HTTP. One that breaks down while it changes something may have done
        /// it, or says that it did not: its adapter knows.
        package static let http = Way(
            changes: { !["GET", "HEAD", "OPTIONS"].contains($0.method) },
            failures: [
                (Wire.Reply(status: 400), [.refused]), (Wire.Reply(status: 401), [.forbidden]),
                (Wire.Reply(status: 500), [.later(nil), .ambiguous]),
                (
                    Wire.Reply(status: 503, headers: [Wire.Header("Retry-After", "120")]),
                    [.later(.seconds(120))]
                ),
                (
                    Wire.Reply(status: 429, headers: [Wire.Header("Retry-After", "7")]),
                    [.later(.seconds(7))]
                ),
            ],
            troubles: [500, 503, 429].map {
                Wire.Reply(status: $0, headers: [Wire.Header("Retry-After", "9")])
            }, hasPages: true)
    }
}

extension AdapterConformance {
    /// A line to a new peer that spoils answers.
    func spoiltLine(
        _ spoil: @escaping SpoiltLine.Spoil = { _, reply in .success(reply) }
    ) -> SpoiltLine {
        spoiltLine(to: peer(), spoil)
    }

    /// The same to a peer that may have something already.
    func spoiltLine(
        to peer: @escaping @Sendable (Wire.Call) -> Wire.Reply,
        _ spoil: @escaping SpoiltLine.Spoil = { _, reply in .success(reply) }
    ) -> SpoiltLine {
        SpoiltLine(peer, changes: way.changes, spoil: spoil)
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
