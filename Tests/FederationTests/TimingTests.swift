import Foundation
import Reports
import Testing

@testable import Federation

/// How long a refusal takes says nothing of how much of the secret was right (A2).
@Suite struct TimingTests {
    private static let now = Date(timeIntervalSince1970: 1_790_000_000)
    private static let body = Array("service_code=POTHOLE".utf8)

    /// Of what takes random times, whether one kind takes others on average than the other: Welch's t
    /// of 20,000 measurements each, in random order, without the slowest tenth, which others' work made.
    private static func t(_ kinds: [() -> Void]) -> Double {
        var times: [[Double]] = [[], []]
        for _ in 0..<40_000 {
            let kind = Bool.random() ? 1 : 0
            let began = DispatchTime.now().uptimeNanoseconds
            kinds[kind]()
            times[kind].append(Double(DispatchTime.now().uptimeNanoseconds - began))
        }
        let limit = times.joined().sorted()[36_000]
        let (one, two) = (
            moments(times[0].filter { $0 < limit }), moments(times[1].filter { $0 < limit })
        )
        return abs(one.mean - two.mean) / (one.variance + two.variance).squareRoot()
    }

    /// The mean, and its variance.
    private static func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, spread / (count - 1) / count)
    }

    /// The right signature, with one bit of its code's byte changed.
    private static func claim(_ secret: WebhookSecret, wrongFrom index: Int) throws
        -> Signature.Claim
    {
        let headers = Signature.headers(id: "sofia:1", time: now, body: body, secrets: [secret])
        var code = try #require(Data(base64Encoded: String(headers[2].value.dropFirst(3))))
        for place in index..<code.count { code[place] ^= 1 }
        return Signature.Claim(
            id: headers[0].value, timestamp: headers[1].value,
            signatures: "v1," + code.base64EncodedString())
    }

    @Test func `a signature that is almost right takes no longer than one that is all wrong`()
        throws
    {
        let secret = try #require(
            WebhookSecret(parsing: "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()))
        let claims = try [Self.claim(secret, wrongFrom: 0), Self.claim(secret, wrongFrom: 31)]
        let kinds = claims.map { claim in
            { () -> Void in
                let taken = try? Signature.verify(
                    claim, body: Self.body, secrets: [secret], now: Self.now)
                precondition(taken == nil)
            }
        }
        // By chance one run in a hundred thousand finds a difference where there is none; other work
        // on the machine may make one, but not three times.
        #expect((0..<3).contains { _ in Self.t(kinds) < 4.5 })
    }

    @Test func `a comparison that ends at the first difference would be found`() {
        let right = [UInt8](repeating: 7, count: 64)
        let guesses = [0, 63].map { place in
            var guess = right
            guess[place] = 8
            return guess
        }
        var equal = 0
        let kinds = guesses.map { guess in
            { () -> Void in if right.elementsEqual(guess) { equal += 1 } }
        }
        #expect((0..<3).contains { _ in Self.t(kinds) > 4.5 })
        #expect(equal == 0)
    }
}
