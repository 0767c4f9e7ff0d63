import FoundationEssentials
import Reports
import Synchronization

/// Which pictures were found to be public a moment ago, so that a page full of them asks the case
/// store once.
///
/// Only what is shown is remembered: a picture that has just come is there at once, and one that is
/// removed is gone within the time that is remembered (P5). A class for what all connections share,
/// under a mutex.
final class ShownPictures: Sendable {
    private let remembered: Duration
    private let known = Mutex<[StoredPicture.Name: Date]>([:])

    /// So many names, and then it forgets all.
    private static let most = 8192

    init(remembered: Duration = .seconds(10)) {
        self.remembered = remembered
    }

    /// The first of these names that was shown a moment ago.
    func first(of names: [StoredPicture.Name], now: Date) -> StoredPicture.Name? {
        known.withLock { known in
            names.first { name in known[name].map { now < $0 } ?? false }
        }
    }

    /// Remembers that a picture is shown.
    func remember(_ name: StoredPicture.Name, now: Date) {
        let until = now.addingTimeInterval(remembered / .seconds(1))
        known.withLock { known in
            if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
            known[name] = until
        }
    }
}
