import Crypto
import FoundationEssentials
import Reports

/// How a receiver knows whose a message is, and that nobody changed it: the scheme of Standard
/// Webhooks. What we send is signed here, and what Viaducts send us is verified here.
package enum Signature {
    /// The headers of a message: its id, which stays the same however often it is sent, when this
    /// try was made, and one signature for each secret that is valid now, so that a receiver may
    /// change from one to the next when it likes.
    package static func headers(
        id: String, time: Date, body: [UInt8], secrets: [WebhookSecret]
    ) -> [Wire.Header] {
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
        return scheme + "," + Data(code.finalize()).base64EncodedString()
    }

    /// The three headers as a receiver finds them.
    package struct Claim: Sendable, Equatable {
        package var id: String?
        package var timestamp: String?
        package var signatures: String?

        package init(id: String?, timestamp: String?, signatures: String?) {
            self.id = id
            self.timestamp = timestamp
            self.signatures = signatures
        }
    }

    /// Why a message is not believed.
    package enum Flaw: Error, Equatable {
        /// It is not signed.
        case missing
        /// The list is longer than any sender needs.
        case tooMany
        /// It was signed longer ago than `tolerance`, or that much ahead of our clock.
        case untimely
        /// No signature of the list is of a secret that we share.
        case wrong
    }

    /// How far the sender's clock may be from ours, and how long a message may be under way.
    package static let tolerance: TimeInterval = 300
    /// A sender signs with a few secrets while they change; each more would cost us a digest of the
    /// whole body (block G, 130).
    package static let mostSignatures = 16

    /// The id of a message that one of the secrets signed, at about this time.
    ///
    /// Signatures of other kinds than `v1` are passed over.
    package static func verify(
        _ claim: Claim, body: [UInt8], secrets: [WebhookSecret], now: Date
    ) throws(Flaw) -> String {
        guard let id = claim.id, let timestamp = claim.timestamp, let list = claim.signatures
        else { throw .missing }
        let signatures = list.split(separator: " ")
        guard signatures.count <= mostSignatures else { throw .tooMany }
        guard isID(id), let seconds = seconds(timestamp) else { throw .wrong }
        guard abs(Double(seconds) - now.timeIntervalSince1970) <= tolerance else {
            throw .untimely
        }
        let codes = signatures.compactMap { code($0) }
        let content = Array("\(id).\(seconds).".utf8) + body
        guard secrets.contains(where: { isTrue(codes, of: content, $0) }) else { throw .wrong }
        return id
    }

    /// Whether one of the codes is the secret's; each is compared in constant time (A2).
    private static func isTrue(
        _ codes: [Data], of content: [UInt8], _ secret: WebhookSecret
    ) -> Bool {
        let key = SymmetricKey(data: secret.bytes)
        return codes.contains {
            HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: content, using: key)
        }
    }

    private static let scheme = "v1"

    /// What may name a message: a key of ours, or what other senders give.
    private static func isID(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Digits only, in the one way to write the number, so that what was signed is what was read.
    private static func seconds(_ text: String) -> Int64? {
        guard let seconds = Int64(text), seconds >= 0, "\(seconds)" == text else { return nil }
        return seconds
    }

    /// The code of one signature; `nil` if it is of another kind, or not written in the one way.
    private static func code(_ signature: Substring) -> Data? {
        guard signature.utf8.starts(with: (scheme + ",").utf8) else { return nil }
        let text = String(signature.dropFirst(scheme.count + 1))
        guard let code = Data(base64Encoded: text), code.base64EncodedString() == text else {
            return nil
        }
        return code
    }
}
