import Reports

/// A system that we exchange reports with, as the settings name it.
package struct Peer: Sendable, Equatable {
    package let name: Name
    /// What it is called in paths.
    package var authority: Authority
    package var flow: Flow
    package var rules: [Rule]
    package var role: Role
    package var mapping: Mapping
    package var privacy: Privacy
    package var pace: Pace
    package var retry: Retry
    package var breaker: Breaker
    /// What becomes of a delivery that ended without an answer, if the peer can neither look it up
    /// nor recognise a repeat.
    package var unanswered: Unanswered
    package var polling: Polling
    /// The key by which the peer calls us, if it does: what comes under it comes from this peer.
    package var client: Client.ID?

    package init(
        name: Name, authority: Authority, flow: Flow, rules: [Rule] = [], role: Role = .copy,
        mapping: Mapping = Mapping(), privacy: Privacy = Privacy(), pace: Pace = Pace(),
        retry: Retry = Retry(), breaker: Breaker = .standard,
        unanswered: Unanswered = .park, polling: Polling = Polling(), client: Client.ID? = nil
    ) {
        self.name = name
        self.authority = authority
        self.flow = flow
        self.rules = rules
        self.role = role
        self.mapping = mapping
        self.privacy = privacy
        self.pace = pace
        self.retry = retry
        self.breaker = breaker
        self.unanswered = unanswered
        self.polling = polling
        self.client = client
    }

    /// A peer's name in the settings, in commands and in the case store.
    package struct Name: Identifier {
        package let rawValue: String

        /// A name, or `nil` if the text does not match `^[A-Za-z][A-Za-z0-9_-]{0,63}$`.
        package init?(rawValue: String) {
            guard MintedName.isWellFormed(rawValue) else { return nil }
            self.rawValue = rawValue
        }

        /// The client under which we keep what we read from the peer ourselves; `nil` if the name is
        /// too long for it (59 bytes at most).
        package var reader: Client.ID? { Client.ID(rawValue: "peer-\(rawValue)") }
    }

    /// What goes between us; each direction by itself.
    package enum Stream: String, Sendable, CaseIterable {
        case reportsOut = "reports_out"
        case updatesOut = "updates_out"
        case reportsIn = "reports_in"
        case updatesIn = "updates_in"
    }

    package typealias Flow = Set<Stream>

    /// What a peer is to the reports that its rules give it.
    package enum Role: Sendable, Equatable {
        /// It is told, and its word on the status is a proposal.
        case copy
        /// It decides the status. Of several that a report could go to, the one with the lowest
        /// turn gets it; if that one refuses, the next one; after the last one it is for triage.
        case handler(turn: Int)
    }

    package enum Unanswered: String, Sendable, CaseIterable {
        /// A person decides.
        case park
        /// It is sent again, and the delivery says that the peer may have it twice.
        case resend
    }

    /// Which personal data may go across; nothing but the public, unless the settings say why (P8).
    /// What staff write for each other never does: no protocol has a way for it.
    package struct Privacy: Sendable, Equatable {
        package enum Class: String, Sendable, CaseIterable {
            /// Private reports, for who handles them.
            case handlerOnly = "handler"
            /// Name, e-mail and telephone of the reporter.
            case contact
        }

        package var allowed: Set<Class>
        /// Why contact data is needed there; without it none goes.
        package var purpose: String?
        /// What stands in for the reporter's address where contact data does not go.
        package var relayAddress: String?

        package init(
            allowed: Set<Class> = [], purpose: String? = nil, relayAddress: String? = nil
        ) {
            self.allowed = allowed
            self.purpose = purpose
            self.relayAddress = relayAddress
        }

        /// Whether the reporter's data may go there.
        package var allowsContact: Bool { allowed.contains(.contact) && purpose != nil }
    }

    /// How much a peer takes, over all our relays together (D18).
    package struct Pace: Sendable, Equatable {
        /// Deliveries under way at the same time.
        package var concurrency: Int
        /// Deliveries begun in a second; `nil` is as many as it answers.
        package var perSecond: Double?

        package init(concurrency: Int = 4, perSecond: Double? = nil) {
            self.concurrency = concurrency
            self.perSecond = perSecond
        }
    }

    /// When a delivery that failed is tried again, and when it is for a person (D8).
    package struct Retry: Sendable, Equatable {
        package var schedule: RetrySchedule
        /// After so many tries it is for a person.
        package var attempts: Int
        /// So long after the first try it is for a person.
        package var longest: Duration

        package init(
            schedule: RetrySchedule = .standard, attempts: Int = 12,
            longest: Duration = .seconds(72 * 3600)
        ) {
            self.schedule = schedule
            self.attempts = attempts
            self.longest = longest
        }
    }

    /// How a peer is read.
    package struct Polling: Sendable, Equatable {
        /// How long between two readings.
        package var interval: Duration
        /// How far a reading goes back behind the one before, in the peer's clock (D12).
        package var overlap: Duration
        /// How far the nightly sweep goes back; `nil` is no sweep.
        package var sweep: Duration?

        package init(
            interval: Duration = .seconds(60), overlap: Duration = .seconds(900),
            sweep: Duration? = .seconds(90 * 86_400)
        ) {
            self.interval = interval
            self.overlap = overlap
            self.sweep = sweep
        }
    }
}
