import GeoReport
import Synchronization

/// Answers that many ask for at the same time: each is made once and handed to all of them.
///
/// Nobody is given an answer that was begun before the question came: who asks while one is being
/// made waits for the next one, together with all others who do. So whatever was acknowledged
/// before a question is in its answer. A failure is that of those who share it, and of those who
/// wait for the next one: a slow database would keep them waiting twice as long, to tell them the
/// same. Whoever makes an answer for others does so to its end, even if it is no longer waited for
/// itself.
///
/// A class for the questions that all connections share, under a mutex.
final class SharedAnswers<Question: Hashable & Sendable>: Sendable {
    typealias Waiter = UnsafeContinuation<Turn, Never>

    /// An answer that is being made, and who waits for the next one.
    struct Work {
        let number: Int
        let begun: ContinuousClock.Instant
        var waiting: [Waiter] = []
    }

    struct Works {
        var byQuestion: [Question: Work] = [:]
        var last = 0
    }

    enum Turn: Sendable {
        /// Make the answer of this number, for these as well.
        case make(Int, for: [Waiter])
        case take(Result<EdgeResponse, Fault>)
    }

    let works = Mutex(Works())
    private let patience: Duration

    /// An answer that has been in the making for longer than `patience` is no longer waited for:
    /// who asks then begins the next one, for all who wait.
    init(patience: Duration = .milliseconds(50)) {
        self.patience = patience
    }

    /// The answer to the question, made now or by another who asks the same.
    func answer(
        to question: Question, _ make: () async throws(Fault) -> EdgeResponse
    ) async throws(Fault) -> EdgeResponse {
        switch await turn(question) {
        case .take(let outcome):
            return try outcome.get()
        case .make(let number, let sharers):
            let outcome = await Self.outcome(of: make)
            switch outcome {
            case .success: end(question, number)
            case .failure: fail(question, number, outcome)
            }
            for sharer in sharers { sharer.resume(returning: .take(outcome)) }
            return try outcome.get()
        }
    }

    private static func outcome(
        of make: () async throws(Fault) -> EdgeResponse
    ) async -> Result<EdgeResponse, Fault> {
        do throws(Fault) {
            return .success(try await make())
        } catch {
            return .failure(error)
        }
    }

    private func turn(_ question: Question) async -> Turn {
        let now = ContinuousClock.now
        if let turn = works.withLock({ begin(question, at: now, in: &$0) }) { return turn }
        return await withUnsafeContinuation { waiter in
            let turn = works.withLock { works in
                let turn = begin(question, at: now, in: &works)
                if turn == nil { works.byQuestion[question]?.waiting.append(waiter) }
                return turn
            }
            if let turn { waiter.resume(returning: turn) }
        }
    }

    /// Begins an answer, unless one has just been begun.
    private func begin(
        _ question: Question, at now: ContinuousClock.Instant, in works: inout Works
    ) -> Turn? {
        let work = works.byQuestion[question]
        if let work, now < work.begun + patience { return nil }
        works.last += 1
        works.byQuestion[question] = Work(number: works.last, begun: now)
        return .make(works.last, for: work?.waiting ?? [])
    }

    /// Hands a failure to those who wait for the next answer as well.
    private func fail(
        _ question: Question, _ number: Int, _ outcome: Result<EdgeResponse, Fault>
    ) {
        let waiting = works.withLock { works -> [Waiter] in
            guard let work = works.byQuestion[question], work.number == number else { return [] }
            works.byQuestion[question] = nil
            return work.waiting
        }
        for waiter in waiting { waiter.resume(returning: .take(outcome)) }
    }

    /// Lets the first of those who wait make the next answer, before this one is handed out: the
    /// database works on it meanwhile.
    private func end(_ question: Question, _ number: Int) {
        let now = ContinuousClock.now
        let next: (waiter: Waiter, turn: Turn)? = works.withLock { works in
            // Otherwise somebody has begun the next one, for all who waited.
            guard let work = works.byQuestion[question], work.number == number else { return nil }
            works.byQuestion[question] = nil
            guard let waiter = work.waiting.first else { return nil }
            works.last += 1
            works.byQuestion[question] = Work(number: works.last, begun: now)
            return (waiter, .make(works.last, for: Array(work.waiting.dropFirst())))
        }
        if let next { next.waiter.resume(returning: next.turn) }
    }
}
