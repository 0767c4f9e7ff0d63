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
}
