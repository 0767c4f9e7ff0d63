import FoundationEssentials

/// What a webhook's messages are signed with: `whsec_` and 24 to 64 bytes in base64, as Standard
/// Webhooks has it.
package struct WebhookSecret: Sendable, Hashable, CustomStringConvertible {
    /// The form in which its owner gets it, once.
    package let text: String
    /// The key of the signature.
    package let bytes: [UInt8]

    private static let prefix = "whsec_"

    /// A secret, or `nil` if the text is none.
    package init?(parsing text: String) {
        guard text.utf8.starts(with: Self.prefix.utf8),
            let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(data.count),
            Self.prefix + data.base64EncodedString() == text
        else { return nil }
        self.text = text
        bytes = Array(data)
    }

    /// A fresh secret of 32 random bytes.
    package init(using source: inout some RandomNumberGenerator) {
        bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }
        text = Self.prefix + Data(bytes).base64EncodedString()
    }

    /// Never the secret.
    package var description: String { "•••" }
}
