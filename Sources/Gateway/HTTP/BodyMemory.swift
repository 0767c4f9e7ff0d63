import Synchronization

/// How much memory the long bodies of all connections may take together.
///
/// Without it, two thousand connections could each hold the longest body there may be. A class for
/// the count that they share.
final class BodyMemory: Sendable {
    private let most: Int
    private let taken = Atomic<Int>(0)

    init(most: Int = 96 << 20) {
        self.most = most
    }

    /// Takes so many bytes, if there are as many left.
    func take(_ bytes: Int) -> Bool {
        guard taken.wrappingAdd(bytes, ordering: .relaxed).newValue > most else { return true }
        give(bytes)
        return false
    }

    /// Gives back what was taken.
    func give(_ bytes: Int) {
        taken.wrappingSubtract(bytes, ordering: .relaxed)
    }
}
