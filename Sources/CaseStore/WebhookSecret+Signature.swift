import Crypto
import FoundationEssentials
import Reports

extension WebhookSecret {
    /// The signature of one message after Standard Webhooks: `v1,` and HMAC-SHA256 in base64 over
    /// id, seconds since 1970 and body, with a dot between.
    package func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: bytes))
        code.update(data: Array("\(id).\(seconds).".utf8))
        code.update(data: body)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}

extension Sequence<WebhookSecret> {
    /// The value of `webhook-signature`: one signature for each secret that is valid now, so that a
    /// receiver may change from one to the next when it likes.
    package func signatures(id: String, seconds: Int64, body: [UInt8]) -> String {
        map { $0.signature(id: id, seconds: seconds, body: body) }.joined(separator: " ")
    }
}
