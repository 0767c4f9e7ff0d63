import Crypto
import FoundationEssentials
import Outbound
import Reports

/// How a receiver knows that a message is ours and unchanged: the scheme of Standard Webhooks.
package enum Signature {
    /// The headers of a message: its id, which stays the same however often it is sent, when this
    /// try was made, and one signature for each secret that is valid now, so that a receiver may
    /// change from one to the next when it likes.
    package static func headers(
        id: String, time: Date, body: [UInt8], secrets: [WebhookSecret]
    ) -> [OutboundRequest.Header] {
        let seconds = Int64(exactly: time.timeIntervalSince1970.rounded(.down)) ?? 0
        let signatures = secrets.map { sign(id: id, seconds: seconds, body: body, with: $0) }
        return [
            .init("webhook-id", id), .init("webhook-timestamp", "\(seconds)"),
            .init("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    /// `v1,` and the HMAC-SHA256 in base64 of id, seconds since 1970 and body, with dots between.
    package static func sign(
        id: String, seconds: Int64, body: [UInt8], with secret: WebhookSecret
    ) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: secret.bytes))
        code.update(data: Array("\(id).\(seconds).".utf8))
        code.update(data: body)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}
