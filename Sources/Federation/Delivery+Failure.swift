import FoundationEssentials

/// A try that failed.
package struct FailedTry: Sendable, Equatable {
    package let error: PeerError
    package let stage: Stage
    /// How many tries there were, with this one.
    package let number: Int
    package let ended: Date
    /// A number between 0 and 1, which moves the next try.
    package let chance: Double

    /// What was tried.
    package enum Stage: Sendable {
        case sending
        /// Whether an earlier try had arrived.
        case looking
    }

    package init(
        _ error: PeerError, _ stage: Stage, number: Int, ended: Date, chance: Double
    ) {
        self.error = error
        self.stage = stage
        self.number = number
        self.ended = ended
        self.chance = chance
    }
}

extension Delivery {
    /// What a failed try makes of it.
    package func step(after failed: FailedTry, _ terms: DeliveryTerms) -> DeliveryStep {
        let doubt = doubt(after: failed, terms)
        switch failed.error.kind {
        case .refused where failed.stage == .looking:
            return .parked("the peer does not let us look: \(failed.error.reason)", doubt)
        case .refused: return .refused(failed.error.reason)
        // The peer is paused meanwhile; whoever resumes it has mended the matter.
        case .forbidden: return .postponed(failed.ended, doubt)
        case .later(let asked): return again(after: failed, asked: asked, doubt, terms)
        case .ambiguous:
            let isFinal =
                failed.stage == .sending && terms.resend == .none && terms.unanswered == .park
            guard isFinal else {
                let settling = terms.resend == .lookup ? terms.settling : nil
                return again(after: failed, asked: settling, doubt, terms)
            }
            return .parked("no answer came: \(failed.error.reason)", doubt)
        }
    }

    /// Parked, because the peer fails at this report alone (peers.md 5.3).
    package func poisonStep(after failed: FailedTry, _ terms: DeliveryTerms) -> DeliveryStep {
        .parked(
            "poison: others pass, and this one fails the same way each time: "
                + failed.error.reason, doubt(after: failed, terms))
    }

    /// What is left open by a failed try: whether the peer may have taken it.
    private func doubt(after failed: FailedTry, _ terms: DeliveryTerms) -> Doubt {
        guard failed.stage == .sending, doubt != .flagged else { return doubt }
        guard case .ambiguous = failed.error.kind else { return .none }
        return switch (terms.resend, terms.unanswered) {
        case (.idempotent, _): .none
        case (.lookup, _), (.none, .park): .ambiguous
        case (.none, .resend): .flagged
        }
    }

    private func again(
        after failed: FailedTry, asked: Duration?, _ doubt: Doubt, _ terms: DeliveryTerms
    ) -> DeliveryStep {
        let passed = failed.ended.timeIntervalSince(firstTried ?? failed.ended)
        guard failed.number < terms.retry.attempts, passed < terms.retry.longest / .seconds(1)
        else {
            return .parked("given up after \(failed.number) tries: \(failed.error.reason)", doubt)
        }
        let pause = terms.retry.schedule.endlessPause(
            afterAttempts: failed.number, chance: failed.chance, asked: asked)
        return .postponed(failed.ended.addingTimeInterval(pause / .seconds(1)), doubt)
    }
}
