import Synchronization

/// The ids by which a request is found in the logs: the client's own if it is sane, else a fresh
/// one.
///
/// A class for the counter that all connections share.
final class RequestIDs: Sendable {
    private let seed = UInt64.random(in: .min ... .max)
    private let count = Atomic<UInt64>(0)

    func id(of request: EdgeRequest) -> String {
        guard let id = request.fields.requestID, (1...64).contains(id.utf8.count),
            id.utf8.allSatisfy(Self.isPlain)
        else { return next() }
        return id
    }

    /// A fresh id. A counter, so that two never meet, mixed, so that it tells nobody how many
    /// requests there were (the finaliser of SplitMix64 is a bijection).
    func next() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        var mixed = seed &+ number &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let text = String(mixed, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
