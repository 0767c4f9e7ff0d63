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
        /// When it counts, in whole seconds: when it happened, unless it had to make place for
        /// another of the same second (`Standing.time(of:)`).
        package let time: Date
        /// When it happened, by the clock of whoever told it.
        package let told: Date
        /// Who was told first and its id of it, which are the same everywhere: it breaks ties.
        package let origin: String
        /// The entry of our own history.
        package let event: Event.ID
        package let detail: Detail

        package init(
            epoch: Int = 0, time: Date, told: Date? = nil, origin: String, event: Event.ID,
            detail: Detail
        ) {
            self.epoch = epoch
            self.time = time
            self.told = told ?? time
            self.origin = origin
            self.event = event
            self.detail = detail
        }

        /// Whether this change decides against the other.
        package func supersedes(_ other: StatusChange) -> Bool {
            if epoch != other.epoch { return epoch > other.epoch }
            if time != other.time { return time > other.time }
            return other.origin.utf8.lexicographicallyPrecedes(origin.utf8)
        }
    }

    package init(_ change: StatusChange) {
        last = change
    }

    package var detail: Detail { last.detail }
    package var status: Status { last.detail.status }

    /// When a change counts that begins here and happened then: of two in one second the one that
    /// came later does, wherever both are told on to.
    package func time(of told: Date) -> Date {
        guard told >= last.told, told <= last.time else { return told }
        return last.time.addingTimeInterval(1)
    }

    /// Takes in one change, in any order and any number of times.
    package mutating func merge(_ change: StatusChange) {
        if change.supersedes(last) { last = change }
    }
}
