import Foundation
import Reports
import Testing

@Suite struct WebhookValueTests {
    @Test func `a fresh secret has the shape of Standard Webhooks`() throws {
        var source = SystemRandomNumberGenerator()
        let secret = WebhookSecret(using: &source)
        #expect(secret.text.hasPrefix("whsec_"))
        #expect(secret.bytes.count == 32)
        #expect(WebhookSecret(parsing: secret.text) == secret)
        #expect("\(secret)" == "•••")
    }

    static let nonsense = [
        "", "whsec_", "whsec_AAAA", "WHSEC_" + String(repeating: "A", count: 32),
        "whsec_" + String(repeating: "A", count: 31), "whsec_" + String(repeating: "A", count: 92),
        "whsec_" + String(repeating: "A", count: 32) + "\n",
        "whsec_" + String(repeating: "-", count: 32),
    ]

    @Test(arguments: nonsense)
    func `a secret of another shape is none`(text: String) {
        #expect(WebhookSecret(parsing: text) == nil)
    }

    @Test func `tries become rarer up to once a day, and are spread by a fifth`() {
        let steps = [5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400]
        for (index, seconds) in steps.enumerated() {
            let middle = Webhook.pause(afterAttempts: index + 1, chance: 0.5)
            #expect(abs(middle / .seconds(1) - Double(seconds)) < 0.001)
            let (low, high) = (
                Webhook.pause(afterAttempts: index + 1, chance: 0),
                Webhook.pause(afterAttempts: index + 1, chance: 1)
            )
            #expect(abs(low / .seconds(1) - Double(seconds) * 0.8) < 0.001)
            #expect(abs(high / .seconds(1) - Double(seconds) * 1.2) < 0.001)
        }
    }
}
