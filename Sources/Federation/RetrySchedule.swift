/// When something that failed is tried again, and when it is given up (D8).
package struct RetrySchedule: Sendable, Equatable {
    /// How long to wait after the first failure, after the second, and so on.
    package let pauses: [Duration]
    /// The longest wait that somebody else may ask for.
    package let longest: Duration

    package init(pauses: [Duration], longest: Duration = .seconds(86_400)) {
        self.pauses = pauses
        self.longest = longest
    }

    /// From five seconds to a day: after four days a person must look.
    package static let standard = RetrySchedule(
        pauses: [5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map {
            .seconds($0)
        })

    /// How long to wait after so many attempts have failed; `nil` if that was enough.
    ///
    /// `chance`, between 0 and 1, moves the pause by up to a fifth, so that what failed together is
    /// not tried again together. Whoever asked for a longer wait gets it, up to `longest`.
    package func pause(
        afterAttempts attempts: Int, chance: Double, asked: Duration? = nil
    ) -> Duration? {
        guard attempts <= pauses.count else { return nil }
        return moved(pauses[max(attempts, 1) - 1], chance, asked)
    }

    /// The same for what is never given up: the last pause repeats.
    package func endlessPause(
        afterAttempts attempts: Int, chance: Double, asked: Duration? = nil
    ) -> Duration {
        guard let last = pauses.last else { return longest }
        return pause(afterAttempts: attempts, chance: chance, asked: asked)
            ?? moved(last, chance, asked)
    }

    private func moved(_ pause: Duration, _ chance: Double, _ asked: Duration?) -> Duration {
        let moved = pause / 5 * (4 + 2 * min(max(chance, 0), 1))
        return max(moved, min(asked ?? .zero, longest))
    }
}
