import FoundationEssentials

/// How a report is known at which a peer breaks each time, while it takes others.
package struct Poison: Sendable, Equatable {
    /// So many tries must have failed alike, the last one with them: at a peer that fails by chance at
    /// one call in twelve, fewer would park one report in two thousand for nothing.
    package static let likeTries = 5

    /// Since when the tries of a delivery fail alike with an error of the peer's, the last one with
    /// them; `nil` if that is not enough to judge it.
    ///
    /// Alike is the same status with the same words: a peer that is down for all has other words
    /// from time to time, or takes no others meanwhile, which the caller must know.
    package static func began(_ attempts: [Attempt]) -> Date? {
        let last = attempts.suffix(likeTries)
        guard last.count == likeTries, let first = last.first, let status = first.status,
            (500..<600).contains(status), first.outcome == .later,
            last.allSatisfy({
                $0.status == status && $0.outcome == .later && $0.reason == first.reason
            })
        else { return nil }
        return first.started
    }
}
