import Crypto
import FoundationEssentials

/// Signs a call of HTTP as AWS does (Signature Version 4).
struct BucketSignature {
    let accessKey: String
    let secretKey: String
    let region: String
    let service: String

    /// The value of the `Authorization` header.
    ///
    /// `path` is encoded already; `headers` are all that are signed, `host` and `x-amz-date` among
    /// them.
    func authorization(
        method: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: String, time: String
    ) -> String {
        let sorted = headers.map { ($0.name.lowercased(), Self.trimmed($0.value)) }
            .sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
        let names = sorted.map(\.0).joined(separator: ";")
        let request = [
            method, path, Self.encoded(query), sorted.map { "\($0.0):\($0.1)\n" }.joined(), names,
            payload,
        ].joined(separator: "\n")
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.digest(Array(request.utf8))]
            .joined(separator: "\n")
        let signature = hexadecimal(Self.code(text, key(for: day)))
        return "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope), "
            + "SignedHeaders=\(names), Signature=\(signature)"
    }

    private func key(for day: String) -> [UInt8] {
        [region, service, "aws4_request"].reduce(
            Self.code(day, Array("AWS4\(secretKey)".utf8))
        ) { Self.code($1, $0) }
    }

    private static func code(_ text: String, _ key: [UInt8]) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    /// SHA-256 in hexadecimal digits.
    static func digest(_ bytes: [UInt8]) -> String {
        hexadecimal(SHA256.hash(data: bytes))
    }

    /// A query, its pairs encoded and in order.
    static func encoded(_ query: [(name: String, value: String)]) -> String {
        query.map { (encoded($0.name), encoded($0.value)) }
            .sorted {
                Array("\($0.0)=\($0.1)".utf8).lexicographicallyPrecedes(
                    Array("\($1.0)=\($1.1)".utf8))
            }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// A text with all but the unreserved characters percent-encoded.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 48...57, 65...90, 97...122: return String(decoding: [byte], as: UTF8.self)
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                return String(decoding: [byte], as: UTF8.self)
            default: return "%" + hexadecimal([byte]).uppercased()
            }
        }.joined()
    }

    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    /// A time as signatures have it, such as `20150830T123600Z`.
    static func time(_ date: Date) -> String {
        date.formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }
}
