import FoundationEssentials

/// Something that happened to a report; insert-only.
package struct Event: Sendable, Equatable {
    package let id: ID
    package let report: Report.ID
    package let kind: Kind
    package let actor: Actor
    /// Our own time, when it was taken in.
    package let recorded: Date
    /// The authorities it has passed, this one last.
    package let path: [String]

    package init(
        id: ID, report: Report.ID, kind: Kind, actor: Actor, recorded: Date, path: [String]
    ) {
        self.id = id
        self.report = report
        self.kind = kind
        self.actor = actor
        self.recorded = recorded
        self.path = path
    }

    /// What happened.
    package enum Kind: String, Sendable, CaseIterable {
        /// A client told us of a problem.
        case created
        /// History was taken in from a file or a server.
        case imported
        /// History that we hold was taken in again and differs.
        case corrected
        /// A report was listed later than it was taken.
        case published
        /// An update was published.
        case updated
        /// Staff wrote something that the public does not see.
        case noted
        /// A person supported it.
        case supported
        /// Its pictures changed.
        case pictured
        /// The public may not see it any more.
        case removed
        /// Another peer handles it now, or we do; the public is not told.
        case handed
        /// Something of it was erased for good; the public is told where it could see that.
        case erased
    }

    /// The class of whoever caused it; never a person's name.
    package enum Actor: String, Sendable, CaseIterable {
        case client
        case `operator`
        case peer
        case system
    }

    /// An event's id: a UUID of version 7, so that ids sort by time (RFC 9562).
    package struct ID: Sendable, Hashable {
        package let uuid: UUID

        package init(uuid: UUID) {
            self.uuid = uuid
        }

        package init(at time: Date, using source: inout some RandomNumberGenerator) {
            let milliseconds = UInt64(
                clamping: Int64(exactly: (time.timeIntervalSince1970 * 1000).rounded(.down)) ?? 0)
            let high = milliseconds << 16 | 0x7000 | (source.next() & 0x0FFF)
            let low: UInt64 = 0x8000_0000_0000_0000 | (source.next() & 0x3FFF_FFFF_FFFF_FFFF)
            let b = [high, low].flatMap { half in
                (0..<8).reversed().map { UInt8(truncatingIfNeeded: half >> (8 * $0)) }
            }
            uuid = UUID(
                uuid: (
                    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
                    b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
                ))
        }
    }
}
