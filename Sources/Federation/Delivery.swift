import FoundationEssentials
import Reports

/// The row of the outbox that carries one event to one peer until it is done.
package struct Delivery: Sendable, Equatable {
    package let id: ID
    package let peer: Peer.Name
    package let report: Report.ID
    package let event: Event.ID
    package let kind: Kind
    package let update: Update.ID?
    package var state: State
    /// Why it is not done, for people.
    package var reason: String?
    /// How its last try ended, if that leaves a doubt.
    package var doubt: Doubt
    package var attempts: Int
    package let created: Date
    /// Not before then; of no meaning once it is finished.
    package var due: Date
    package var firstTried: Date?
    package var finished: Date?

    package struct ID: Sendable, Hashable, CustomStringConvertible {
        package let number: Int

        package init(number: Int) {
            self.number = number
        }

        package var description: String { "\(number)" }
    }

    package enum Kind: String, Sendable, CaseIterable {
        case report
        case update
        case erasure
    }

    package enum State: String, Sendable, CaseIterable {
        case waiting
        case done
        /// The peer will never take it.
        case refused
        /// A person must look.
        case parked
        /// There is no more reason to send it.
        case dropped
    }

    package enum Doubt: String, Sendable, CaseIterable {
        case none
        /// The last try ended without an answer: look before sending again.
        case ambiguous
        /// It was sent again after such a try: the peer may have it twice.
        case flagged
    }

    package init(
        id: ID, peer: Peer.Name, report: Report.ID, event: Event.ID, kind: Kind,
        update: Update.ID? = nil, state: State = .waiting, reason: String? = nil,
        doubt: Doubt = .none, attempts: Int = 0, created: Date, due: Date,
        firstTried: Date? = nil, finished: Date? = nil
    ) {
        self.id = id
        self.peer = peer
        self.report = report
        self.event = event
        self.kind = kind
        self.update = update
        self.state = state
        self.reason = reason
        self.doubt = doubt
        self.attempts = attempts
        self.created = created
        self.due = due
        self.firstTried = firstTried
        self.finished = finished
    }
}

/// One try of a delivery.
package struct Attempt: Sendable, Equatable {
    package let started: Date
    package let ended: Date
    package let outcome: Outcome
    /// The peer's HTTP status, or what is like it.
    package let status: Int?
    /// What the peer said, redacted; at most 2,000 bytes are kept.
    package let reason: String?

    package enum Outcome: String, Sendable, CaseIterable {
        case accepted
        /// An earlier try had arrived, as a look at the peer showed.
        case found
        case refused
        case forbidden
        case later
        case ambiguous
    }

    package init(
        started: Date, ended: Date, outcome: Outcome, status: Int? = nil, reason: String? = nil
    ) {
        self.started = started
        self.ended = ended
        self.outcome = outcome
        self.status = status
        self.reason = reason
    }
}

/// What one try makes of a delivery.
package enum DeliveryStep: Sendable, Equatable {
    /// The peer has it, under this ticket.
    case done(Ticket)
    /// Again, not before then.
    case postponed(Date, Delivery.Doubt)
    case parked(String, Delivery.Doubt)
    case refused(String)
    case dropped(String)
}
