import FoundationEssentials

/// Where a report stands: the status that its changes lead to, in whatever order they are told.
///
/// Merging is the greatest of a total order, so that it is commutative, associative and idempotent:
/// any two who know the same changes agree (D15), and an older change never undoes a newer one.
package struct Standing: Sendable, Equatable {
    package private(set) var last: StatusChange

    /// One change of the status, as it is told between systems.
    package struct StatusChange: Sendable, Equatable {
        /// Counts the times that the handling went to another authority: the later owner decides.
        package let epoch: Int
        /// When it happened, by the clock of whoever told it, in whole seconds.
        package let time: Date
        /// Breaks ties, the same way everywhere.
        package let event: Event.ID
        package let detail: Detail

        package init(epoch: Int = 0, time: Date, event: Event.ID, detail: Detail) {
            self.epoch = epoch
            self.time = time
            self.event = event
            self.detail = detail
        }

        /// Whether this change decides against the other.
        package func supersedes(_ other: StatusChange) -> Bool {
            if epoch != other.epoch { return epoch > other.epoch }
            if time != other.time { return time > other.time }
            return other.event.precedes(event)
        }
    }

    package init(_ change: StatusChange) {
        last = change
    }

    package var detail: Detail { last.detail }
    package var status: Status { last.detail.status }

    /// Takes in one change, in any order and any number of times.
    package mutating func merge(_ change: StatusChange) {
        if change.supersedes(last) { last = change }
    }
}

extension Event.ID {
    /// Whether its bytes come before the other's: by time, then at random but everywhere the same.
    package func precedes(_ other: Event.ID) -> Bool {
        withUnsafeBytes(of: uuid.uuid) { one in
            withUnsafeBytes(of: other.uuid.uuid) { one.lexicographicallyPrecedes($0) }
        }
    }
}
