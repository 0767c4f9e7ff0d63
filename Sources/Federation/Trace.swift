import FoundationEssentials

/// What a call belongs to across programs: the trace of W3C Trace Context (O3).
///
/// What is done about an event, by whatever node and however often, is one trace, so that nothing
/// needs to be stored for it.
package struct Trace: Sendable, Equatable {
    /// 32 hexadecimal digits in lower case, not all of them zero.
    package let id: String

    /// The name of the header that carries it.
    package static let header = "traceparent"

    /// The trace that a header tells of, or `nil` if it is not what the standard says, to the letter:
    /// then whoever is called begins one of his own.
    package init?(parsing header: String) {
        guard header.utf8.count <= 256 else { return nil }
        let parts = header.utf8.split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 }),
            parts.prefix(4).allSatisfy({ $0.allSatisfy(Self.isDigit) }),
            parts[1...2].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } })
        else { return nil }
        let version = String(decoding: parts[0], as: UTF8.self)
        // Later versions may say more behind it; ff is none.
        guard version != "ff", version != "00" || parts.count == 4 else { return nil }
        id = String(decoding: parts[1], as: UTF8.self)
    }

    /// The trace of what is done about an event.
    package init(of event: UUID) {
        id = event.uuidString.lowercased().filter { $0 != "-" }
    }

    /// A trace that nothing belongs to yet.
    package init(using source: inout some RandomNumberGenerator) {
        id =
            Self.digits(.random(in: 1 ... .max, using: &source))
            + Self.digits(.random(in: .min ... .max, using: &source))
    }

    /// The header of a call that belongs to the trace, as a span of its own; sampled, since our log
    /// has it.
    package func header(using source: inout some RandomNumberGenerator) -> Wire.Header {
        let span = Self.digits(.random(in: 1 ... .max, using: &source))
        return Wire.Header(Self.header, "00-\(id)-\(span)-01")
    }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension Wire {
    /// The same way for calls that belong to a trace.
    package func within(_ trace: Trace) -> Wire {
        exchanging { call, wire async throws(PeerError) in
            var call = call
            var source = SystemRandomNumberGenerator()
            call.headers.append(trace.header(using: &source))
            return try await wire.send(call)
        }
    }
}
