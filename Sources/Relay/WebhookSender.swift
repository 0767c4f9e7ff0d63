import CaseStore
import Federation
import FoundationEssentials
import Logging
import Outbound
import Reports

/// Tells webhooks of changes, each in their order: one that fails holds back itself and no other.
package struct WebhookSender: Sendable {
    /// A webhook that something is new for, claimed for us, and what can be done with the claim.
    ///
    /// A claim that somebody else got meanwhile answers `false`: then nothing more is sent.
    package struct Turn: Sendable {
        package var webhook: Webhook
        /// What its messages are signed with, the newest first.
        package var secrets: [WebhookSecret]
        /// What is behind a cursor, as far as the webhook is told of it.
        package var changes:
            @Sendable (_ cursor: ChangeCursor) async throws(CaseStoreError) -> ChangePage
        /// Notes that everything up to a cursor is told, and keeps the claim.
        package var advance:
            @Sendable (_ cursor: ChangeCursor, Webhook.Attempt?, _ now: Date)
                async throws(CaseStoreError) -> Bool
        /// Ends the turn: the same change again, not before then.
        package var postpone:
            @Sendable (_ until: Date, Webhook.Attempt) async throws(CaseStoreError) -> Void
        /// Ends the turn and gives the webhook up until somebody resumes it.
        package var disable:
            @Sendable (Webhook.GivenUp, Webhook.Attempt, _ now: Date)
                async throws(CaseStoreError) -> Void
        /// Ends the turn.
        package var release: @Sendable () async throws(CaseStoreError) -> Void

        package init(
            webhook: Webhook, secrets: [WebhookSecret],
            changes:
                @escaping @Sendable (ChangeCursor) async throws(CaseStoreError) -> ChangePage,
            advance:
                @escaping @Sendable (ChangeCursor, Webhook.Attempt?, Date)
                async throws(CaseStoreError) -> Bool,
            postpone:
                @escaping @Sendable (Date, Webhook.Attempt) async throws(CaseStoreError) -> Void,
            disable:
                @escaping @Sendable (Webhook.GivenUp, Webhook.Attempt, Date)
                async throws(CaseStoreError) -> Void,
            release: @escaping @Sendable () async throws(CaseStoreError) -> Void
        ) {
            self.webhook = webhook
            self.secrets = secrets
            self.changes = changes
            self.advance = advance
            self.postpone = postpone
            self.disable = disable
            self.release = release
        }
    }

    /// What the sender needs of the world.
    package struct Surroundings: Sendable {
        /// Claims at most so many webhooks that are due.
        package var due:
            @Sendable (_ limit: Int, _ now: Date) async throws(CaseStoreError) -> [Turn]
        /// The body of a message about a change.
        package var message: @Sendable (Change) -> [UInt8]
        package var post:
            @Sendable (_ address: String, [OutboundRequest.Header], _ body: [UInt8])
                async throws(OutboundError) -> OutboundAnswer
        package var now: @Sendable () -> Date
        /// A number between 0 and 1.
        package var chance: @Sendable () -> Double
        /// Waits until it is worth to look for changes again.
        package var pause: @Sendable () async -> Void

        package init(
            due: @escaping @Sendable (Int, Date) async throws(CaseStoreError) -> [Turn],
            message: @escaping @Sendable (Change) -> [UInt8],
            post:
                @escaping @Sendable (String, [OutboundRequest.Header], [UInt8])
                async throws(OutboundError) -> OutboundAnswer,
            now: @escaping @Sendable () -> Date = { Date() },
            chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
            pause: @escaping @Sendable () async -> Void
        ) {
            self.due = due
            self.message = message
            self.post = post
            self.now = now
            self.chance = chance
            self.pause = pause
        }
    }

    /// How many webhooks are served at a time.
    package static let breadth = 8
    /// How many changes one webhook is told of before others have their turn.
    package static let most = 100

    private let surroundings: Surroundings
    private let schedule: RetrySchedule
    private let logger: Logger

    package init(
        _ surroundings: Surroundings, schedule: RetrySchedule = .standard, logger: Logger
    ) {
        self.surroundings = surroundings
        self.schedule = schedule
        self.logger = logger
    }

    /// Tells what is new until it is cancelled.
    package func run() async {
        let loop = WorkLoop(
            breadth: Self.breadth, complaint: "webhooks wait for the database", logger: logger,
            pause: surroundings.pause,
            claim: { limit async throws(CaseStoreError) in
                try await surroundings.due(limit, surroundings.now())
            },
            work: { await serve($0) })
        await loop.run()
    }

    /// Tells one webhook what is new, as far as it takes it; what the database does not note is
    /// told again under the same id.
    private func serve(_ turn: Turn) async {
        do throws(CaseStoreError) {
            guard try await tell(turn) else { return }
            try await turn.release()
        } catch {
            logger.warning(
                "a webhook's turn broke off",
                metadata: [
                    "webhook": "\(turn.webhook.id)", "reason": .string("\(error)"),
                ])
        }
    }

    /// Sends what is new in its order; `false` if the turn has ended by itself.
    private func tell(_ turn: Turn) async throws(CaseStoreError) -> Bool {
        var cursor = turn.webhook.cursor
        var attempts = turn.webhook.attempts
        var told = 0
        while told < Self.most, !Task.isCancelled {
            let page = try await turn.changes(cursor)
            for change in page.changes {
                guard try await deliver(change, to: turn, afterAttempts: attempts) else {
                    return false
                }
                attempts = 0
                cursor = change.cursor
                told += 1
            }
            // What it may not see lies behind it too.
            if cursor < page.next {
                cursor = page.next
                guard try await turn.advance(cursor, nil, surroundings.now()) else { return false }
            }
            if page.isLast { return true }
        }
        return true
    }

    /// Sends one change; `false` if the turn has ended.
    private func deliver(
        _ change: Change, to turn: Turn, afterAttempts attempts: Int
    ) async throws(CaseStoreError) -> Bool {
        let started = surroundings.now()
        let result = await send(change, to: turn, at: started)
        let now = surroundings.now()
        let judgement = Judgement(
            result, by: schedule, afterAttempts: attempts + 1, chance: surroundings.chance(),
            now: now)
        let attempt = Webhook.Attempt(
            event: change.event, started: started, outcome: judgement.outcome,
            status: judgement.status)
        switch judgement.next {
        case .onwards: return try await turn.advance(change.cursor, attempt, now)
        case .again(let pause):
            // We are stopping, and that is nobody's fault: the lease makes the webhook due again.
            guard !Task.isCancelled else { return false }
            try await turn.postpone(now.addingTimeInterval(pause / .seconds(1)), attempt)
        case .never(let reason):
            logger.warning(
                "a webhook was given up",
                metadata: ["webhook": "\(turn.webhook.id)", "reason": "\(reason.rawValue)"])
            try await turn.disable(reason, attempt, now)
        }
        return false
    }

    private func send(
        _ change: Change, to turn: Turn, at time: Date
    ) async -> Result<OutboundAnswer, OutboundError> {
        let body = surroundings.message(change)
        let signed = Signature.headers(
            id: change.event.uuid.uuidString.lowercased(), time: time, body: body,
            secrets: turn.secrets
        )
        var source = SystemRandomNumberGenerator()
        let headers = (signed + [Trace(of: change.event.uuid).header(using: &source)])
            .map { OutboundRequest.Header($0.name, $0.value) }
        do throws(OutboundError) {
            return .success(
                try await surroundings.post(
                    turn.webhook.url, [.init("Content-Type", "application/json")] + headers, body))
        } catch {
            return .failure(error)
        }
    }
}

extension WebhookSender {
    /// What became of one try, and what follows from that.
    struct Judgement: Equatable {
        let outcome: Webhook.Attempt.Outcome
        let status: Int?
        let next: Next

        enum Next: Equatable {
            /// It is told; the next change may follow.
            case onwards
            case again(after: Duration)
            case never(Webhook.GivenUp)
        }

        /// Only 2xx is told, and a redirect is a failure like any other; 410 ends it. A name that
        /// means a machine which may not be called may mean another one tomorrow.
        init(
            _ result: Result<OutboundAnswer, OutboundError>, by schedule: RetrySchedule,
            afterAttempts attempts: Int, chance: Double, now: Date
        ) {
            var asked: Duration?
            switch result {
            case .success(let answer):
                status = answer.status
                asked = answer.retryAfter?.delay(from: now)
                outcome = Self.outcome(of: answer.status)
            case .failure(let error):
                status = nil
                outcome = Self.outcome(of: error)
            }
            let pause = schedule.pause(afterAttempts: attempts, chance: chance, asked: asked)
            switch outcome {
            case .delivered: next = .onwards
            case .gone: next = .never(.gone)
            case .blocked where result.refusal != .network: next = .never(.blocked)
            case .blocked: next = pause.map { .again(after: $0) } ?? .never(.blocked)
            default: next = pause.map { .again(after: $0) } ?? .never(.failing)
            }
        }

        private static func outcome(of status: Int) -> Webhook.Attempt.Outcome {
            switch status {
            case 200..<300: .delivered
            case 410: .gone
            default: .refused
            }
        }

        private static func outcome(of error: OutboundError) -> Webhook.Attempt.Outcome {
            switch error {
            case .refused: .blocked
            case .unreachable: .unreachable
            case .timedOut: .timedOut
            case .tooLarge, .encoded, .ambiguous, .status: .broken
            }
        }
    }
}

extension Result<OutboundAnswer, OutboundError> {
    /// Why the guard let nobody go, if it did.
    fileprivate var refusal: Refusal? {
        guard case .failure(.refused(let refusal)) = self else { return nil }
        return refusal
    }
}
