import Foundation
import Testing

@testable import Federation

@Suite struct DeliveryTests {
    private let now = Delivery.start

    private func terms(
        _ resend: AdapterTraits.Resend, _ unanswered: Peer.Unanswered = .park
    ) -> DeliveryTerms {
        DeliveryTerms(resend: resend, unanswered: unanswered)
    }

    private func failed(
        _ kind: PeerError.Kind, _ stage: FailedTry.Stage = .sending, number: Int = 1,
        ended: Date = Delivery.start
    ) -> FailedTry {
        FailedTry(PeerError(kind, "why"), stage, number: number, ended: ended, chance: 0.5)
    }

    @Test func `what has never been tried is sent`() throws {
        for resend in AdapterTraits.Resend.allCases {
            #expect(try Delivery.sample().opening(terms(resend)) == .send)
        }
    }

    @Test func `what may have arrived is looked for, or sent again only where that is agreed to`()
        throws
    {
        let doubtful = try Delivery.sample(doubt: .ambiguous)
        #expect(doubtful.opening(terms(.idempotent)) == .send)
        #expect(doubtful.opening(terms(.lookup, .resend)) == .look)
        #expect(
            doubtful.opening(terms(.none))
                == .stop(.parked("an earlier try ended without an answer", .ambiguous)))
        #expect(doubtful.opening(terms(.none, .resend)) == .stop(.postponed(now, .flagged)))
        let flagged = try Delivery.sample(doubt: .flagged)
        #expect(flagged.opening(terms(.lookup)) == .look)
        #expect(flagged.opening(terms(.none)) == .send)
    }

    @Test func `a refusal ends it, and a key that is not accepted leaves it as it is`() throws {
        let delivery = try Delivery.sample()
        #expect(delivery.step(after: failed(.refused), terms(.none)) == .refused("why"))
        #expect(delivery.step(after: failed(.forbidden), terms(.none)) == .postponed(now, .none))
    }

    @Test func `a busy peer gets the time it asks for`() throws {
        let delivery = try Delivery.sample()
        let cases: [(Duration?, Int, Double)] = [
            (nil, 1, 5), (nil, 2, 60), (.seconds(600), 1, 600), (.seconds(1), 3, 300),
            (.seconds(10_000_000), 1, 86_400),
        ]
        for (asked, number, seconds) in cases {
            let step = delivery.step(
                after: failed(.later(asked), number: number), terms(.none))
            #expect(step == .postponed(now.addingTimeInterval(seconds), .none))
        }
    }

    @Test func `no answer leaves a doubt, as the peer is and as its settings say`() throws {
        let delivery = try Delivery.sample()
        let due = now.addingTimeInterval(5)
        func step(_ terms: DeliveryTerms) -> DeliveryStep {
            delivery.step(after: failed(.ambiguous), terms)
        }
        #expect(step(terms(.idempotent)) == .postponed(due, .none))
        #expect(step(terms(.lookup)) == .postponed(due, .ambiguous))
        #expect(step(terms(.none)) == .parked("no answer came: why", .ambiguous))
        #expect(step(terms(.none, .resend)) == .postponed(due, .flagged))
    }

    @Test func `a doubt stays until somebody has looked, and a flag for ever`() throws {
        let doubtful = try Delivery.sample(doubt: .ambiguous)
        let due = now.addingTimeInterval(5)
        for kind in [PeerError.Kind.later(nil), .ambiguous] {
            #expect(
                doubtful.step(after: failed(kind, .looking), terms(.lookup))
                    == .postponed(due, .ambiguous))
        }
        // It was looked for and not there; then nothing was taken.
        #expect(
            doubtful.step(after: failed(.later(nil)), terms(.lookup)) == .postponed(due, .none))
        #expect(
            doubtful.step(after: failed(.refused, .looking), terms(.lookup))
                == .parked("the peer does not let us look: why", .ambiguous))
        let flagged = try Delivery.sample(doubt: .flagged)
        for resend in AdapterTraits.Resend.allCases {
            #expect(
                flagged.step(after: failed(.later(nil)), terms(resend, .resend))
                    == .postponed(due, .flagged))
        }
    }

    @Test func `after twelve tries or three days a person must look`() throws {
        let delivery = try Delivery.sample(firstTried: now)
        #expect(
            delivery.step(after: failed(.later(nil), number: 12), terms(.none))
                == .parked("given up after 12 tries: why", .none))
        let late = now.addingTimeInterval(72 * 3600)
        #expect(
            delivery.step(after: failed(.ambiguous, number: 4, ended: late), terms(.lookup))
                == .parked("given up after 4 tries: why", .ambiguous))
        guard
            case .postponed = delivery.step(
                after: failed(.later(nil), number: 11, ended: late.addingTimeInterval(-1)),
                terms(.none))
        else {
            Issue.record("it was given up too early")
            return
        }
    }

    @Test func `a peer's settings say when it is tried again, and when a person must look`() throws
    {
        let retry = Peer.Retry(
            schedule: RetrySchedule(pauses: [.seconds(1), .seconds(10)]), attempts: 4,
            longest: .seconds(60))
        let terms = DeliveryTerms(resend: .none, unanswered: .park, retry: retry)
        let delivery = try Delivery.sample(firstTried: now)
        let pauses: [(number: Int, asked: Duration?, seconds: Double)] = [
            (1, nil, 1), (2, nil, 10), (3, nil, 10), (3, .seconds(600), 600),
        ]
        for pause in pauses {
            let step = delivery.step(
                after: failed(.later(pause.asked), number: pause.number), terms)
            #expect(step == .postponed(now.addingTimeInterval(pause.seconds), .none))
        }
        #expect(
            delivery.step(after: failed(.later(nil), number: 4), terms)
                == .parked("given up after 4 tries: why", .none))
        let late = now.addingTimeInterval(60)
        #expect(
            delivery.step(after: failed(.later(nil), number: 2, ended: late), terms)
                == .parked("given up after 2 tries: why", .none))
    }

    @Test func `five failures alike are poison, and others are not`() {
        func attempt(_ status: Int?, _ reason: String, _ second: Double) -> Attempt {
            let time = now.addingTimeInterval(second)
            return Attempt(
                started: time, ended: time, outcome: .later, status: status, reason: reason)
        }
        let alike = (0..<5).map { attempt(500, "boom", Double($0)) }
        #expect(Poison.began(alike) == now)
        #expect(Poison.began([attempt(503, "other", -1)] + alike) == now)
        #expect(Poison.began(Array(alike.dropLast())) == nil)
        #expect(Poison.began(alike.dropLast() + [attempt(500, "another", 2)]) == nil)
        #expect(Poison.began(alike.dropLast() + [attempt(502, "boom", 2)]) == nil)
        #expect(Poison.began((0..<5).map { attempt(429, "slow", Double($0)) }) == nil)
        #expect(Poison.began((0..<5).map { attempt(nil, "nobody", Double($0)) }) == nil)
    }

    @Test func `one probe goes each half minute, or when the peer says`() {
        let breaker = Breaker.standard
        #expect(breaker.patience == 5)
        #expect(breaker.probe(after: now) == now.addingTimeInterval(30))
        #expect(
            breaker.probe(after: now, asked: .seconds(90)) == now.addingTimeInterval(90))
        #expect(breaker.probe(after: now, asked: .seconds(1)) == now.addingTimeInterval(30))
    }
}
