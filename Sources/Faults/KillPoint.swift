import Glibc
import Synchronization

/// A place where the process can be told to die, so that a test sees what a crash there leaves
/// behind (D2).
///
/// `FAULT=claimed:3` in the environment of `viaduct serve` ends it by SIGABRT when it passes
/// `claimed` for the third time. Nothing is flushed, answered or released before. Without it a
/// passage is one comparison. The environment is read here and nowhere else: a place to die is of no
/// use to anybody who could pass it in.
package enum KillPoint: String, Sendable, CaseIterable {
    /// A request is read, and nothing is done about it.
    case read
    /// The statements of a transaction have run.
    case inserted
    /// COMMIT comes next.
    case beforeCommit = "before_commit"
    /// It is committed, and nobody was told.
    case afterCommit = "after_commit"
    /// A delivery is ours, and nothing of it was sent.
    case claimed
    /// The peer has answered, and we have not noted it.
    case replied
    /// It is noted.
    case marked
    /// A page of a peer is here, and nothing of it is stored.
    case pageFetched = "page_fetched"
    /// A picture is on disk, without a name.
    case pictureWritten = "picture_written"
    /// It has its name, and no report says so.
    case pictureRenamed = "picture_renamed"
    /// A step of the schema has run, and is not committed.
    case migrating

    /// Passes the point; does not return if this is where the process is to die.
    package func pass() {
        guard let order = KillOrder.given, order.point == self else { return }
        order.count()
    }
}

/// Where the process is to die, and at which passage.
package final class KillOrder: Sendable {
    /// What the environment asks for; `nil` if it asks for nothing.
    package static let given: KillOrder? = getenv("FAULT").flatMap {
        KillOrder(parsing: String(cString: $0))
    }

    package let point: KillPoint
    package let passage: Int
    private let passed = Atomic(0)

    /// An order such as `claimed:3`, or `nil` if there is no such point or the number is not one.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let point = KillPoint(rawValue: String(parts[0])),
            let passage = Int(parts[1]), passage > 0
        else { return nil }
        self.point = point
        self.passage = passage
    }

    fileprivate func count() {
        if passed.add(1, ordering: .relaxed).newValue == passage { abort() }
    }
}
