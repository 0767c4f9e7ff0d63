import FoundationEssentials

/// One line of the audit log: who saw, changed or took away what, and from where (A11).
package struct AuditEntry: Sendable, Equatable {
    package let party: Party
    package let action: Action
    /// `nil`: no jurisdiction's alone.
    package var jurisdiction: Jurisdiction.ID?
    package var reports: [Report.ID]
    /// What else it is about: a key, a peer, the digest of an address that was looked for.
    package var subject: String?
    /// By name what was, and what is; of what people wrote, only its digest.
    package var changes: [String: Change]

    package init(
        _ action: Action, by party: Party, in jurisdiction: Jurisdiction.ID? = nil,
        reports: [Report.ID] = [], subject: String? = nil, changes: [String: Change] = [:]
    ) {
        self.action = action
        self.party = party
        self.jurisdiction = jurisdiction
        self.reports = reports
        self.subject = subject
        self.changes = changes
    }

    /// Whoever did it, and from where.
    package struct Party: Sendable, Hashable {
        package let actor: Event.Actor
        /// A client's id, a peer's name, a user of the operating system.
        package let name: String
        /// A network, never a whole address (P9); or the machine where a command was typed.
        package let source: String?

        package init(_ actor: Event.Actor, _ name: String, from source: String? = nil) {
            self.actor = actor
            self.name = name
            self.source = source
        }

        /// Viaduct by itself, as when data was kept for long enough.
        package static let viaduct = Party(.system, "viaduct")
    }

    /// What was done.
    package enum Action: String, Sendable, CaseIterable {
        /// Somebody was shown what people told where the public is shown something else.
        case read = "report.read"
        /// Somebody was shown what staff wrote for each other.
        case notesRead = "notes.read"
        /// All that is held of a person was written out.
        case exported = "person.exported"
        /// Everything was copied.
        case backedUp = "backup.made"
        case erased = "report.erased"
        case updated = "report.updated"
        case noted = "report.noted"
        case keyCreated = "key.created"
        case keyRotated = "key.rotated"
        case keyRetired = "key.retired"
        case keyRevoked = "key.revoked"
        case peerPaused = "peer.paused"
        case peerResumed = "peer.resumed"
        case peerResent = "peer.resent"
        case peerDropped = "peer.dropped"
        case peerReplayed = "peer.replayed"
        /// Entries of the log itself that were kept for long enough are gone.
        case cut = "audit.cut"

        /// What shows personal data to whoever does it.
        package static let seeing: Set<Action> = [.read, .notesRead, .exported]
        /// What takes personal data out of the database.
        package static let taking: Set<Action> = [.exported, .backedUp]
    }

    /// What was, and what is now; `nil` is nothing.
    package struct Change: Sendable, Equatable {
        package let before: String?
        package let after: String?

        package init(_ before: String?, _ after: String?) {
            self.before = before
            self.after = after
        }
    }

    /// An entry as the log has it.
    package struct Kept: Sendable, Equatable {
        /// Its place in the chain, from 1.
        package let number: Int
        package let time: Date
        package let entry: AuditEntry
        /// SHA-256 over the hash of the entry before it and itself.
        package let hash: [UInt8]

        package init(number: Int, time: Date, entry: AuditEntry, hash: [UInt8]) {
            self.number = number
            self.time = time
            self.entry = entry
            self.hash = hash
        }
    }
}
