import GeoReport
import NIOHTTP1

extension Fields {
    /// Reads the fields that we know, and bounds them all.
    ///
    /// Names are compared as they are: a twin with `_` for `-`, which some proxies fold into the
    /// real name, means nothing (H2, row 22).
    package init(reading headers: HTTPHeaders, limits: Edge.Limits) throws(Fault) {
        var count = 0
        var size = 0
        for (name, value) in headers {
            let length = name.utf8.count + value.utf8.count
            count += 1
            size += length
            guard length <= limits.field, size <= limits.fields, count <= limits.fieldCount else {
                throw Fault(.transport(status: 431), "The header fields are too many or too long.")
            }
            try take(name, value)
        }
    }

    private mutating func take(_ name: String, _ value: String) throws(Fault) {
        guard let place = Self.place(of: name) else { return }
        let value = Self.ascii(value)
        guard let first = self[keyPath: place.path] else {
            self[keyPath: place.path] = value
            return
        }
        guard place.isList else { throw Fault(.malformed, "\(place.name) is given twice.") }
        self[keyPath: place.path] = first + ", " + value
    }

    /// Nothing beyond ASCII means anything in these fields, but comparing it as Unicode does takes
    /// time quadratic in a run of combining marks.
    private static func ascii(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 >= 0x80 }) else { return value }
        return String(value.unicodeScalars.map { $0.isASCII ? Character($0) : "\u{7F}" })
    }

    private struct Place: Sendable {
        let name: String
        let path: WritableKeyPath<Fields, String?> & Sendable
        var isList = false
    }

    /// By length, so that most names are passed over without a comparison.
    private static let places: [[Place]] = {
        let all = [
            Place(name: "Host", path: \.host),
            Place(name: "Accept", path: \.accept, isList: true),
            Place(name: "Accept-Language", path: \.acceptLanguage, isList: true),
            Place(name: "X-API-Key", path: \.apiKey),
            Place(name: "Authorization", path: \.authorization),
            Place(name: "Content-Encoding", path: \.contentEncoding, isList: true),
            Place(name: "Content-Length", path: \.contentLength),
            Place(name: "Content-Type", path: \.contentType),
            Place(name: "Expect", path: \.expect),
            Place(name: "Idempotency-Key", path: \.idempotencyKey),
            Place(name: "If-None-Match", path: \.ifNoneMatch, isList: true),
            Place(name: "X-Request-Id", path: \.requestID, isList: true),
            // Told twice it is none, which is no reason to refuse anything.
            Place(name: "traceparent", path: \.traceparent, isList: true),
            Place(name: "Trailer", path: \.trailer, isList: true),
            Place(name: "Transfer-Encoding", path: \.transferEncoding),
            Place(name: "Forwarded", path: \.forwarded, isList: true),
            Place(name: "X-Forwarded-For", path: \.forwardedFor, isList: true),
            Place(name: "X-Forwarded-Proto", path: \.forwardedProtocol, isList: true),
            Place(name: "Upgrade", path: \.upgrade, isList: true),
            Place(name: "Viaduct-Origin", path: \.viaductOrigin),
            Place(name: "Viaduct-Path", path: \.viaductPath, isList: true),
            Place(name: "Viaduct-Protocol", path: \.viaductProtocol),
            Place(name: "webhook-id", path: \.webhookID),
            Place(name: "webhook-timestamp", path: \.webhookTimestamp),
            Place(name: "webhook-signature", path: \.webhookSignature),
        ]
        return (0..<20).map { length in all.filter { $0.name.utf8.count == length } }
    }()

    private static func place(of name: String) -> Place? {
        let length = name.utf8.count
        guard places.indices.contains(length) else { return nil }
        return places[length].first { equal($0.name, name) }
    }

    /// Case is ignored by the fifth bit, which keeps `-` and `_` apart from each other only if it
    /// is applied to letters.
    private static func equal(_ one: String, _ other: String) -> Bool {
        zip(one.utf8, other.utf8).allSatisfy { a, b in
            a == b || (a | 0x20 == b | 0x20 && (0x61...0x7A).contains(a | 0x20))
        }
    }
}
