import FoundationEssentials

/// A subscription to changes: an address that is told of each, in their order.
///
/// It follows the change feed by a cursor of its own, so it misses nothing, whatever happens to the
/// receiver or to us; what was sent when we died is sent again under the same id.
package struct Webhook: Sendable, Equatable {
    package let id: ID
    /// Whose rights decide what it is told.
    package let client: Client.ID
    package let url: String
    /// What its owner wants to know; what it is told is also bounded by the client's rights.
    package let filter: ChangeFilter
    package let created: Date
    package let state: State
    /// Everything up to here is told.
    package let cursor: ChangeCursor
    /// How often the next change was tried in vain, and since when.
    package let attempts: Int
    package let failingSince: Date?

    /// Whether it is served.
    package enum State: Sendable, Equatable {
        case active
        /// By its owner or an operator, until it is resumed.
        case paused(since: Date)
        /// Given up by us, until it is resumed.
        case disabled(since: Date, GivenUp)
    }

    /// Why a webhook was given up.
    package enum GivenUp: String, Sendable, CaseIterable {
        /// The receiver said that it is gone for good (410).
        case gone
        /// The address may not be called.
        case blocked
        /// It failed for longer than we try.
        case failing
    }

    package init(
        id: ID, client: Client.ID, url: String, filter: ChangeFilter, created: Date,
        state: State = .active, cursor: ChangeCursor, attempts: Int = 0, failingSince: Date? = nil
    ) {
        self.id = id
        self.client = client
        self.url = url
        self.filter = filter
        self.created = created
        self.state = state
        self.cursor = cursor
        self.attempts = attempts
        self.failingSince = failingSince
    }

    /// A webhook's id: `wh-7F3K2M9QTX`.
    package struct ID: Identifier {
        package let rawValue: String

        /// An id, or `nil` if the text cannot be one of ours.
        package init?(rawValue: String) {
            guard MintedName.isWellFormed(rawValue) else { return nil }
            self.rawValue = rawValue
        }

        /// A fresh id of 60 random bits.
        package init(using source: inout some RandomNumberGenerator) {
            rawValue = "wh-" + RandomCode.code(length: 12, using: &source)
        }
    }
}

extension Webhook {
    /// One try to tell a webhook of a change; what was sent and answered is not kept.
    package struct Attempt: Sendable, Equatable {
        package let event: Event.ID
        package let started: Date
        package let outcome: Outcome
        /// The receiver's status, if it gave one.
        package let status: Int?

        /// What became of it.
        package enum Outcome: String, Sendable, CaseIterable {
            /// The receiver took it (2xx).
            case delivered
            /// The receiver answered anything else; a redirection counts as that.
            case refused
            /// The receiver wants nothing more (410).
            case gone
            /// Our own guard does not let us call the address.
            case blocked
            case unreachable
            case timedOut = "timed_out"
            /// The connection ended in between: it may or may not have been taken.
            case broken
        }

        package init(event: Event.ID, started: Date, outcome: Outcome, status: Int? = nil) {
            self.event = event
            self.started = started
            self.outcome = outcome
            self.status = status
        }
    }
}
