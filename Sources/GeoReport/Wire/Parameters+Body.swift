extension Parameters {
    /// The body of a request, by its media type.
    package enum Body: Sendable, Equatable {
        case none
        case form([UInt8])
        case multipart([UInt8], boundary: String)
        case json([UInt8])
    }

    /// The kind of a body by its `Content-Type`; an empty body is none, whatever its type.
    ///
    /// Without a type, what looks like a form is one: some clients forget it (GR-22, 94).
    package static func body(contentType: String?, bytes: [UInt8]) throws(Fault) -> Body {
        guard !bytes.isEmpty else { return .none }
        guard let contentType, let type = HeaderValue(contentType) else {
            guard looksLikeForm(bytes) else { throw unsupported }
            return .form(bytes)
        }
        guard ["utf-8", "utf8", nil].contains(type["charset"]?.lowercased()) else {
            throw Fault(.unsupportedMediaType, "Content-Type: the charset must be utf-8")
        }
        switch type.token {
        case "application/x-www-form-urlencoded": return .form(bytes)
        case "application/json": return .json(bytes)
        case "multipart/form-data":
            guard let boundary = type["boundary"], isBoundary(boundary) else {
                throw Fault(
                    .malformed, "Content-Type: the boundary must have 1 to 70 printable characters")
            }
            return .multipart(bytes, boundary: boundary)
        default: throw unsupported
        }
    }

    private static let unsupported = Fault(
        .unsupportedMediaType,
        "Content-Type must be application/x-www-form-urlencoded, multipart/form-data "
            + "or application/json")

    /// RFC 2046 5.1.1, but any printable character will do: real clients send `===1795312196749===`
    /// without quotes.
    private static func isBoundary(_ text: String) -> Bool {
        (1...70).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
            && text.utf8.last != 0x20
    }

    /// ASCII without blanks, with an equals sign, and nothing that begins JSON or XML.
    private static func looksLikeForm(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "["),
            first != UInt8(ascii: "<"), first != UInt8(ascii: "\"")
        else { return false }
        return bytes.contains(UInt8(ascii: "=")) && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
