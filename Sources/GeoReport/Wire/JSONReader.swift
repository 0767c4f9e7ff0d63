/// Reads JSON; the only reader there is, so that no two of them can disagree (J1).
package enum JSONReader {
    /// The one value of the text (RFC 8259).
    package static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .body
    ) throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.bytes else { throw JSONError(.size, at: limits.bytes) }
        var text = JSONText(bytes, limits: limits)
        return try text.document()
    }
}

/// Why a text is not JSON that we read, and where.
package struct JSONError: Error, Sendable, Equatable {
    package let reason: Reason
    /// Bytes before the place.
    package let offset: Int

    /// What is wrong.
    package enum Reason: String, Sendable {
        /// It breaks the grammar.
        case syntax
        /// It is not UTF-8, or holds half a surrogate pair.
        case encoding
        /// A key stands twice in one object, and readers differ in which one they believe.
        case duplicateKey
        /// A number that not every reader can hold.
        case number
        /// U+0000, escaped.
        case nul
        case depth
        case size
    }

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// How large a JSON text may be, and what beyond its grammar is refused (J1).
package struct JSONLimits: Sendable {
    package var bytes: Int
    package var depth: Int
    package var values: Int
    package var rules: Rules

    /// What is refused although the grammar allows it.
    package enum Rules: Sendable {
        /// What two readers could take differently: duplicate keys, U+0000, a byte order mark, numbers of
        /// more than 17 digits or beyond 10^15.
        case strict
        /// Nothing that RFC 8259 allows, so that one odd value of a peer does not cost its whole list.
        case standard
    }

    package init(bytes: Int, depth: Int = 32, values: Int, rules: Rules) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
        self.rules = rules
    }

    /// The body of a request to us.
    package static let body = JSONLimits(bytes: 256 << 10, values: 10_000, rules: .strict)
    /// A document of a peer or a file.
    package static let document = JSONLimits(bytes: 256 << 20, values: 20_000_000, rules: .standard)
}
