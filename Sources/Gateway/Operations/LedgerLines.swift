import CaseStore
import Federation
import FoundationEssentials
import Reports

/// A delivery as people and their programs see it.
package struct DeliveryLine: Sendable, Encodable {
    package let id: Int
    package let peer: String
    package let report: String
    package let kind: String
    package let update: String?
    package let state: String
    package let doubt: String
    package let attempts: Int
    package let created: Date
    /// When it is tried next, if it waits for that.
    package let due: Date?
    package let finished: Date?
    /// The report as the peer knows it: its id there, or a token that will become one.
    package let ticket: String?
    package let token: String?
    /// Why it is not done.
    package let reason: String?
    package var tries: [TryLine]?

    init(_ entry: DeliveryEntry, peer state: PeerState?, now: Date) {
        let delivery = entry.delivery
        id = delivery.id.number
        peer = delivery.peer.rawValue
        report = delivery.report.rawValue
        kind = delivery.kind.rawValue
        update = delivery.update?.rawValue
        self.state = delivery.state.rawValue
        doubt = delivery.doubt.rawValue
        attempts = delivery.attempts
        created = delivery.created
        let waits = delivery.state == .waiting
        due = waits && entry.behind == nil && state?.paused == nil ? delivery.due : nil
        finished = delivery.finished
        ticket = entry.ticket?.id
        token = entry.ticket?.token
        reason = waits ? Self.reason(entry, state, now: now) : delivery.reason
    }

    /// What a waiting delivery waits for; whatever holds up all others first.
    private static func reason(
        _ entry: DeliveryEntry, _ state: PeerState?, now: Date
    ) -> String? {
        let delivery = entry.delivery
        if let reason = state?.pauseReason { return "the peer is paused: \(reason)" }
        if let behind = entry.behind { return "behind delivery \(behind), which is not done" }
        if let until = entry.heldUntil, until > now { return "being sent" }
        if let state, let probe = state.probeDue {
            return "the peer has failed \(state.failures) times; tried again from "
                + probe.formatted(.iso8601)
        }
        if let reason = delivery.reason { return reason }
        if delivery.kind == .update, entry.ticket?.id == nil {
            return "the peer has given the report no id yet"
        }
        return nil
    }
}

/// One try of a delivery.
package struct TryLine: Sendable, Encodable {
    package let started: Date
    package let ended: Date
    package let outcome: String
    package let status: Int?
    package let reason: String?

    init(_ attempt: Attempt) {
        started = attempt.started
        ended = attempt.ended
        outcome = attempt.outcome.rawValue
        status = attempt.status
        reason = attempt.reason
    }
}

/// A peer as people and their programs see it.
package struct PeerLineup: Sendable, Encodable {
    package let name: String
    /// `ready`, `failing`, `paused`, or `gone` if the settings name it no more.
    package let state: String
    package let reason: String?
    package let authority: String?
    package let flow: [String]
    package let role: String?
    package let waiting: Int
    package let oldestSeconds: Int?
    package let doubtful: Int
    package let parked: Int
    package let refused: Int
    package let quarantined: Int
    package let stuck: Int
    package let openTokens: Int
    package let read: Date?
    package let readingDue: Date?
    package let readingReason: String?

    init(
        _ name: Peer.Name, _ peer: Peer?, state: PeerState?, counts: PeerCounts?,
        reading: ReadingState?, now: Date
    ) {
        let counts = counts ?? PeerCounts(peer: name)
        self.name = name.rawValue
        (self.state, reason) = Self.state(peer, state)
        authority = peer?.authority.rawValue
        flow = Peer.Stream.allCases.filter { peer?.flow.contains($0) == true }.map(\.rawValue)
        role = peer.map { peer in
            switch peer.role {
            case .copy: "copy"
            case .handler(let turn): "handler \(turn)"
            }
        }
        waiting = counts.waiting
        oldestSeconds = counts.oldestAge.map { Int($0.components.seconds) }
        doubtful = counts.doubtful
        parked = counts.parked
        refused = counts.refused
        quarantined = counts.quarantined
        stuck = counts.stuck
        openTokens = counts.tokens
        read = reading?.read
        // Who is not read has a time as well, at which we ask what became of our tokens.
        let isRead = peer?.flow.isDisjoint(with: [.reportsIn, .updatesIn]) == false
        readingDue = isRead ? reading?.due : nil
        readingReason = reading?.reason
    }

    private static func state(_ peer: Peer?, _ state: PeerState?) -> (String, String?) {
        if let reason = state?.pauseReason { return ("paused", reason) }
        guard peer != nil else { return ("gone", "no file of the settings names it") }
        guard let state, let since = state.failingSince else { return ("ready", nil) }
        let word = state.probeDue == nil ? "ready" : "failing"
        return (
            word, "\(state.failures) failures in a row since \(since.formatted(.iso8601))"
        )
    }
}
